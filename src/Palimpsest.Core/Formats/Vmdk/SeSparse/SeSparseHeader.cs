using System.Runtime.InteropServices;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.SeSparse;

/// <summary>
/// The constant header of a seSparse extent: sector 0, little-endian, offsets and sizes in sectors; the rest
/// of the sector is zero. VMware does not publish it; source: what qemu, dissect and xen-orchestra agree on.
/// Byte table: <c>README.md</c> beside this file.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct SeSparseHeader
{
    /// <summary>Marks the format.</summary>
    public const ulong MagicNumber = 0x00000000CAFEBABE;

    /// <summary>2.1, the only version known.</summary>
    public const ulong KnownVersion = 0x0000000200000001;

    /// <summary>Sectors of a grain.</summary>
    public const int GrainSectors = 8;

    /// <summary>Sectors of a grain table.</summary>
    public const int TableSectors = 64;

    /// <summary>0x00</summary>
    public U64Le Magic { get; init; }

    /// <summary>0x08</summary>
    public U64Le Version { get; init; }

    /// <summary>0x10: capacity in sectors.</summary>
    public U64Le Capacity { get; init; }

    /// <summary>0x18: 8</summary>
    public U64Le GrainSize { get; init; }

    /// <summary>0x20: 64</summary>
    public U64Le GrainTableSize { get; init; }

    /// <summary>0x28: 0</summary>
    public U64Le Flags { get; init; }

    /// <summary>0x30: 0</summary>
    public U64Le Reserved1 { get; init; }

    /// <summary>0x38: 0</summary>
    public U64Le Reserved2 { get; init; }

    /// <summary>0x40: 0</summary>
    public U64Le Reserved3 { get; init; }

    /// <summary>0x48: 0</summary>
    public U64Le Reserved4 { get; init; }

    /// <summary>0x50</summary>
    public U64Le VolatileHeaderOffset { get; init; }

    /// <summary>0x58</summary>
    public U64Le VolatileHeaderSize { get; init; }

    /// <summary>0x60</summary>
    public U64Le JournalHeaderOffset { get; init; }

    /// <summary>0x68</summary>
    public U64Le JournalHeaderSize { get; init; }

    /// <summary>0x70</summary>
    public U64Le JournalOffset { get; init; }

    /// <summary>0x78</summary>
    public U64Le JournalSize { get; init; }

    /// <summary>0x80</summary>
    public U64Le DirectoryOffset { get; init; }

    /// <summary>0x88</summary>
    public U64Le DirectorySize { get; init; }

    /// <summary>0x90</summary>
    public U64Le TablesOffset { get; init; }

    /// <summary>0x98</summary>
    public U64Le TablesSize { get; init; }

    /// <summary>0xA0</summary>
    public U64Le FreeBitmapOffset { get; init; }

    /// <summary>0xA8</summary>
    public U64Le FreeBitmapSize { get; init; }

    /// <summary>0xB0</summary>
    public U64Le BackMapOffset { get; init; }

    /// <summary>0xB8</summary>
    public U64Le BackMapSize { get; init; }

    /// <summary>0xC0</summary>
    public U64Le GrainsOffset { get; init; }

    /// <summary>0xC8</summary>
    public U64Le GrainsSize { get; init; }
}

/// <summary>The volatile header of a seSparse extent: one sector; the rest of it is zero.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct SeSparseVolatileHeader
{
    /// <summary>Marks it.</summary>
    public const ulong MagicNumber = 0x00000000CAFECAFE;

    /// <summary>0x00</summary>
    public U64Le Magic { get; init; }

    /// <summary>0x08: index of the next free table.</summary>
    public U64Le FreeTableNumber { get; init; }

    /// <summary>0x10: next transaction.</summary>
    public U64Le NextTransaction { get; init; }

    /// <summary>0x18: not 0 when the journal is to be replayed.</summary>
    public U64Le ReplayJournal { get; init; }
}

/// <summary>What the 64-bit entries of directories and tables mean. Pure.</summary>
internal static class SeSparseEntry
{
    /// <summary>No place.</summary>
    internal const long None = -1;

    private const ulong TableMark = 0x1000_0000_0000_0000, TableMarkMask = 0xFFFF_FFFF_0000_0000;

    /// <summary>What a table entry says.</summary>
    internal enum Kind
    {
        /// <summary>Nothing is stored.</summary>
        Hole,

        /// <summary>Zeros: unmapped by the guest, or zeroed.</summary>
        Zero,

        /// <summary>A grain.</summary>
        Data,

        /// <summary>Not a form known.</summary>
        Damaged,
    }

    /// <summary>
    /// The index of the table a directory entry other than 0 names, or <see cref="None"/> when it is damaged.
    /// </summary>
    internal static long TableNumber(ulong entry) =>
        (entry & TableMarkMask) == TableMark ? (uint)entry : None;

    /// <summary>What a table entry says.</summary>
    internal static Kind KindOf(ulong entry) => (entry >> 60) switch
    {
        0 => entry == 0 ? Kind.Hole : Kind.Damaged,
        1 or 2 => Kind.Zero,
        3 => Kind.Data,
        _ => Kind.Damaged,
    };

    /// <summary>The grain a data entry names: its upper 12 bits are the lower ones of the number.</summary>
    internal static long GrainNumber(ulong entry) =>
        (long)(((entry & 0x0FFF_0000_0000_0000) >> 48) | ((entry & 0x0000_FFFF_FFFF_FFFF) << 12));
}
