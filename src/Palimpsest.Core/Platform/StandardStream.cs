using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// Standard output or error as it is: unbuffered, at the descriptor's own position (which several commands
/// may share), and telling the writer when nobody reads any more, which the base library's console stream
/// hides.
/// </summary>
public sealed unsafe class StandardStream : Stream
{
    private readonly SafeFileHandle handle;
    private readonly string name;

    private StandardStream(int descriptor, string name)
    {
        handle = new SafeFileHandle(descriptor, ownsHandle: false);
        this.name = name;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Descriptor 1.</summary>
    public static StandardStream Output() => new(1, "standard output");

    /// <summary>Descriptor 2.</summary>
    public static StandardStream Error() => new(2, "standard error");

    /// <inheritdoc/>
    /// <exception cref="BrokenPipeException">Nobody reads any more.</exception>
    /// <exception cref="BlockException">The host cannot write.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            long done = 0;
            while (done < buffer.Length)
            {
                nint count = Posix.Write(handle, start + done, (nuint)(buffer.Length - done));
                if (count >= 0) { done += count; continue; }
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Posix.EIntr) { continue; }
                if (errno == Posix.EAgain) { Posix.WaitUntilWritable(handle); continue; }
                if (errno == Posix.EPipe) { throw new BrokenPipeException(); }
                throw Posix.Error(errno, name, null, "write");
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) { handle.Dispose(); }
        base.Dispose(disposing);
    }
}

/// <summary>The reader of a pipe went away. Not an error: it has all it wanted.</summary>
public sealed class BrokenPipeException() : IOException("nobody reads the output any more");

/// <summary>Calls for streams.</summary>
internal static unsafe partial class Posix
{
    internal const int EPipe = 32;
    private const short PollOut = 4;

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle file, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    /// <summary>Waits on a descriptor that somebody else made non-blocking.</summary>
    internal static void WaitUntilWritable(SafeFileHandle file)
    {
        var wanted = new PollDescriptor { Descriptor = (int)file.DangerousGetHandle(), Events = PollOut };
        _ = Poll(&wanted, 1, -1);
    }
}
