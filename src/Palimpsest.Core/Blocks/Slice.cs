namespace Palimpsest.Core.Blocks;

/// <summary>
/// A part of another reader: a partition, an extent's share of its parent. Does not own what it cuts.
/// </summary>
public class SliceReader : IBlockReader
{
    private readonly IBlockReader inner;

    /// <summary>Bytes <c>[start, start + length)</c> of <paramref name="inner"/>.</summary>
    public SliceReader(IBlockReader inner, long start, long length)
    {
        ArgumentNullException.ThrowIfNull(inner);
        BlockRange.Check(start, length, inner.Length);
        this.inner = inner;
        Start = start;
        Length = length;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>Where the slice begins in the inner reader, in bytes.</summary>
    protected long Start { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        inner.Read(Start + offset, target);
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        return inner.GetRun(Start + offset, length);
    }

    /// <summary>Nothing to release: the inner reader belongs to somebody else.</summary>
    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>A writable part of another device.</summary>
public sealed class SliceDevice(IBlockDevice inner, long start, long length)
    : SliceReader(inner, start, length), IBlockDevice, IHostMapped
{
    /// <inheritdoc/>
    public HostRange? MapToHost(long offset, long length) =>
        (inner as IHostMapped)?.MapToHost(Start + offset, length);

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        BlockRange.Check(offset, source.Length, Length);
        inner.Write(Start + offset, source);
    }

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        BlockRange.Check(offset, length, Length);
        inner.WriteZeroes(Start + offset, length, mode);
    }

    /// <inheritdoc/>
    public void Discard(long offset, long length)
    {
        BlockRange.Check(offset, length, Length);
        inner.Discard(Start + offset, length);
    }

    /// <inheritdoc/>
    public void Flush() => inner.Flush();
}
