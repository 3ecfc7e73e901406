using System.Security.Cryptography;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>
/// One read of a disk that fills a <see cref="ChunkTable"/>. Chunks that are zero by their runs are not read.
/// Memory does not depend on the size of the disk or of a chunk: every thread has one buffer.
/// </summary>
internal sealed class ChunkPass(IBlockReader reader, ChunkTable table)
{
    // Fits the second-level cache beside the hash's own data, so that what was read is hashed from there.
    private const int PieceBytes = 256 << 10;
    private readonly IBlockReader reader = reader;
    private readonly ChunkTable table = table;

    /// <summary>
    /// Marks chunks that cannot be read as unreadable and goes on. Without it the first error is thrown.
    /// </summary>
    public bool KeepsScars { get; init; }

    /// <summary>Hashes all chunks, on every core.</summary>
    public void Run(IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        var counter = new ProgressCounter(progress, reader.Length);
        ChunkedWork.Run(reader.Length, table.ChunkBytes, Environment.ProcessorCount,
            () => new Worker(this, null, counter), cancellation);
    }

    /// <summary>
    /// The same, and also the SHA-256 of the whole content: chunks in order on this thread, the whole on
    /// another. Null when something could not be read: there is no hash of bytes that nobody has.
    /// </summary>
    public string? RunWithWholeHash(IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        using var whole = new WholeHash(PieceBytes, cancellation);
        var counter = new ProgressCounter(progress, reader.Length);
        ChunkedWork.Run(reader.Length, table.ChunkBytes, 1,
            () => new Worker(this, whole, counter), cancellation);
        return table.Sum(ChunkKind.Unreadable).Count == 0 ? whole.Finish() : null;
    }

    private sealed class Worker(ChunkPass pass, WholeHash? whole, ProgressCounter counter)
        : IChunkWorker, IDisposable
    {
        private readonly byte[] digest = new byte[MerkleTree.DigestBytes];
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private byte[]? ownBuffer;
        private bool isWholeLost;

        private WholeHash? Whole => isWholeLost ? null : whole;

        public void Dispose() => hash.Dispose();

        public void Work(long offset, long length)
        {
            int index = (int)(offset / pass.table.ChunkBytes);
            try
            {
                if (HashChunk(offset, length))
                {
                    hash.GetHashAndReset(digest);
                    pass.table.SetDigest(index, digest);
                }
            }
            catch (BlockException error) when (pass.KeepsScars && ScarFillReader.IsScar(error))
            {
                // Begun anew with the next chunk; there will be no hash of the whole.
                hash.GetHashAndReset(digest);
                isWholeLost = true;
                pass.table.SetUnreadable(index);
            }
            counter.Add(length);
        }

        // False when all of the chunk is zero by its runs; the table says so already, and nothing was hashed.
        private bool HashChunk(long offset, long length)
        {
            long position = offset, end = offset + length;
            bool hasData = false;
            while (position < end)
            {
                BlockRun run = pass.reader.GetRun(position, end - position);
                long count = run.LengthBytes;
                if (run.ReadsAsZero)
                {
                    if (hasData) { ChunkTable.AppendZeroes(hash, count); }
                    Whole?.AppendZeroes(count);
                }
                else
                {
                    if (!hasData) { ChunkTable.AppendZeroes(hash, position - offset); }
                    hasData = true;
                    HashData(position, count);
                }
                position += count;
            }
            return hasData;
        }

        // What is unreadable is read too: the error that comes of it says more than the run.
        private void HashData(long position, long length)
        {
            long end = position + length;
            while (position < end)
            {
                byte[] buffer = Whole?.Rent()
                    ?? (ownBuffer ??= GC.AllocateUninitializedArray<byte>(PieceBytes));
                Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(PieceBytes, end - position));
                pass.reader.Read(position, piece);
                Whole?.Append(piece.Length);
                hash.AppendData(piece);
                position += piece.Length;
            }
        }
    }
}
