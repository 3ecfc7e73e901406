namespace Palimpsest.Core.Blocks;

/// <summary>
/// What the upper layers of a chain hold by themselves: a hole where they all fall through. A hole of one of the
/// layers that does not fall through - in a flat file, for its host - is a zero here. Owns nothing.
/// </summary>
public sealed class LayersAbove : IBlockReader
{
    private readonly IBlockReader layers;
    private readonly int layerCount;

    /// <summary>
    /// <paramref name="layers"/> are the upper layers over a <see cref="HoleReader"/>, <paramref name="layerCount"/> of
    /// them.
    /// </summary>
    public LayersAbove(IBlockReader layers, int layerCount)
    {
        ArgumentNullException.ThrowIfNull(layers);
        this.layers = layers;
        this.layerCount = layerCount;
    }

    /// <inheritdoc/>
    public long Length => layers.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target) => layers.Read(offset, target);

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRun run = layers.GetRun(offset, length);
        return run.Kind == RunKind.Hole && run.Depth < layerCount ? run with { Kind = RunKind.Zero } : run;
    }

    /// <summary>Nothing to release.</summary>
    public void Dispose()
    {
    }
}
