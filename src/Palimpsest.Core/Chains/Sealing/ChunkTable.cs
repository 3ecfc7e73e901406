using System.Numerics;
using System.Security.Cryptography;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>What a chunk is in a seal.</summary>
public enum ChunkKind : byte
{
    /// <summary>It has bytes other than zero.</summary>
    Data,

    /// <summary>All of it is zero, whether that is stored or not.</summary>
    Zero,

    /// <summary>Some of it could not be read.</summary>
    Unreadable,
}

/// <summary>Neighbouring chunks of one kind.</summary>
/// <param name="First">Number of the first one.</param>
/// <param name="Count">At least 1.</param>
/// <param name="Kind">What they are.</param>
public readonly record struct ChunkRange(int First, int Count, ChunkKind Kind);

/// <summary>
/// The hashes of a disk: the SHA-256 of every chunk of it, the last of which may be shorter. 32 bytes of
/// memory a chunk. Different chunks may be set by different threads.
/// </summary>
public sealed class ChunkTable
{
    /// <summary>No seal has more chunks; larger disks have larger ones.</summary>
    public const int MaximumChunks = 1 << 17;

    /// <summary>The smallest chunk, in bytes.</summary>
    public const long MinimumChunkBytes = 4096;

    /// <summary>The largest chunk, in bytes.</summary>
    public const long MaximumChunkBytes = 1L << 30;

    private const long UsualChunkBytes = 1 << 20;
    private static readonly byte[] Zeroes = new byte[64 << 10];
    private readonly byte[] digests;
    private readonly ChunkKind[] kinds;
    private readonly byte[] zeroDigest, lastZeroDigest;

    /// <summary>A table of chunks that are all zero.</summary>
    public ChunkTable(long capacityBytes, long chunkBytes)
    {
        if (!IsPossible(capacityBytes, chunkBytes))
        {
            throw new ArgumentOutOfRangeException(nameof(chunkBytes), chunkBytes,
                $"no chunk size for {capacityBytes} bytes");
        }
        CapacityBytes = capacityBytes;
        ChunkBytes = chunkBytes;
        int count = (int)CountOf(capacityBytes, chunkBytes);
        digests = new byte[count * MerkleTree.DigestBytes];
        kinds = new ChunkKind[count];
        Array.Fill(kinds, ChunkKind.Zero);
        zeroDigest = count > 1 ? HashOfZeroes(chunkBytes) : [];
        lastZeroDigest = count > 0 ? HashOfZeroes(LengthOf(count - 1)) : [];
    }

    /// <summary>Size of the disk in bytes.</summary>
    public long CapacityBytes { get; }

    /// <summary>Size of every chunk but the last, in bytes: a power of two.</summary>
    public long ChunkBytes { get; }

    /// <summary>Number of chunks.</summary>
    public int Count => kinds.Length;

    /// <summary>Chunks of a kind, and their bytes.</summary>
    public (int Count, long Bytes) Sum(ChunkKind kind)
    {
        int count = kinds.AsSpan().Count(kind);
        bool isLastShort = count > 0 && kinds[^1] == kind;
        return (count, (count * ChunkBytes) - (isLastShort ? ChunkBytes - LengthOf(Count - 1) : 0));
    }

    /// <summary>
    /// The chunk size for a disk: 1 MiB, or as much more as keeps the seal below
    /// <see cref="MaximumChunks"/> chunks.
    /// </summary>
    /// <exception cref="BlockException"><c>Unsupported</c>: more than 128 TiB.</exception>
    public static long ChunkBytesFor(long capacityBytes)
    {
        long least = (capacityBytes / MaximumChunks) + (capacityBytes % MaximumChunks == 0 ? 0 : 1);
        long chunkBytes = least <= UsualChunkBytes
            ? UsualChunkBytes : (long)BitOperations.RoundUpToPowerOf2((ulong)least);
        return chunkBytes <= MaximumChunkBytes
            ? chunkBytes
            : throw new BlockException(BlockErrorKind.Unsupported, null, null,
                $"disks of more than {MaximumChunkBytes * MaximumChunks} bytes cannot be sealed");
    }

