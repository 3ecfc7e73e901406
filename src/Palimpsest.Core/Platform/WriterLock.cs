using System.Globalization;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// The advisory lock of one writer: open-file-description locks on single bytes, at the places where QEMU's
/// file driver puts its own (byte 100+n: "I use permission n", byte 200+n: "I do not share permission n"), so
/// that two of ours exclude one another and QEMU and ours do too. Freed by the kernel when the process dies.
/// </summary>
internal sealed unsafe class WriterLock : IDisposable
{
    private const int ReadPermission = 0, WritePermission = 1, ResizePermission = 3;
    private const int UsedBase = 100, UnsharedBase = 200;
    private readonly LocalFile file;

    private WriterLock(LocalFile file) => this.file = file;

    public void Dispose() => file.Dispose();

    internal static WriterLock Take(string path)
    {
        LocalFile file = LocalFile.Open(path, HostAccess.ReadWrite);
        try
        {
            // First mark, then look: of two that come at the same moment at least one sees the other.
            ReadOnlySpan<int> marks =
            [
                UsedBase + ReadPermission, UsedBase + WritePermission, UsedBase + ResizePermission,
                UnsharedBase + WritePermission, UnsharedBase + ResizePermission,
            ];
            foreach (int mark in marks) { Mark(file, mark); }
            ReadOnlySpan<int> conflicts =
            [
                UnsharedBase + ReadPermission, UnsharedBase + WritePermission, UnsharedBase
                + ResizePermission,
                UsedBase + WritePermission, UsedBase + ResizePermission,
            ];
            foreach (int conflict in conflicts)
            {
                if (IsHeldByAnother(file, conflict)) { throw Held(path); }
            }
            return new WriterLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void Mark(LocalFile file, int offset)
    {
        var request = new Posix.FileLock { Type = Posix.LockRead, Start = offset, Length = 1 };
        if (Posix.FileControl(file.Handle, Posix.OfdSetLock, &request) == 0) { return; }
        int errno = Marshal.GetLastPInvokeError();
        if (errno is Posix.EAgain or Posix.EAcces) { throw Held(file.Path); }

        // A file system without locks (some network mounts) cannot protect anybody; that is no reason to
        // refuse.
        if (errno is not (Posix.EInval or Posix.EOpNotSupp or Posix.ENoSys))
        {
            throw Posix.Error(errno, file.Path, null, "lock the file");
        }
    }

    private static bool IsHeldByAnother(LocalFile file, int offset)
    {
        var request = new Posix.FileLock { Type = Posix.LockWrite, Start = offset, Length = 1 };
        return Posix.FileControl(file.Handle, Posix.OfdGetLock, &request) == 0
            && request.Type != Posix.LockNone;
    }

    private static BlockException Held(string path) => new(BlockErrorKind.Locked, path, null,
        $"another process is using this file ({LockHolders.Describe(path)}); stop it, or work on a copy");
}

/// <summary>
/// Who holds a lock on a file, from what the kernel shows under <c>/proc</c>. Best effort: it only words
/// messages.
/// </summary>
public static class LockHolders
{
    /// <summary>
    /// The holders as <c>qemu-img (pid 123)</c>, or a phrase that says they cannot be seen.
    /// </summary>
    public static string Describe(string path)
    {
        IReadOnlyList<string> holders = Find(path);
        return holders.Count == 0 ? "its process is not visible from here" : string.Join(", ", holders);
    }

    /// <summary>Other processes that hold a lock on the file, as <c>name (pid N)</c>.</summary>
    public static IReadOnlyList<string> Find(string path)
    {
        if (LocalHost.TryStat(path, 0) is not { } stat) { return []; }
        string inodeMark = string.Create(CultureInfo.InvariantCulture,
            $"{stat.DeviceMajor:x2}:{stat.DeviceMinor:x2}:{stat.Inode} ");
        var holders = new List<string>();
        foreach (string processFolder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(HostPath.NameOf(processFolder), out int processId)) { continue; }
            if (processId != Environment.ProcessId && HoldsLock(processFolder, inodeMark))
            {
                holders.Add($"{NameOf(processFolder)} (pid {processId})");
            }
        }
        return holders;
    }

    private static bool HoldsLock(string processFolder, string inodeMark)
    {
        try
        {
            return Directory.EnumerateFiles(processFolder + "/fdinfo").Any(info =>
                File.ReadLines(info).Any(line => line.StartsWith("lock:", StringComparison.Ordinal)
                    && line.Contains(inodeMark, StringComparison.Ordinal)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string NameOf(string processFolder)
    {
        try
        {
            return File.ReadAllText(processFolder + "/comm").Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "a process";
        }
    }
}
