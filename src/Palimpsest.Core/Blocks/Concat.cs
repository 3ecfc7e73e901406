namespace Palimpsest.Core.Blocks;

/// <summary>Several readers in a row: the extents of a link. Owns its parts.</summary>
public class ConcatReader : IBlockReader
{
    private readonly IBlockReader[] parts;
    private readonly long[] ends;

    /// <summary>The parts, in order; empty ones are allowed.</summary>
    public ConcatReader(IReadOnlyList<IBlockReader> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        this.parts = [.. parts];
        ends = new long[this.parts.Length];
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = checked((i == 0 ? 0 : ends[i - 1]) + this.parts[i].Length);
        }
        Length = ends.Length == 0 ? 0 : ends[^1];
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        while (target.Length > 0)
        {
            IBlockReader part = Find(offset, target.Length, out long partOffset, out long count);
            part.Read(partOffset, target[..(int)count]);
            target = target[(int)count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        IBlockReader part = Find(offset, length, out long partOffset, out long count);
        return part.GetRun(partOffset, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Disposes every part, even when one of them fails; the first failure is thrown at the end.
    /// </summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) { DisposeAll(parts); }
    }

    /// <summary>
    /// The part at <paramref name="offset"/>, where in it, and how many of the bytes asked for it holds.
    /// </summary>
    protected IBlockReader Find(long offset, long length, out long partOffset, out long count)
    {
        // The first part whose end lies beyond the offset. Empty parts share their end with the one before.
        int low = 0, high = ends.Length - 1;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (ends[middle] > offset) { high = middle; } else { low = middle + 1; }
        }
        partOffset = offset - (ends[low] - parts[low].Length);
        count = Math.Min(length, ends[low] - offset);
        return parts[low];
    }

    internal static void DisposeAll(IEnumerable<IDisposable> parts)
    {
        Exception? first = null;
        foreach (IDisposable part in parts)
        {
            try { part.Dispose(); }
            catch (Exception error) when (first is null) { first = error; }
            catch (Findings.BlockException) { /* the first failure is the one reported */ }
        }
        if (first is not null) { System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first); }
    }
}

/// <summary>Several devices in a row; a part that is only a reader refuses writes by name.</summary>
public sealed class ConcatDevice(IReadOnlyList<IBlockReader> parts)
    : ConcatReader(parts), IBlockDevice, IHostMapped
{
    private readonly IBlockReader[] all = [.. parts];

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        BlockRange.Check(offset, source.Length, Length);
        ThrowIfReadOnly(offset, source.Length);
        while (source.Length > 0)
        {
            IBlockDevice part = FindDevice(offset, source.Length, out long partOffset, out long count);
            part.Write(partOffset, source[..(int)count]);
            source = source[(int)count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        BlockRange.Check(offset, length, Length);
        ThrowIfReadOnly(offset, length);
        if (mode == ZeroMode.OnlyIfFast && length > 0) { ThrowIfSeveral(offset, length); }
        while (length > 0)
        {
            IBlockDevice part = FindDevice(offset, length, out long partOffset, out long count);
            part.WriteZeroes(partOffset, count, mode);
            length -= count;
            offset += count;
        }
    }

    /// <inheritdoc/>
    public void Discard(long offset, long length)
    {
        BlockRange.Check(offset, length, Length);
        ThrowIfReadOnly(offset, length);
        while (length > 0)
        {
            IBlockDevice part = FindDevice(offset, length, out long partOffset, out long count);
            part.Discard(partOffset, count);
            length -= count;
            offset += count;
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        foreach (IBlockReader part in all) { (part as IBlockDevice)?.Flush(); }
    }

    /// <inheritdoc/>
    public HostRange? MapToHost(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        IBlockReader part = Find(offset, length, out long partOffset, out long count);
        return (part as IHostMapped)?.MapToHost(partOffset, count);
    }

    // The first part could be zeroed by the time that the second says it cannot; the promise is that nothing
    // is done.
    private void ThrowIfSeveral(long offset, long length)
    {
        Find(offset, length, out _, out long count);
        if (count == length) { return; }
        throw new Findings.BlockException(Findings.BlockErrorKind.Unsupported, null, offset,
            "the range lies in several extents, which cannot all be asked beforehand whether zeroing them "
            + "is fast");
    }

    // Looked at before the first byte is written, so that a write which would end in a read-only extent
    // changes nothing.
    private void ThrowIfReadOnly(long offset, long length)
    {
        while (length > 0)
        {
            FindDevice(offset, length, out _, out long count);
            offset += count;
            length -= count;
        }
    }

    private IBlockDevice FindDevice(long offset, long length, out long partOffset, out long count) =>
        Find(offset, length, out partOffset, out count) as IBlockDevice
        ?? throw new Findings.BlockException(Findings.BlockErrorKind.ReadOnly, null, offset,
            "this part of the disk lies in an extent that its descriptor declares read-only or absent");
}
