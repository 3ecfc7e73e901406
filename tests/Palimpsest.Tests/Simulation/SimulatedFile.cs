using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Simulation;

/// <summary>An open file of a <see cref="SimulatedHost"/>.</summary>
internal sealed class SimulatedFile(SimulatedHost host, string path, SimulatedContent content,
    bool isWritable) : HostFile
{
    public override string Path => path;

    public override bool IsWritable => isWritable;

    public override long Length
    {
        get { lock (host.Gate) { return content.Length; } }
    }

    public override void Read(long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (host.Gate)
        {
            host.Count(HostOperation.Read, path, offset);
            host.BytesRead += target.Length;
            if (target.Length > 0 && offset > content.Length - target.Length)
            {
                throw new BlockException(BlockErrorKind.OutOfRange, path, Math.Max(offset, content.Length),
                    "the file ends here");
            }
            if (target.Length > 0) { content.Read(offset, target); }
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (host.Gate)
        {
            ThrowIfReadOnly();
            host.Count(HostOperation.Write, path, offset);
            host.ThrowIfFull(path, offset, source.Length);
            host.Journal?.Write(content, offset, source);
            content.Write(offset, source);
        }
    }

    public override void SetLength(long lengthBytes)
    {
        lock (host.Gate)
        {
            ThrowIfReadOnly();
            host.Count(HostOperation.Write, path, lengthBytes);
            host.Journal?.SetLength(content, lengthBytes);
            content.SetLength(lengthBytes);
        }
    }

    public override void Flush()
    {
        lock (host.Gate)
        {
            host.Count(HostOperation.Flush, path, 0);
            host.Journal?.Flush(content);
        }
    }

    public override bool TryPunchHole(long offset, long length) =>
        Clear(offset, length, isPunch: true, host.CanPunch);

    public override bool TryZeroRange(long offset, long length) =>
        Clear(offset, length, isPunch: false, host.CanZeroRange);

    public override bool TryAllocate(long offset, long length) => false;

    public override long NextData(long offset)
    {
        lock (host.Gate) { return content.NextData(offset); }
    }

    public override long NextHole(long offset)
    {
        lock (host.Gate) { return content.NextHole(offset); }
    }

    protected override void Dispose(bool disposing)
    {
    }

    private bool Clear(long offset, long length, bool isPunch, bool isAble)
    {
        lock (host.Gate)
        {
            ThrowIfReadOnly();
            if (!isAble) { return false; }
            host.Count(HostOperation.Write, path, offset);
            host.Journal?.Clear(content, offset, length, isPunch);
            content.Clear(offset, length, isPunch);
            return true;
        }
    }

    private void ThrowIfReadOnly()
    {
        if (!isWritable)
        {
            throw new BlockException(BlockErrorKind.ReadOnly, path, null, "the file was opened read-only");
        }
    }
}
