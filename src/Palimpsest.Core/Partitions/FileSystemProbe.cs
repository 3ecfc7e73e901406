using System.Buffers.Binary;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Partitions;

/// <summary>
/// Names a file system by its first bytes. A word for the story of a disk, never the ground of a decision:
/// old signatures outlive what they stood for.
/// </summary>
public static class FileSystemProbe
{
    private const int StartBytes = 4096;

    /// <summary>
    /// What begins at <paramref name="offset"/> (bytes) of the disk, in at most <paramref name="length"/>
    /// bytes; null when it is not recognised, or cannot be read.
    /// </summary>
    public static string? At(IBlockReader disk, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (offset < 0 || offset >= disk.Length) { return null; }
        length = Math.Min(length, disk.Length - offset);
        byte[] start = new byte[Math.Min(length, StartBytes)];
        if (start.Length < 512 || !TryRead(disk, offset, start)) { return null; }
        return BootSectorOf(start) ?? StartOf(start) ?? DeepOf(disk, offset, length);
    }

    private static string? BootSectorOf(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> oemName = start.Slice(3, 8);
        if (oemName.SequenceEqual("NTFS    "u8)) { return "NTFS"; }
        if (oemName.SequenceEqual("EXFAT   "u8)) { return "exFAT"; }
        if (oemName.SequenceEqual("-FVE-FS-"u8)) { return "BitLocker"; }
        if (oemName.StartsWith("ReFS\0"u8)) { return "ReFS"; }
        return FatOf(start);
    }

    // Microsoft, FAT specification: the number of clusters alone tells the three apart.
    private static string? FatOf(ReadOnlySpan<byte> start)
    {
        int sectorBytes = BinaryPrimitives.ReadUInt16LittleEndian(start[11..]);
        int clusterSectors = start[13], reserved = BinaryPrimitives.ReadUInt16LittleEndian(start[14..]);
        int tableCount = start[16], rootEntries = BinaryPrimitives.ReadUInt16LittleEndian(start[17..]);
        bool isFat = start[0] is 0xEB or 0xE9 && start[510] == 0x55 && start[511] == 0xAA
            && sectorBytes is 512 or 1024 or 2048 or 4096 && clusterSectors > 0 && int.IsPow2(clusterSectors)
            && reserved > 0 && tableCount is 1 or 2 && start[21] is 0xF0 or >= 0xF8;
        if (!isFat) { return null; }
        long tableSectors = BinaryPrimitives.ReadUInt16LittleEndian(start[22..]);
        if (tableSectors == 0) { tableSectors = BinaryPrimitives.ReadUInt32LittleEndian(start[36..]); }
        long sectorCount = BinaryPrimitives.ReadUInt16LittleEndian(start[19..]);
        if (sectorCount == 0) { sectorCount = BinaryPrimitives.ReadUInt32LittleEndian(start[32..]); }
        long rootSectors = ((rootEntries * 32L) + sectorBytes - 1) / sectorBytes;
        long clusters = (sectorCount - reserved - (tableCount * tableSectors) - rootSectors) / clusterSectors;
        return clusters switch { <= 0 => null, < 4085 => "FAT12", < 65525 => "FAT16", _ => "FAT32" };
    }

    private static string? StartOf(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("XFSB"u8)) { return "XFS"; }
        if (start.StartsWith((ReadOnlySpan<byte>)[(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE]))
        {
            return "LUKS";
        }
        for (int sector = 0; sector < 4 && ((sector + 1) * 512) <= start.Length; sector++)
        {
            ReadOnlySpan<byte> label = start[(sector * 512)..];
            if (label.StartsWith("LABELONE"u8) && label[24..].StartsWith("LVM2 001"u8)) { return "LVM2"; }
        }
        if (start.Length < StartBytes) { return null; }
        if (BinaryPrimitives.ReadUInt16LittleEndian(start[0x438..]) == 0xEF53)
        {
            return ExtOf(start[0x400..]);
        }
        return start[(StartBytes - 10)..].StartsWith("SWAPSPACE2"u8) ? "swap" : null;
    }

    // Feature words of the superblock: a journal makes ext3, extents or what came with them ext4.
    private static string ExtOf(ReadOnlySpan<byte> superblock)
    {
        const uint HasJournal = 0x4, ExtentsOr64BitOrFlexible = 0x2C0, HugeFileOrChecksums = 0x478;
        uint compatible = BinaryPrimitives.ReadUInt32LittleEndian(superblock[0x5C..]);
        uint incompatible = BinaryPrimitives.ReadUInt32LittleEndian(superblock[0x60..]);
        uint readOnly = BinaryPrimitives.ReadUInt32LittleEndian(superblock[0x64..]);
        if ((incompatible & ExtentsOr64BitOrFlexible) != 0 || (readOnly & HugeFileOrChecksums) != 0)
        {
            return "ext4";
        }
        return (compatible & HasJournal) != 0 ? "ext3" : "ext2";
    }

    private static string? DeepOf(IBlockReader disk, long offset, long length)
    {
        Span<byte> magic = stackalloc byte[8];
        if (Has(disk, offset, length, 0x10040, magic, "_BHRfS_M"u8)) { return "btrfs"; }
        if (Has(disk, offset, length, 0x8001, magic, "CD001"u8)) { return "ISO 9660"; }
        return Has(disk, offset, length, 0x100000, magic, [0x0D, 0xD0, 0x01, 0xC0]) ? "VMFS" : null;
    }

    private static bool Has(
        IBlockReader disk, long offset, long length, int place, Span<byte> buffer,
            ReadOnlySpan<byte> expected)
    {
        if (place + expected.Length > length) { return false; }
        Span<byte> found = buffer[..expected.Length];
        return TryRead(disk, offset + place, found) && found.SequenceEqual(expected);
    }

    private static bool TryRead(IBlockReader disk, long offset, Span<byte> target)
    {
        try
        {
            disk.Read(offset, target);
            return true;
        }
        catch (BlockException)
        {
            return false;
        }
    }
}