    /// <summary>True for a chunk size that a seal of such a disk can have.</summary>
    public static bool IsPossible(long capacityBytes, long chunkBytes) =>
        capacityBytes >= 0 && chunkBytes is >= MinimumChunkBytes and <= MaximumChunkBytes
        && BitOperations.IsPow2(chunkBytes) && CountOf(capacityBytes, chunkBytes) <= MaximumChunks;

    /// <summary>Bytes of a chunk: fewer in the last one.</summary>
    public long LengthOf(int index) => Math.Min(ChunkBytes, CapacityBytes - (index * ChunkBytes));

    /// <summary>What a chunk is.</summary>
    public ChunkKind KindOf(int index) => kinds[index];

    /// <summary>SHA-256 of a chunk's bytes; of no meaning for one that is unreadable.</summary>
    public ReadOnlySpan<byte> DigestOf(int index) =>
        kinds[index] == ChunkKind.Zero ? ZeroDigestOf(index) : Slot(index);

    /// <summary>The digests of chunks that are all <see cref="ChunkKind.Data"/>, in one piece.</summary>
    internal ReadOnlySpan<byte> DigestsOf(ChunkRange range) =>
        digests.AsSpan(range.First * MerkleTree.DigestBytes, range.Count * MerkleTree.DigestBytes);

    /// <summary>
    /// Sets a chunk's SHA-256. That of zeros makes it <see cref="ChunkKind.Zero"/>: content counts, and not
    /// how it is stored.
    /// </summary>
    public void SetDigest(int index, ReadOnlySpan<byte> digest)
    {
        bool isZero = digest.SequenceEqual(ZeroDigestOf(index));
        if (!isZero) { digest.CopyTo(Slot(index)); }
        kinds[index] = isZero ? ChunkKind.Zero : ChunkKind.Data;
    }

    /// <summary>Says that a chunk cannot be read.</summary>
    public void SetUnreadable(int index) => kinds[index] = ChunkKind.Unreadable;

    /// <summary>The chunks in order, neighbours of one kind together.</summary>
    public IEnumerable<ChunkRange> Ranges()
    {
        int first = 0;
        while (first < Count)
        {
            ChunkKind kind = kinds[first];
            int length = kinds.AsSpan(first).IndexOfAnyExcept(kind);
            int count = length < 0 ? Count - first : length;
            yield return new ChunkRange(first, count, kind);
            first += count;
        }
    }

    /// <summary>
    /// The root over all chunks: <see cref="MerkleTree"/> with the SHA-256 of each chunk's bytes as entry,
    /// the hash of as many zero bytes for one that is not stored, and the missing leaf for one that cannot be
    /// read. 64 hex digits. It depends on the content and the chunk size, and on nothing else.
    /// </summary>
    public string Root()
    {
        var tree = new MerkleTree();
        for (int index = 0; index < Count; index++)
        {
            if (kinds[index] == ChunkKind.Unreadable) { tree.AddMissing(); }
            else { tree.Add(DigestOf(index)); }
        }
        Span<byte> root = stackalloc byte[MerkleTree.DigestBytes];
        tree.WriteRoot(root);
        return Convert.ToHexStringLower(root);
    }

    /// <summary>Appends zeros to a hash without allocating.</summary>
    internal static void AppendZeroes(IncrementalHash hash, long lengthBytes)
    {
        for (long left = lengthBytes; left > 0; left -= Zeroes.Length)
        {
            hash.AppendData(Zeroes.AsSpan(0, (int)Math.Min(left, Zeroes.Length)));
        }
    }

    private static long CountOf(long capacityBytes, long chunkBytes) =>
        (capacityBytes / chunkBytes) + (capacityBytes % chunkBytes == 0 ? 0 : 1);

    private static byte[] HashOfZeroes(long lengthBytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendZeroes(hash, lengthBytes);
        return hash.GetHashAndReset();
    }

    private byte[] ZeroDigestOf(int index) => index == Count - 1 ? lastZeroDigest : zeroDigest;

    private Span<byte> Slot(int index) =>
        digests.AsSpan(index * MerkleTree.DigestBytes, MerkleTree.DigestBytes);
}
