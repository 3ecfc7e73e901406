using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// The calls of Linux that the base library lacks, declared once. The numbers are those of the generic Linux
/// ABI (x86-64 and arm64 agree on every one used here).
/// </summary>
internal static unsafe partial class Posix
{
    internal const int ReadOnly = 0, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, CloseOnExec = 0x80000;
    internal const int SeekSet = 0, SeekEnd = 2, SeekData = 3, SeekHole = 4;
    internal const int KeepSize = 1, PunchHole = 2, ZeroRange = 0x10;
    internal const int EPerm = 1, ENoEnt = 2, EIntr = 4, EIo = 5, ENxIo = 6, EBusy = 16, EAcces = 13,
        EExist = 17, EXDev = 18;
    internal const int ENotDir = 20, EIsDir = 21, EInval = 22, EFBig = 27, ENoSpc = 28, ERoFs = 30,
        ENameTooLong = 36;
    internal const int ELoop = 40, ENotTty = 25, EOpNotSupp = 95, EDQuot = 122, EAgain = 11, ENoSys = 38,
        ENoDevice = 19, ENoProcess = 3;
    internal const uint WriteRange = 2;
    internal const int OfdGetLock = 36, OfdSetLock = 37;
    internal const short LockRead = 0, LockWrite = 1, LockNone = 2;
    internal const nuint FileExtentMap = 0xC020660B, BlockDeviceSize = 0x80081272, CloneRange = 0x4020940D;

    /// <summary><c>struct flock</c> of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int ProcessId;
    }

    /// <summary><c>struct statx</c>; only the fields used are named.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatX
    {
        [FieldOffset(0x10)] internal uint LinkCount;
        [FieldOffset(0x14)] internal uint User;
        [FieldOffset(0x18)] internal uint Group;
        [FieldOffset(0x1C)] internal ushort Mode;
        [FieldOffset(0x20)] internal ulong Inode;
        [FieldOffset(0x28)] internal ulong SizeBytes;
        [FieldOffset(0x30)] internal ulong AllocatedSectors;
        [FieldOffset(0x70)] internal long ModifiedSeconds;
        [FieldOffset(0x78)] internal uint ModifiedNanoseconds;
        [FieldOffset(0x88)] internal uint DeviceMajor;
        [FieldOffset(0x8C)] internal uint DeviceMinor;
    }

    /// <summary><c>struct fiemap</c> without its extents.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ExtentMapRequest
    {
        internal ulong Start;
        internal ulong Length;
        internal uint Flags;
        internal uint MappedExtents;
        internal uint ExtentCount;
        internal uint Reserved;
    }

    /// <summary><c>struct fiemap_extent</c>; offsets and length in bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    internal struct ExtentMapEntry
    {
        [FieldOffset(0)] internal ulong Logical;
        [FieldOffset(8)] internal ulong Physical;
        [FieldOffset(16)] internal ulong Length;
        [FieldOffset(40)] internal uint Flags;
    }

    /// <summary><c>struct file_clone_range</c>; offsets and length in bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileCloneRange
    {
        internal long SourceFile;
        internal ulong SourceOffset;
        internal ulong SourceLength;
        internal ulong TargetOffset;
    }

    /// <summary><c>struct statfs</c> of 64-bit Linux; only the fields used are named.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    internal struct FileSystemStatus
    {
        [FieldOffset(0)] internal long Type;
        [FieldOffset(8)] internal long BlockBytes;
        [FieldOffset(32)] internal ulong AvailableBlocks;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint PRead(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint PWrite(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int FTruncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    internal static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long LSeek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    internal static partial nint CopyFileRange(
        SafeFileHandle source, long* sourceOffset, SafeFileHandle target, long* targetOffset, nuint count,
        uint flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Rename(string fromPath, string toPath);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeMode(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(SafeFileHandle file, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FileControl(SafeFileHandle file, int command, FileLock* argument);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatExtended(int folder, string path, int flags, uint mask, StatX* result);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    internal static partial int FileSystemStatusOf(SafeFileHandle file, FileSystemStatus* result);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint RealPath(string path, nint resolved);

    [LibraryImport("libc", EntryPoint = "free")]
    internal static partial void Free(nint memory);

    /// <summary>What <c>errno</c> means for the user, as the error to throw.</summary>
    internal static BlockException Error(int errno, string path, long? offsetBytes, string doing)
    {
        string reason = Marshal.GetPInvokeErrorMessage(errno);
        return new BlockException(KindOf(errno), path, offsetBytes,
            $"cannot {doing}: {reason}{AdviceFor(errno)}");
    }

    private static BlockErrorKind KindOf(int errno) => errno switch
    {
        ENoEnt or ENotDir or ENoDevice => BlockErrorKind.NotFound,
        EAcces or EPerm => BlockErrorKind.Denied,
        ERoFs => BlockErrorKind.ReadOnly,
        ENoSpc or EDQuot or EFBig => BlockErrorKind.NoSpace,
        EExist or EIsDir or ELoop or ENameTooLong => BlockErrorKind.Refused,
        EAgain or EBusy => BlockErrorKind.Locked,
        EOpNotSupp or ENoSys => BlockErrorKind.Unsupported,
        _ => BlockErrorKind.Io,
    };

    private static string AdviceFor(int errno) => errno switch
    {
        ENoSpc or EDQuot => "; free some room on the host and run the same command again",
        EAcces or EPerm => "; check the permissions, or run it as the owner of the file",
        EExist => "; choose another name, or move the existing file away first",
        _ => "",
    };
}
