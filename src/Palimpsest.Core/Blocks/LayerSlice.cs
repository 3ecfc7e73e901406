namespace Palimpsest.Core.Blocks;

/// <summary>
/// The first bytes of a layer, still a layer: its holes go on falling through. Owns the layer.
/// </summary>
public sealed class LayerSlice : ISparseLayer
{
    private readonly ISparseLayer inner;

    /// <summary>The first <paramref name="length"/> bytes of <paramref name="inner"/>.</summary>
    public LayerSlice(ISparseLayer inner, long length)
    {
        ArgumentNullException.ThrowIfNull(inner);
        BlockRange.Check(0, length, inner.Length);
        this.inner = inner;
        Length = length;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public int GrainBytes => inner.GrainBytes;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        inner.Read(offset, target);
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        return inner.GetRun(offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}
