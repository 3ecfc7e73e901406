namespace Palimpsest.Core.Blocks;

/// <summary>
/// Calls an action once, before the first change goes through: a disk's content id has to be new before any
/// of its content is. Owns the inner device.
/// </summary>
public sealed class FirstWriteDevice(IBlockDevice inner, Action beforeFirstWrite) : IBlockDevice
{
    private readonly Lock announcing = new();
    private volatile bool isAnnounced;

    /// <inheritdoc/>
    public long Length => inner.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target) => inner.Read(offset, target);

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length) => inner.GetRun(offset, length);

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        Announce();
        inner.Write(offset, source);
    }

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        Announce();
        inner.WriteZeroes(offset, length, mode);
    }

    /// <inheritdoc/>
    public void Discard(long offset, long length)
    {
        Announce();
        inner.Discard(offset, length);
    }

    /// <inheritdoc/>
    public void Flush() => inner.Flush();

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    private void Announce()
    {
        if (isAnnounced) { return; }
        lock (announcing)
        {
            if (isAnnounced) { return; }

            // Not marked when the action fails: then nothing was written, and the next write must try again.
            beforeFirstWrite();
            isAnnounced = true;
        }
    }
}
