using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Flat;

/// <summary>
/// A flat extent: bytes of a file from an offset on. Host holes are reported as such and read as zeros; where
/// the file ends before the extent, the rest is <see cref="RunKind.Unreadable"/> and reading it throws. Owns
/// the file.
/// </summary>
public class FlatReader : IBlockReader
{
    private readonly HostFile file;
    private readonly long startOffset;
    private readonly long presentBytes;

    // The last answer of the host about holes. Published whole, so threads never mix two; an answer asked for
    // before a change carries an older generation and is not believed afterwards.
    private volatile HostStatus? lastStatus;
    private int generation;

    /// <summary>
    /// <paramref name="length"/> bytes of <paramref name="file"/> from <paramref name="startOffset"/> on.
    /// Findings are made by <see cref="FlatValidation"/>, not here.
    /// </summary>
    public FlatReader(HostFile file, long startOffset, long length)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(startOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        this.file = file;
        this.startOffset = startOffset;
        Length = length;
        presentBytes = Math.Clamp(file.Length - startOffset, 0, length);
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>The file.</summary>
    protected HostFile File => file;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        BlockRange.Check(offset, target.Length, Length);
        if (target.IsEmpty) { return; }
        if (offset + target.Length > presentBytes) { throw Missing(Math.Max(offset, presentBytes)); }
        file.Read(startOffset + offset, target);
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        BlockRange.CheckRun(offset, length, Length);
        if (offset >= presentBytes) { return new BlockRun(length, RunKind.Unreadable); }
        length = Math.Min(length, presentBytes - offset);
        long hostOffset = startOffset + offset;
        HostStatus status = StatusAt(hostOffset);
        long count = Math.Min(length, status.End - hostOffset);
        return new BlockRun(count, status.IsHole ? RunKind.Hole : RunKind.Data, 0, file, hostOffset);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) { file.Dispose(); }
    }

    /// <summary>Forgets what the host said about holes; called when that changes.</summary>
    protected void ForgetHostStatus() => Interlocked.Increment(ref generation);

    /// <summary>
    /// Host offset of a byte of the extent, which must lie in the part of the file that exists.
    /// </summary>
    protected long HostOffsetOf(long offset, long length)
    {
        BlockRange.Check(offset, length, Length);
        if (offset + length > presentBytes) { throw Missing(Math.Max(offset, presentBytes)); }
        return startOffset + offset;
    }

    private HostStatus StatusAt(long hostOffset)
    {
        int current = Volatile.Read(ref generation);
        HostStatus? known = lastStatus;
        if (known is not null && known.Generation == current && hostOffset >= known.Start
            && hostOffset < known.End)
        {
            return known;
        }
        long data = file.NextData(hostOffset);
        HostStatus fresh = data > hostOffset
            ? new HostStatus(hostOffset, data, IsHole: true, current)
            : new HostStatus(hostOffset, Math.Max(file.NextHole(hostOffset), hostOffset + 1), IsHole: false,
                current);
        lastStatus = fresh;
        return fresh;
    }

    private BlockException Missing(long offset) =>
        new(BlockErrorKind.OutOfRange, file.Path, startOffset + offset,
        $"the file ends before its extent does; {Length - presentBytes} bytes are missing");

    private sealed record HostStatus(long Start, long End, bool IsHole, int Generation);
}
