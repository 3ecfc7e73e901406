using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// A reader with unreadable ranges: what a bad sector under a datastore looks like from above. For rehearsals
/// and tests. Owns the inner reader.
/// </summary>
public sealed class FaultReader : IBlockReader
{
    private readonly IBlockReader inner;
    private readonly (long Start, long End)[] scars;

    /// <summary>
    /// Marks ranges (byte offset, byte length; disjoint) of <paramref name="inner"/> as unreadable.
    /// </summary>
    public FaultReader(IBlockReader inner, IEnumerable<(long Offset, long Length)> scars)
    {
        ArgumentNullException.ThrowIfNull(inner);
        this.inner = inner;
        this.scars = [.. scars.Select(scar => (scar.Offset, scar.Offset + scar.Length)).Order()];
    }

    /// <inheritdoc/>
    public long Length => inner.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        if (target.IsEmpty) { return; }
        foreach ((long start, long end) in scars)
        {
            if (start < offset + target.Length && end > offset)
            {
                throw new BlockException(BlockErrorKind.Io, null, Math.Max(start, offset),
                    "the range is unreadable");
            }
        }
        inner.Read(offset, target);
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        foreach ((long start, long end) in scars)
        {
            if (start <= offset && end > offset)
            {
                return new BlockRun(Math.Min(length, end - offset), RunKind.Unreadable);
            }
            if (start > offset)
            {
                length = Math.Min(length, start - offset);
                break;
            }
        }
        return inner.GetRun(offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}
