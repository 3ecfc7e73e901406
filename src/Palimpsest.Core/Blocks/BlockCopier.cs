using System.Security.Cryptography;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Blocks;

/// <summary>How a copy is made.</summary>
public sealed record CopyOptions
{
    /// <summary>The target reads as zeros everywhere already: holes need no work.</summary>
    public bool IsTargetZero { get; init; }

    /// <summary>
    /// Leaves the target as it is where the source has a hole: the source is what layers hold above it.
    /// </summary>
    public bool LeavesHoles { get; init; }

    /// <summary>
    /// Looks into data for zeros and leaves them out; for targets that allocate by the grain.
    /// </summary>
    public bool SkipZeroData { get; init; }

    /// <summary>
    /// Takes the hash of all bytes copied, in order, holes as zeros. The copy then runs on one thread through
    /// memory.
    /// </summary>
    public IncrementalHash? Hash { get; init; }

    /// <summary>How many threads read and write.</summary>
    public int Degree { get; init; } = Environment.ProcessorCount;

    internal bool Skips(in BlockRun run) => (IsTargetZero && run.ReadsAsZero) || (LeavesHoles && run.Kind == RunKind.Hole);

    internal bool MayCopyInKernel(in BlockRun run) =>
        run is { Kind: RunKind.Data, File: not null } && !SkipZeroData && Hash is null;
}

/// <summary>A range of bytes.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, at least 1.</param>
public readonly record struct ByteRange(long Offset, long Length);

/// <summary>
/// Copies everything a reader holds to a device of the same length, run by run: holes stay holes, bytes that
/// lie linearly in host files on both sides are copied by the kernel, and what cannot be read is never
/// silently zero.
/// </summary>
public static class BlockCopier
{
    private const int ChunkBytes = 8 << 20, BufferBytes = 1 << 20;
    private const long LongRunBytes = 8L * ChunkBytes;

