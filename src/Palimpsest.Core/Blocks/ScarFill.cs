using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// Reads around scars: an unreadable sector reads as zeros here, and is remembered. Only for copies that
/// carry the list of scars along; everything else must let the error through. Does not own the inner reader.
/// </summary>
public sealed class ScarFillReader(IBlockReader inner) : IBlockReader
{
    private readonly List<ByteRange> scars = [];

    /// <inheritdoc/>
    public long Length => inner.Length;

    /// <summary>The scars met until now: in order, disjoint, neighbours merged.</summary>
    public IReadOnlyList<ByteRange> Scars
    {
        get
        {
            lock (scars) { return Merge(scars.OrderBy(range => range.Offset)); }
        }
    }

    /// <summary>True for errors that mean "these bytes cannot be had", not "stop".</summary>
    public static bool IsScar(BlockException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.Kind is BlockErrorKind.Io or BlockErrorKind.Corrupt or BlockErrorKind.OutOfRange;
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        try
        {
            inner.Read(offset, target);
        }
        catch (BlockException error) when (IsScar(error))
        {
            ReadAround(offset, target);
        }
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRun run = inner.GetRun(offset, length);
        if (run.Kind != RunKind.Unreadable) { return run; }
        Remember(offset, run.LengthBytes);
        return new BlockRun(run.LengthBytes, RunKind.Hole, run.Depth);
    }

    /// <summary>Nothing to release: the inner reader belongs to somebody else.</summary>
    public void Dispose()
    {
    }

    // Known scars are stepped over whole. Elsewhere the range is halved until single sectors are left, so
    // that a scar is as small as the host's error is.
    private void ReadAround(long offset, Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            BlockRun run = inner.GetRun(offset, target.Length);
            Span<byte> part = target[..(int)run.LengthBytes];
            if (run.Kind == RunKind.Unreadable)
            {
                part.Clear();
                Remember(offset, part.Length);
            }
            else
            {
                Halve(offset, part);
            }
            offset += part.Length;
            target = target[part.Length..];
        }
    }

    private void Halve(long offset, Span<byte> target)
    {
        try
        {
            inner.Read(offset, target);
        }
        catch (BlockException error) when (IsScar(error))
        {
            if (target.Length <= Sector.Bytes)
            {
                target.Clear();
                Remember(offset, target.Length);
                return;
            }
            int half = Math.Max(Sector.Bytes, target.Length / 2 / Sector.Bytes * Sector.Bytes);
            Halve(offset, target[..half]);
            Halve(offset + half, target[half..]);
        }
    }

    private void Remember(long offset, long length)
    {
        lock (scars) { scars.Add(new ByteRange(offset, length)); }
    }

    private static List<ByteRange> Merge(IEnumerable<ByteRange> ranges)
    {
        var merged = new List<ByteRange>();
        foreach (ByteRange range in ranges)
        {
            if (merged.Count == 0 || merged[^1].Offset + merged[^1].Length < range.Offset)
            {
                merged.Add(range);
                continue;
            }
            ByteRange last = merged[^1];
            long end = Math.Max(last.Offset + last.Length, range.Offset + range.Length);
            merged[^1] = last with { Length = end - last.Offset };
        }
        return merged;
    }
}
