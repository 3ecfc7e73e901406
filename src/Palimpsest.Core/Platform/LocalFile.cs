using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// A file or block device of this machine. Owns its descriptor; reads and writes are positional.
/// </summary>
public sealed unsafe class LocalFile : HostFile
{
    private readonly SafeFileHandle handle;

    private LocalFile(string path, SafeFileHandle handle, bool isWritable)
    {
        Path = path;
        this.handle = handle;
        IsWritable = isWritable;
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override bool IsWritable { get; }

    /// <inheritdoc/>
    public override SafeFileHandle Handle => handle;

    /// <inheritdoc/>
    public override long Length
    {
        get
        {
            // lseek to the end answers for files and block devices alike; nothing here ever uses the cursor.
            long length = Posix.LSeek(handle, 0, Posix.SeekEnd);
            return length >= 0 ? length : throw LastError(null, "find the length");
        }
    }

    /// <summary>Opens or creates; see <see cref="IHost.Open"/>.</summary>
    public static LocalFile Open(string path, HostAccess access)
    {
        int flags = Posix.CloseOnExec | access switch
        {
            HostAccess.Read => Posix.ReadOnly,
            HostAccess.ReadWrite => Posix.ReadWrite,
            _ => Posix.ReadWrite | Posix.Create | Posix.Exclusive,
        };
        SafeFileHandle handle = Posix.Open(path, flags, 0x1B6);
        if (handle.IsInvalid)
        {
            int errno = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw Posix.Error(errno, path, null, access == HostAccess.CreateNew
                ? "create the file" : "open the file");
        }
        return new LocalFile(path, handle, access != HostAccess.Read);
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        fixed (byte* start = target)
        {
            long done = 0;
            while (done < target.Length)
            {
                nint count = Posix.PRead(handle, start + done, (nuint)(target.Length - done), offset + done);
                if (count > 0) { done += count; continue; }
                if (count == 0)
                {
                    throw new BlockException(BlockErrorKind.OutOfRange, Path, offset + done,
                        $"the file ends here, {target.Length - done} bytes before what was to be read");
                }
                if (Marshal.GetLastPInvokeError() != Posix.EIntr) { throw LastError(offset + done, "read"); }
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ThrowIfReadOnly(offset);
        fixed (byte* start = source)
        {
            long done = 0;
            while (done < source.Length)
            {
                nint count = Posix.PWrite(handle, start + done, (nuint)(source.Length - done), offset + done);
                if (count > 0) { done += count; continue; }
                if (count < 0 && Marshal.GetLastPInvokeError() == Posix.EIntr) { continue; }
                throw LastError(offset + done, "write");
            }
        }
    }

    /// <inheritdoc/>
    public override void SetLength(long lengthBytes)
    {
        ThrowIfReadOnly(null);
        if (Posix.FTruncate(handle, lengthBytes) != 0) { throw LastError(lengthBytes, "set the length"); }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        if (Posix.FDataSync(handle) != 0) { throw LastError(null, "flush"); }
    }

    /// <inheritdoc/>
    public override void StartWriteback(long offset, long length) =>
        _ = Posix.SyncFileRange(handle, offset, length, Posix.WriteRange);

    /// <inheritdoc/>
    public override bool TryPunchHole(long offset, long length) =>
        TryFallocate(Posix.PunchHole | Posix.KeepSize, offset, length, "punch a hole");

    /// <inheritdoc/>
    public override bool TryZeroRange(long offset, long length) =>
        TryFallocate(Posix.ZeroRange | Posix.KeepSize, offset, length, "zero a range");

    /// <inheritdoc/>
    public override bool TryAllocate(long offset, long length) =>
        TryFallocate(Posix.KeepSize, offset, length, "reserve room");

    /// <inheritdoc/>
    public override long NextData(long offset) => Seek(offset, Posix.SeekData);

    /// <inheritdoc/>
    public override long NextHole(long offset) => Seek(offset, Posix.SeekHole);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) { handle.Dispose(); }
    }

    private long Seek(long offset, int whence)
    {
        long found = Posix.LSeek(handle, offset, whence);
        if (found >= 0) { return found; }
        int errno = Marshal.GetLastPInvokeError();
        if (errno == Posix.ENxIo) { return Length; }

        // Where the host knows no holes (devices, some network file systems), everything counts as stored.
        if (errno is Posix.EInval or Posix.EOpNotSupp) { return whence == Posix.SeekData ? offset : Length; }
        throw Posix.Error(errno, Path, offset, "look for holes");
    }

    private bool TryFallocate(int mode, long offset, long length, string doing)
    {
        ThrowIfReadOnly(offset);
        if (length == 0) { return true; }
        while (Posix.FAllocate(handle, mode, offset, length) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Posix.EIntr) { continue; }
            if (errno is Posix.EOpNotSupp or Posix.ENoSys or Posix.EInval or Posix.ENoDevice)
            {
                return false;
            }
            throw Posix.Error(errno, Path, offset, doing);
        }
        return true;
    }

    private void ThrowIfReadOnly(long? offset)
    {
        if (!IsWritable)
        {
            throw new BlockException(BlockErrorKind.ReadOnly, Path, offset, "the file was opened read-only");
        }
    }

    private BlockException LastError(long? offset, string doing) =>
        Posix.Error(Marshal.GetLastPInvokeError(), Path, offset, doing);
}
