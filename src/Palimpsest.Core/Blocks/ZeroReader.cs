namespace Palimpsest.Core.Blocks;

/// <summary>A range that is declared to be zero and stored nowhere: ZERO and NOACCESS extents.</summary>
public sealed class ZeroReader : IBlockReader
{
    /// <summary>Zeros of the given length in bytes.</summary>
    public ZeroReader(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        target.Clear();
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        return new BlockRun(length, RunKind.Zero);
    }

    /// <summary>Nothing to release.</summary>
    public void Dispose()
    {
    }
}