    /// <summary>Copies all of <paramref name="source"/> to the start of <paramref name="target"/>.</summary>
    /// <exception cref="BlockException">
    /// A range cannot be read (wrap the source in a <see cref="ScarFillReader"/> to go on), or the target not
    /// written.
    /// </exception>
    public static void Copy(
        IBlockReader source, IBlockDevice target, CopyOptions options, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length, target.Length);
        var counter = new ProgressCounter(progress, source.Length);
        using var writeback = new WritebackQueue();
        var kernel = new KernelCopy(options.IsTargetZero);
        int degree = options.Hash is null ? options.Degree : 1;
        void CopyChunks(ByteRange stretch) => ChunkedWork.Run(stretch.Length, ChunkBytes, degree,
            () => new Worker(source, target, options, counter, stretch.Offset, kernel, writeback,
                cancellation),
            cancellation);
        void CopyLong(long offset, BlockRun run)
        {
            long done = CopyInKernel(kernel, offset, run, target, place =>
            {
                counter.Add(place.LengthBytes);
                writeback.Add(place);
            }, cancellation);
            if (done < run.LengthBytes) { CopyChunks(new ByteRange(offset + done, run.LengthBytes - done)); }
        }
        ForEachStretch(source, counter, options, CopyLong, CopyChunks, cancellation);
    }

    // A mostly empty disk of 62 TiB has few runs but millions of chunks, so long holes are stepped over as a
    // whole, and what lies in one piece goes to the kernel as one, before the rest is cut into chunks.
    private static void ForEachStretch(
        IBlockReader source, ProgressCounter counter, CopyOptions options, Action<long, BlockRun> copyLong,
        Action<ByteRange> copyChunks, CancellationToken cancellation)
    {
        bool skipsHoles = options.Hash is null && (options.IsTargetZero || options.LeavesHoles);
        long offset = 0, start = 0;
        while (skipsHoles && offset < source.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRun run = source.GetRun(offset, source.Length - offset);
            bool isSkipped = options.Skips(run);
            if (run.LengthBytes >= LongRunBytes && (isSkipped || options.MayCopyInKernel(run)))
            {
                if (offset > start) { copyChunks(new ByteRange(start, offset - start)); }
                start = offset + run.LengthBytes;
                if (isSkipped) { counter.Add(run.LengthBytes); } else { copyLong(offset, run); }
            }
            offset += run.LengthBytes;
        }
        if (start < source.Length) { copyChunks(new ByteRange(start, source.Length - start)); }
    }

    private static long CopyInKernel(KernelCopy kernel, long offset, in BlockRun run, IBlockDevice target,
        Action<HostRange>? copied, CancellationToken cancellation)
    {
        if (run.File is null || target is not IHostMapped mapped) { return 0; }
        long done = 0;
        while (done < run.LengthBytes)
        {
            if (mapped.MapToHost(offset + done, run.LengthBytes - done) is not { } to) { return done; }
            var from = new HostRange(run.File, run.HostOffset + done, to.LengthBytes);
            long count = kernel.TryCopy(from, to, copied, cancellation);
            done += count;
            if (count < to.LengthBytes) { return done; }
        }
        return done;
    }

    private sealed class Worker(
        IBlockReader source, IBlockDevice target, CopyOptions options, ProgressCounter counter,
        long baseOffset,
        KernelCopy kernel, WritebackQueue writeback, CancellationToken cancellation) : IChunkWorker
    {
        private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);

        public void Work(long offset, long length)
        {
            offset += baseOffset;
            long end = offset + length;
            while (offset < end)
            {
                BlockRun run = source.GetRun(offset, end - offset);
                switch (run.Kind)
                {
                    case RunKind.Data: CopyData(offset, run); break;
                    case RunKind.Unreadable: throw ErrorAt(offset);
                    default:
                        HashZeroes(run.LengthBytes);
                        if (!options.Skips(run)) { target.WriteZeroes(offset, run.LengthBytes, ZeroMode.MayPunch); }
                        break;
                }
                offset += run.LengthBytes;
                counter.Add(run.LengthBytes);
            }
            StartWriteback(end - length, length);
        }

        private void StartWriteback(long offset, long length)
        {
            if (target is IHostMapped mapped && mapped.MapToHost(offset, length) is { } place)
            {
                writeback.Add(place);
            }
        }

        private void CopyZeroes(long offset, long length)
        {
            if (!options.IsTargetZero) { target.WriteZeroes(offset, length, ZeroMode.MayPunch); }
        }

        private void CopyData(long offset, in BlockRun run)
        {
            long done = options.MayCopyInKernel(run)
                ? CopyInKernel(kernel, offset, run, target, null, cancellation) : 0;
            while (done < run.LengthBytes)
            {
                int count = (int)Math.Min(BufferBytes, run.LengthBytes - done);
                CopyThroughMemory(offset + done, buffer.AsSpan(0, count));
                done += count;
            }
        }

        private void CopyThroughMemory(long offset, Span<byte> bytes)
        {
            source.Read(offset, bytes);
            options.Hash?.AppendData(bytes);
            Put(offset, bytes);
        }

        private void HashZeroes(long length)
        {
            if (options.Hash is null) { return; }
            Array.Clear(buffer);
            for (long done = 0; done < length; done += BufferBytes)
            {
                options.Hash.AppendData(buffer, 0, (int)Math.Min(BufferBytes, length - done));
            }
        }

        private void Put(long offset, ReadOnlySpan<byte> bytes)
        {
            if (!options.SkipZeroData)
            {
                target.Write(offset, bytes);
                return;
            }
            const int Unit = 64 << 10;
            while (!bytes.IsEmpty)
            {
                int zero = CountUnits(bytes, Unit, isZero: true);
                if (zero > 0) { CopyZeroes(offset, zero); }
                int data = CountUnits(bytes[zero..], Unit, isZero: false);
                if (data > 0) { target.Write(offset + zero, bytes.Slice(zero, data)); }
                offset += zero + data;
                bytes = bytes[(zero + data)..];
            }
        }

        private static int CountUnits(ReadOnlySpan<byte> bytes, int unit, bool isZero)
        {
            int count = 0;
            while (count < bytes.Length)
            {
                ReadOnlySpan<byte> part = bytes.Slice(count, Math.Min(unit, bytes.Length - count));
                if ((part.IndexOfAnyExcept((byte)0) < 0) != isZero) { break; }
                count += part.Length;
            }
            return count;
        }

        // A run that is known to be unreadable has its reason in the error that reading it gives.
        private BlockException ErrorAt(long offset)
        {
            try
            {
                source.Read(offset, buffer.AsSpan(0, 1));
            }
            catch (BlockException error)
            {
                return error;
            }
            return new BlockException(BlockErrorKind.Io, null, offset,
                "this part of the disk cannot be read");
        }
    }
}
