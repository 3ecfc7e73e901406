using System.Runtime.InteropServices;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Partitions;

/// <summary>A GUID as tables store it: the first three groups little-endian.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct GuidField
{
    private readonly U64Le low, high;

    public Guid Value
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            MemoryMarshal.Write(bytes, this);
            return new Guid(bytes);
        }
    }
}

/// <summary>
/// The header of a GUID partition table: 92 bytes, little-endian, in logical sectors (UEFI specification
/// 2.10, 5.3.2).
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct GptHeader
{
    /// <summary>"EFI PART" read as a little-endian number.</summary>
    public const ulong SignatureNumber = 0x5452415020494645;

    public const int SizeBytes = 92, ChecksumOffset = 16, SmallestEntryBytes = 128;

    /// <summary>0x00</summary>
    public U64Le Signature { get; init; }

    /// <summary>0x08: 0x00010000</summary>
    public U32Le Revision { get; init; }

    /// <summary>0x0C: bytes that the checksum covers.</summary>
    public U32Le HeaderBytes { get; init; }

    /// <summary>0x10: CRC-32 of the header, this field taken as 0.</summary>
    public U32Le Checksum { get; init; }

    /// <summary>0x14</summary>
    public U32Le Reserved { get; init; }

    /// <summary>0x18: sector of this header.</summary>
    public U64Le OwnSector { get; init; }

    /// <summary>0x20: sector of the other header.</summary>
    public U64Le OtherSector { get; init; }

    /// <summary>0x28: first sector that partitions may use.</summary>
    public U64Le FirstUsableSector { get; init; }

    /// <summary>0x30: last sector that partitions may use.</summary>
    public U64Le LastUsableSector { get; init; }

    /// <summary>0x38</summary>
    public GuidField DiskId { get; init; }

    /// <summary>0x48: first sector of the entries.</summary>
    public U64Le EntriesSector { get; init; }

    /// <summary>0x50</summary>
    public U32Le EntryCount { get; init; }

    /// <summary>0x54: bytes of an entry: 128 times a power of two.</summary>
    public U32Le EntryBytes { get; init; }

    /// <summary>0x58: CRC-32 of all entries.</summary>
    public U32Le EntriesChecksum { get; init; }
}

/// <summary>
/// An entry of a GUID partition table: 56 bytes, and a name of 36 UTF-16 units behind them.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct GptEntry
{
    public const int NameOffset = 56, NameBytes = 72;

    /// <summary>0x00: all zero for an unused entry.</summary>
    public GuidField Type { get; init; }

    /// <summary>0x10</summary>
    public GuidField UniqueId { get; init; }

    /// <summary>0x20</summary>
    public U64Le FirstSector { get; init; }

    /// <summary>0x28: the last sector that belongs to it.</summary>
    public U64Le LastSector { get; init; }

    /// <summary>0x30: bit 2 asks old firmware to boot from it.</summary>
    public U64Le Attributes { get; init; }
}
