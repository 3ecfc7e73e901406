namespace Palimpsest.Core.Platform;

/// <summary>
/// Names of host file systems by the magic number that statfs gives (Linux, <c>statfs(2)</c>).
/// </summary>
public static unsafe class HostFileSystem
{
    /// <summary>The file system <paramref name="file"/> lies on; null when its host does not say.</summary>
    public static string? NameOf(HostFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Handle is not { } handle) { return null; }
        Posix.FileSystemStatus status;
        return Posix.FileSystemStatusOf(handle, &status) == 0 ? NameOf((uint)status.Type) : null;
    }

    private static string NameOf(uint magic) => magic switch
    {
        0xEF53 => "ext2/3/4",
        0x58465342 => "xfs",
        0x9123683E => "btrfs",
        0x2FC12FC1 => "zfs",
        0xCA451A4E => "bcachefs",
        0xF2F52010 => "f2fs",
        0x01021994 => "tmpfs",
        0x858458F6 => "ramfs",
        0x794C7630 => "overlayfs",
        0x6969 => "nfs",
        0xFF534D42 or 0xFE534D42 or 0x517B => "smb",
        0x65735546 => "fuse",
        0x01021997 => "9p",
        0x00C36400 => "ceph",
        0x01161970 => "gfs2",
        0x7461636F => "ocfs2",
        0x0BD00BD0 => "lustre",
        0x5346544E or 0x7366746E => "ntfs",
        0x4D44 => "fat",
        0x2011BAB0 => "exfat",
        0x9660 => "iso9660",
        0x73717368 => "squashfs",
        0xE0F5E1E2 => "erofs",
        0xBACBACBC => "vmhgfs",
        0x786F4256 => "vboxsf",
        _ => $"0x{magic:x8}",
    };
}
