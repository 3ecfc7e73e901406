using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// Copies between host files without the bytes passing through this process: by sharing their storage where
/// the host can, else inside the kernel. Remembers what the host cannot do. Thread-safe.
/// </summary>
/// <param name="isTargetNew">The target is being made: it may share storage, and reserve it in
/// advance.</param>
internal sealed class KernelCopy(bool isTargetNew)
{
    // Between two of these a copy can be cancelled.
    private const long PieceBytes = 64 << 20, ShareTrials = 4;
    private readonly Lock copying = new();
    private bool cannotAllocate;
    private int failedShares;

    /// <summary>
    /// Copies from the start of <paramref name="from"/> on, and returns how many bytes; the caller reads and
    /// writes what is left. Both ranges have one length.
    /// </summary>
    /// <param name="from">The bytes to copy.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="copied">Told each piece of <paramref name="to"/> when it is done.</param>
    /// <param name="cancellation">Looked at between pieces.</param>
    public long TryCopy(HostRange from, HostRange to, Action<HostRange>? copied,
        CancellationToken cancellation)
    {
        // One at a time: the kernel lets only one thread write to a file, and the others would burn a core
        // waiting.
        lock (copying)
        {
            if (TryShare(from, to))
            {
                copied?.Invoke(to);
                return to.LengthBytes;
            }
            Allocate(to);
            long done = 0;
            while (done < to.LengthBytes)
            {
                cancellation.ThrowIfCancellationRequested();
                long wanted = Math.Min(PieceBytes, to.LengthBytes - done);
                long count = HostCopy.TryCopy(
                    from.File, from.HostOffset + done, to.File, to.HostOffset + done, wanted);
                if (count > 0) { copied?.Invoke(new HostRange(to.File, to.HostOffset + done, count)); }
                done += count;
                if (count < wanted) { break; }
            }
            return done;
        }
    }

    // A range may only be out of step with the host's blocks; a few that fail mean that the host cannot do
    // it.
    private bool TryShare(in HostRange from, in HostRange to)
    {
        if (!isTargetNew || failedShares >= ShareTrials) { return false; }
        bool isShared = HostCopy.TryShare(
            from.File, from.HostOffset, to.File, to.HostOffset, to.LengthBytes);
        if (!isShared) { failedShares++; }
        return isShared;
    }

    // Storage taken for all of a long range at once is found faster than page by page, and lies in one piece.
    // What is not written of it reads as zeros.
    private void Allocate(in HostRange to)
    {
        if (!isTargetNew || cannotAllocate || to.LengthBytes < PieceBytes) { return; }
        cannotAllocate = !to.File.TryAllocate(to.HostOffset, to.LengthBytes);
    }
}
