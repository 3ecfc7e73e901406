using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Flat;

/// <summary>
/// A writable flat extent. There are no tables, so the crash order is the guest's own: a write is durable
/// after <see cref="Flush"/>, and the file never changes its length here.
/// </summary>
public sealed class FlatDevice(HostFile file, long startOffset, long length)
    : FlatReader(file, startOffset, length), IBlockDevice, IHostMapped
{
    private const int ZeroBlockBytes = 64 * 1024;
    private static readonly byte[] ZeroBlock = new byte[ZeroBlockBytes];

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        File.Write(HostOffsetOf(offset, source.Length), source);
        ForgetHostStatus();
    }

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        long hostOffset = HostOffsetOf(offset, length);
        if (length == 0) { return; }
        bool isDone = mode == ZeroMode.KeepAllocated
            ? File.TryZeroRange(hostOffset, length)
            : File.TryPunchHole(hostOffset, length) || File.TryZeroRange(hostOffset, length);
        if (!isDone)
        {
            if (mode == ZeroMode.OnlyIfFast)
            {
                throw new BlockException(BlockErrorKind.Unsupported, File.Path, hostOffset,
                    "the host can only zero this range by writing it");
            }
            for (long done = 0; done < length; done += ZeroBlockBytes)
            {
                File.Write(hostOffset
                    + done, ZeroBlock.AsSpan(0, (int)Math.Min(ZeroBlockBytes, length - done)));
            }
        }
        ForgetHostStatus();
    }

    /// <inheritdoc/>
    public void Discard(long offset, long length)
    {
        File.TryPunchHole(HostOffsetOf(offset, length), length);
        ForgetHostStatus();
    }

    /// <inheritdoc/>
    public void Flush() => File.Flush();

    /// <inheritdoc/>
    public HostRange? MapToHost(long offset, long length)
    {
        ForgetHostStatus();
        return new HostRange(File, HostOffsetOf(offset, length), length);
    }
}
