namespace Palimpsest.Core.Blocks;

/// <summary>
/// Hides that a device can be written: what is handed to code that must only look. Does not own it.
/// </summary>
public sealed class ReadOnlyReader(IBlockReader inner) : IBlockReader
{
    /// <inheritdoc/>
    public long Length => inner.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target) => inner.Read(offset, target);

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length) => inner.GetRun(offset, length);

    /// <summary>Nothing to release: the inner device belongs to somebody else.</summary>
    public void Dispose()
    {
    }
}
