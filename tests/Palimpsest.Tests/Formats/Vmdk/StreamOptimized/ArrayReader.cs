using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>
/// A disk in memory whose ranges can be called holes, and one of whose bytes can be unreadable.
/// </summary>
internal sealed class ArrayReader(byte[] bytes) : IBlockReader
{
    public List<(long Start, long End)> Holes { get; } = [];

    public long UnreadableAt { get; init; } = -1;

    public Action<long>? OnRead { get; init; }

    public long Length => bytes.Length;

    public void Read(long offset, Span<byte> target)
    {
        OnRead?.Invoke(offset);
        if (UnreadableAt >= offset && UnreadableAt < offset + target.Length)
        {
            throw new BlockException(BlockErrorKind.Io, "array", UnreadableAt, "unreadable on purpose");
        }
        bytes.AsSpan((int)offset, target.Length).CopyTo(target);
    }

    public BlockRun GetRun(long offset, long length)
    {
        long end = Length;
        foreach ((long start, long holeEnd) in Holes)
        {
            if (offset >= start && offset < holeEnd)
            {
                return new BlockRun(Math.Min(length, holeEnd - offset), RunKind.Hole);
            }
            if (start > offset) { end = Math.Min(end, start); }
        }
        return new BlockRun(Math.Min(length, end - offset), RunKind.Data);
    }

    public void Dispose()
    {
    }
}
