using System.Globalization;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// Advisory locks: open-file-description locks on single bytes, at the places where QEMU's file driver puts
/// its own (byte 100+n: "I use permission n", byte 200+n: "I do not share permission n"), so that two of ours
/// exclude one another and QEMU and ours do too. Freed by the kernel when the process dies.
/// </summary>
internal sealed unsafe class FileLock : IDisposable
{
    private const int UsedBase = 100, UnsharedBase = 200;
    private const int ReadPermission = 0, WritePermission = 1, ResizePermission = 3;

    // A byte that QEMU does not use: of two that make others depend on the file, one waits.
    private const int Freezing = 300;
    private readonly LocalFile file;

    private FileLock(LocalFile file) => this.file = file;

    public void Dispose() => file.Dispose();

    /// <summary>The lock of one who writes, and lets nobody else write.</summary>
    public static FileLock TakeForWriting(string path) => Take(path,
        [
            UsedBase + ReadPermission, UsedBase + WritePermission, UsedBase + ResizePermission,
            UnsharedBase + WritePermission, UnsharedBase + ResizePermission,
        ],
        [
            UnsharedBase + ReadPermission, UnsharedBase + WritePermission, UnsharedBase + ResizePermission,
            UsedBase + WritePermission, UsedBase + ResizePermission,
        ]);

    /// <summary>
    /// The lock of one who reads, lets nobody write, and is alone in making others depend on it.
    /// </summary>
    public static FileLock TakeForFreezing(string path) => Take(path,
        [
            UsedBase + ReadPermission, UnsharedBase + WritePermission, UnsharedBase + ResizePermission,
            Freezing,
        ],
        [
            UnsharedBase + ReadPermission, UsedBase + WritePermission, UsedBase + ResizePermission, Freezing,
        ]);

    private static FileLock Take(string path, ReadOnlySpan<int> marks, ReadOnlySpan<int> conflicts)
    {
        // The marks are read locks, which a file that nobody may write to can carry too.
        LocalFile file = LocalFile.Open(path, HostAccess.Read);
        try
        {
            // First mark, then look: of two that come at the same moment at least one sees the other.
            foreach (int mark in marks) { Mark(file, mark); }
            foreach (int conflict in conflicts)
            {
                if (IsHeldByAnother(file, conflict)) { throw Held(path); }
            }
            return new FileLock(file);
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
