using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>This machine's own file system.</summary>
public sealed unsafe class LocalHost : IHost
{
    private const int CurrentFolder = -100, NoFollow = 0x100;
    private const uint BasicStats = 0x7FF;
    private const uint PermissionBits = 0xFFF, ReadBits = 0x124, WriteBits = 0x92, OwnerWriteBit = 0x80;

    private LocalHost()
    {
    }

    /// <summary>The one instance; it holds no state.</summary>
    public static LocalHost Instance { get; } = new();

    /// <inheritdoc/>
    public HostFile Open(string path, HostAccess access) => LocalFile.Open(path, access);

    /// <inheritdoc/>
    public HostEntry? Stat(string path)
    {
        if (TryStat(path, NoFollow) is not { } stat) { return null; }
        HostEntryKind kind = (stat.Mode & 0xF000) switch
        {
            0x8000 => HostEntryKind.File,
            0x4000 => HostEntryKind.Folder,
            0xA000 => HostEntryKind.Link,
            0x6000 => HostEntryKind.BlockDevice,
            _ => HostEntryKind.Other,
        };
        DateTime modified = DateTime.UnixEpoch.AddSeconds(stat.ModifiedSeconds)
            .AddTicks(stat.ModifiedNanoseconds / 100);
        return new HostEntry(kind, kind == HostEntryKind.File ? (long)stat.SizeBytes : 0, modified,
            (int)(stat.Mode & PermissionBits), checked((long)stat.AllocatedSectors * Sector.Bytes), stat.Inode);
    }

    /// <inheritdoc/>
    public string ResolveLinks(string path)
    {
        nint resolved = Posix.RealPath(path, 0);
        if (resolved == 0)
        {
            throw Posix.Error(Marshal.GetLastPInvokeError(), path, null, "find the file");
        }
        try
        {
            return Marshal.PtrToStringUTF8(resolved)!;
        }
        finally
        {
            Posix.Free(resolved);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder)
    {
        try
        {
            var names = Directory.EnumerateFileSystemEntries(folder).Select(HostPath.NameOf).ToList();
            names.Sort(StringComparer.Ordinal);
            return names;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            BlockErrorKind kind = error is DirectoryNotFoundException ? BlockErrorKind.NotFound
                : error is UnauthorizedAccessException ? BlockErrorKind.Denied : BlockErrorKind.Io;
            throw new BlockException(kind, folder, null, $"cannot list the folder: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Rename(string fromPath, string toPath)
    {
        if (Posix.Rename(fromPath, toPath) != 0)
        {
            throw Posix.Error(Marshal.GetLastPInvokeError(), toPath, null, $"rename {fromPath} to this name");
        }
    }

    /// <inheritdoc/>
    public void MatchPermissions(string fromPath, string toPath)
    {
        if (TryStat(fromPath, 0) is not { } stat) { return; }

        // Only root may give files away; for everybody else the new file is their own already.
        _ = Posix.ChangeOwner(toPath, stat.User, stat.Group);
        ChangeMode(toPath, stat.Mode & PermissionBits);
    }

    /// <inheritdoc/>
    public void SetWritable(string path, string likePath)
    {
        if (TryStat(path, 0) is not { } stat || (stat.Mode & WriteBits) != 0) { return; }
        uint readers = stat.Mode & ReadBits, writers = TryStat(likePath, 0)?.Mode & WriteBits ?? 0;
        ChangeMode(path, (stat.Mode & PermissionBits) | OwnerWriteBit | (readers >> 1 & writers));
    }

    /// <inheritdoc/>
    public long? FreeBytes(string folder)
    {
        using var handle = Posix.Open(folder, Posix.ReadOnly | Posix.CloseOnExec, 0);
        if (handle.IsInvalid) { return null; }
        Posix.FileSystemStatus status;
        return Posix.FileSystemStatusOf(handle, &status) == 0
            ? (long)UInt128.Min(long.MaxValue, (UInt128)status.AvailableBlocks * (ulong)status.BlockBytes)
            : null;
    }

    /// <inheritdoc/>
    public bool SetReadOnly(string path)
    {
        if (TryStat(path, 0) is not { } stat)
        {
            throw Posix.Error(Posix.ENoEnt, path, null, "take the write permission off");
        }
        uint mode = stat.Mode & PermissionBits;
        if ((mode & WriteBits) == 0) { return false; }
        ChangeMode(path, mode & ~WriteBits);
        return true;
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        if (Posix.Unlink(path) != 0)
        {
            throw Posix.Error(Marshal.GetLastPInvokeError(), path, null, "delete the file");
        }
    }

    /// <inheritdoc/>
    public void FlushFolder(string folder)
    {
        using var handle = Posix.Open(folder, Posix.ReadOnly | Posix.CloseOnExec, 0);
        if (handle.IsInvalid)
        {
            throw Posix.Error(Marshal.GetLastPInvokeError(), folder, null, "open the folder");
        }
        if (Posix.FSync(handle) == 0) { return; }

        // Some network and FUSE file systems cannot flush a folder; there a rename is as durable as it gets.
        int errno = Marshal.GetLastPInvokeError();
        if (errno is not (Posix.EInval or Posix.EOpNotSupp))
        {
            throw Posix.Error(errno, folder, null, "flush the folder");
        }
    }

    /// <inheritdoc/>
    public IDisposable LockForWriting(string path) => FileLock.TakeForWriting(path);

    /// <inheritdoc/>
    public IDisposable LockForFreezing(string path) => FileLock.TakeForFreezing(path);

    private static void ChangeMode(string path, uint mode)
    {
        if (Posix.ChangeMode(path, mode) != 0)
        {
            throw Posix.Error(Marshal.GetLastPInvokeError(), path, null, "set the permissions");
        }
    }

    /// <summary>
    /// Raw numbers of a file for the host body; null when it does not exist. Links are followed.
    /// </summary>
    internal static Posix.StatX? TryStat(string path, int flags)
    {
        Posix.StatX stat;
        if (Posix.StatExtended(CurrentFolder, path, flags, BasicStats, &stat) == 0) { return stat; }
        int errno = Marshal.GetLastPInvokeError();
        return errno is Posix.ENoEnt or Posix.ENotDir
            ? null
            : throw Posix.Error(errno, path, null, "look at the file");
    }
}
