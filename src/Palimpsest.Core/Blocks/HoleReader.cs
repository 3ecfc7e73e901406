namespace Palimpsest.Core.Blocks;

/// <summary>A disk that nobody ever wrote: one hole.</summary>
public sealed class HoleReader(long length) : IBlockReader
{
    /// <inheritdoc/>
    public long Length { get; } = length;

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
        return new BlockRun(length, RunKind.Hole);
    }

    /// <summary>Nothing to release.</summary>
    public void Dispose()
    {
    }
}
