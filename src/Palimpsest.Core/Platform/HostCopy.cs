using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// Copies between files inside the kernel, where it can: reflinks or page-cache copies, no managed memory.
/// </summary>
public static unsafe class HostCopy
{
    /// <summary>
    /// Lets the target share the storage of a range of the source, without copying it: a reflink. False, with
    /// nothing done, where the host cannot: another file system, one without reflinks, a range that does not
    /// begin and end with its blocks.
    /// </summary>
    public static bool TryShare(HostFile source, long sourceOffset, HostFile target, long targetOffset,
        long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (source.Handle is not { } from || target.Handle is not { } to) { return false; }
        bool isHeld = false;
        try
        {
            from.DangerousAddRef(ref isHeld);
            var range = new Posix.FileCloneRange
            {
                SourceFile = from.DangerousGetHandle(),
                SourceOffset = (ulong)sourceOffset,
                SourceLength = (ulong)length,
                TargetOffset = (ulong)targetOffset,
            };

            // Whatever the reason of a failure is, copying the range shows whether it is one.
            return Posix.IoControl(to, Posix.CloneRange, &range) == 0;
        }
        finally
        {
            if (isHeld) { from.DangerousRelease(); }
        }
    }

    /// <summary>
    /// Copies a range. Returns how many bytes were copied from the start on: all of them, or fewer where the
    /// kernel cannot go on (another file system, an old kernel); the caller then reads and writes the rest.
    /// </summary>
    public static long TryCopy(HostFile source, long sourceOffset, HostFile target, long targetOffset,
        long length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (source.Handle is not { } from || target.Handle is not { } to) { return 0; }
        long done = 0;
        while (done < length)
        {
            long fromOffset = sourceOffset + done, toOffset = targetOffset + done;
            nint count = Posix.CopyFileRange(from, &fromOffset, to, &toOffset, (nuint)(length - done), 0);
            if (count > 0) { done += count; continue; }
            if (count == 0) { return done; }
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Posix.EIntr) { continue; }
            if (errno is Posix.ENoSpc or Posix.EDQuot)
            {
                throw Posix.Error(errno, target.Path, toOffset, "write");
            }

            // Whatever else it is, reading and writing the rest shows whose error it is and at which byte.
            return done;
        }
        return done;
    }
}
