using Palimpsest.Core.Blocks;

namespace Palimpsest.Tests.Blocks;

/// <summary>
/// A disk that is an array: the plainest device there can be, and the bottom of compositions in tests.
/// </summary>
internal sealed class MemoryDevice(byte[] content) : IBlockDevice
{
    private readonly Lock gate = new();

    public long Length => content.Length;

    public bool IsDisposed { get; private set; }

    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        lock (gate) { content.AsSpan((int)offset, target.Length).CopyTo(target); }
    }

    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        return new BlockRun(length, RunKind.Data);
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        BlockRange.Check(offset, source.Length, Length);
        lock (gate) { source.CopyTo(content.AsSpan((int)offset)); }
    }

    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        BlockRange.Check(offset, length, Length);
        lock (gate) { content.AsSpan((int)offset, (int)length).Clear(); }
    }

    public void Discard(long offset, long length) => BlockRange.Check(offset, length, Length);

    public void Flush()
    {
    }

    public void Dispose() => IsDisposed = true;
}
