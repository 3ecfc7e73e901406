using System.Buffers;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// A layer over what lies below it: where the layer has a hole, the one below answers. Owns the layer, not
/// what is below. Depth grows by one with every overlay that a run falls through.
/// </summary>
public class OverlayReader : IBlockReader
{
    private readonly ISparseLayer top;
    private readonly IBlockReader below;

    /// <summary><paramref name="top"/> over <paramref name="below"/>; both have the same length.</summary>
    public OverlayReader(ISparseLayer top, IBlockReader below)
    {
        ArgumentNullException.ThrowIfNull(top);
        ArgumentNullException.ThrowIfNull(below);
        ArgumentOutOfRangeException.ThrowIfNotEqual(below.Length, top.Length);
        this.top = top;
        this.below = below;
    }

    /// <inheritdoc/>
    public long Length => top.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        while (target.Length > 0)
        {
            BlockRun run = top.GetRun(offset, target.Length);
            Span<byte> part = target[..(int)run.LengthBytes];
            if (run.Kind == RunKind.Hole) { below.Read(offset, part); } else { top.Read(offset, part); }
            target = target[part.Length..];
            offset += part.Length;
        }
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRun run = top.GetRun(offset, length);
        if (run.Kind != RunKind.Hole) { return run; }
        BlockRun under = below.GetRun(offset, run.LengthBytes);
        return under with { Depth = under.Depth + 1 };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        top.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>
/// A writable layer over a read-only one. A first write to part of a grain brings the rest of that grain up
/// from below, so that a grain in the layer always holds all of its bytes.
/// </summary>
public sealed class OverlayDevice<TLayer>(TLayer top, IBlockReader below)
    : OverlayReader(top, below), IBlockDevice
    where TLayer : class, ISparseLayer, IBlockDevice
{
    private readonly IBlockReader below = below;
    private readonly Lock grainFill = new();

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        BlockRange.Check(offset, source.Length, Length);
        int grain = top.GrainBytes;
        while (source.Length > 0)
        {
            long inGrain = offset % grain;
            if (inGrain == 0 && source.Length >= grain)
            {
                int whole = source.Length - (source.Length % grain);
                top.Write(offset, source[..whole]);
                offset += whole;
                source = source[whole..];
                continue;
            }
            int count = (int)Math.Min(source.Length, Math.Min(grain - inGrain, Length - offset));
            WriteInsideGrain(offset, source[..count]);
            offset += count;
            source = source[count..];
        }
    }

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        BlockRange.Check(offset, length, Length);
        int grain = top.GrainBytes;
        if (mode == ZeroMode.OnlyIfFast && length > 0
            && (offset % grain != 0 || ((offset + length) % grain != 0 && offset + length != Length)))
        {
            throw new Findings.BlockException(Findings.BlockErrorKind.Unsupported, null, offset,
                "zeroing part of a grain needs data written");
        }
        while (length > 0)
        {
            long inGrain = offset % grain;
            if (inGrain == 0 && (length >= grain || offset + length == Length))
            {
                long whole = offset + length == Length ? length : length - (length % grain);
                top.WriteZeroes(offset, whole, mode);
                offset += whole;
                length -= whole;
                continue;
            }
            int count = (int)Math.Min(length, grain - inGrain);
            WriteZeroesInsideGrain(offset, count);
            offset += count;
            length -= count;
        }
    }

    /// <summary>Does nothing: dropping a grain would let the layer below show through again.</summary>
    public void Discard(long offset, long length) => BlockRange.Check(offset, length, Length);

    /// <inheritdoc/>
    public void Flush() => top.Flush();

    private void WriteZeroesInsideGrain(long offset, int count)
    {
        byte[] zeroes = ArrayPool<byte>.Shared.Rent(count);
        zeroes.AsSpan(0, count).Clear();
        WriteInsideGrain(offset, zeroes.AsSpan(0, count));
        ArrayPool<byte>.Shared.Return(zeroes);
    }

    private void WriteInsideGrain(long offset, ReadOnlySpan<byte> source)
    {
        if (top.GetRun(offset, 1).Kind == RunKind.Data)
        {
            top.Write(offset, source);
            return;
        }

        // Two writers to different sectors of one absent grain must not each bring up their own copy of it.
        lock (grainFill)
        {
            int grain = top.GrainBytes;
            long start = offset - (offset % grain);
            int grainLength = (int)Math.Min(grain, Length - start);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(grainLength);
            try
            {
                Span<byte> whole = buffer.AsSpan(0, grainLength);
                RunKind kind = top.GetRun(start, 1).Kind;
                if (kind == RunKind.Hole) { below.Read(start, whole); } else { top.Read(start, whole); }
                source.CopyTo(whole[(int)(offset - start)..]);
                top.Write(start, whole);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
