using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Blocks;

/// <summary>Why a range is reported by a comparison.</summary>
public enum DifferenceKind
{
    /// <summary>Both sides can be read and differ in every sector of the range.</summary>
    Content,

    /// <summary>The first side cannot be read there.</summary>
    UnreadableFirst,

    /// <summary>The second side cannot be read there.</summary>
    UnreadableSecond,
}

/// <summary>A range in which two readers differ, in whole sectors (the last one may be short).</summary>
public readonly record struct DifferingRange(long Offset, long Length, DifferenceKind Kind);

/// <summary>Compares two readers and reports every range in which they differ, not only the first.</summary>
public static class BlockComparer
{
    private const int ChunkBytes = 4 << 20, BufferBytes = 512 << 10;
    private const int ChunksPerBatch = 64;

    /// <summary>
    /// Compares the bytes that both have and calls <paramref name="report"/> with the differing ranges in
    /// order, neighbours merged. Ranges that are zero on both sides cost nothing.
    /// </summary>
    public static void Compare(
        IBlockReader first, IBlockReader second, Action<DifferingRange> report,
        IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(report);
        long common = Math.Min(first.Length, second.Length);
        var counter = new ProgressCounter(progress, common);
        DifferingRange? pending = null;
        long offset = 0;
        while (offset < common)
        {
            long skipped = CommonZeroes(first, second, offset, common);
            if (skipped > 0)
            {
                offset += skipped;
                counter.Add(skipped);
                cancellation.ThrowIfCancellationRequested();
                continue;
            }
            long batch = Math.Min(common - offset, (long)ChunkBytes * ChunksPerBatch);
            foreach (List<DifferingRange>? ranges in CompareBatch(first, second, offset, batch, counter,
                cancellation))
            {
                foreach (DifferingRange range in ranges ?? []) { Emit(ref pending, range, report); }
            }
            offset += batch;
        }
        if (pending is { } last) { report(last); }
    }

    private static void Emit(ref DifferingRange? pending, DifferingRange range, Action<DifferingRange> report)
    {
        if (pending is { } open && open.Kind == range.Kind && open.Offset + open.Length == range.Offset)
        {
            pending = open with { Length = open.Length + range.Length };
            return;
        }
        if (pending is { } done) { report(done); }
        pending = range;
    }

    private static long CommonZeroes(IBlockReader first, IBlockReader second, long offset, long end)
    {
        BlockRun a = first.GetRun(offset, end - offset);
        if (!a.ReadsAsZero) { return 0; }
        BlockRun b = second.GetRun(offset, a.LengthBytes);
        return b.ReadsAsZero ? b.LengthBytes : 0;
    }

    private static List<DifferingRange>?[] CompareBatch(
        IBlockReader first, IBlockReader second, long start, long length, ProgressCounter counter,
        CancellationToken cancellation)
    {
        var found = new List<DifferingRange>?[(length + ChunkBytes - 1) / ChunkBytes];
        ChunkedWork.Run(length, ChunkBytes, Environment.ProcessorCount,
            () => new Worker(first, second, start, found, counter), cancellation);
        return found;
    }

    private sealed class Worker(
        IBlockReader first, IBlockReader second, long start, List<DifferingRange>?[] found,
        ProgressCounter counter)
        : IChunkWorker
    {
        private readonly byte[] firstBuffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        private readonly byte[] secondBuffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        private List<DifferingRange>? ranges;

        public void Work(long offset, long length)
        {
            ranges = null;
            long position = start + offset, end = position + length;
            while (position < end)
            {
                BlockRun a = first.GetRun(position, end - position);
                BlockRun b = second.GetRun(position, a.LengthBytes);
                long count = b.LengthBytes;
                if (!a.ReadsAsZero || !b.ReadsAsZero)
                {
                    count = Math.Min(count, BufferBytes);
                    CompareRange(position, (int)count);
                }
                position += count;
                counter.Add(count);
            }
            found[offset / ChunkBytes] = ranges;
        }

        private void CompareRange(long position, int count)
        {
            Span<byte> a = firstBuffer.AsSpan(0, count), b = secondBuffer.AsSpan(0, count);
            bool isFirstRead = TryRead(first, position, a), isSecondRead = TryRead(second, position, b);
            if (isFirstRead && isSecondRead)
            {
                if (!a.SequenceEqual(b)) { AddSectors(position, a, b); }
            }
            else if (count <= Sector.Bytes)
            {
                Add(position, count, isFirstRead
                    ? DifferenceKind.UnreadableSecond : DifferenceKind.UnreadableFirst);
            }
            else
            {
                int half = Math.Max(Sector.Bytes, count / 2 / Sector.Bytes * Sector.Bytes);
                CompareRange(position, half);
                CompareRange(position + half, count - half);
            }
        }

        private void AddSectors(long position, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
        {
            for (int at = 0; at < a.Length; at += Sector.Bytes)
            {
                int count = Math.Min(Sector.Bytes, a.Length - at);
                if (!a.Slice(at, count).SequenceEqual(b.Slice(at, count)))
                {
                    Add(position + at, count, DifferenceKind.Content);
                }
            }
        }

        private void Add(long position, long length, DifferenceKind kind)
        {
            ranges ??= [];
            if (ranges.Count > 0 && ranges[^1] is var last && last.Kind == kind
                && last.Offset + last.Length == position)
            {
                ranges[^1] = last with { Length = last.Length + length };
                return;
            }
            ranges.Add(new DifferingRange(position, length, kind));
        }

        private static bool TryRead(IBlockReader reader, long position, Span<byte> target)
        {
            try
            {
                reader.Read(position, target);
                return true;
            }
            catch (BlockException error)
                when (error.Kind is BlockErrorKind.Io or BlockErrorKind.Corrupt or BlockErrorKind.OutOfRange)
            {
                return false;
            }
        }
    }
}
