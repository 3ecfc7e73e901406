using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Partitions;

/// <summary>
/// One of the four entries of a boot record: 16 bytes, little-endian, sectors of 512 bytes. The cylinder,
/// head and sector fields are ignored, as every system since 1995 does.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct BootRecordEntry
{
    /// <summary>0x00: 0x80 active, 0 not; anything else is no table.</summary>
    public byte Status { get; init; }

    /// <summary>0x01</summary>
    public U16Le StartHeadSector { get; init; }

    /// <summary>0x03</summary>
    public byte StartCylinder { get; init; }

    /// <summary>0x04: 0 for an unused entry.</summary>
    public byte Type { get; init; }

    /// <summary>0x05</summary>
    public U16Le EndHeadSector { get; init; }

    /// <summary>0x07</summary>
    public byte EndCylinder { get; init; }

    /// <summary>0x08: first sector.</summary>
    public U32Le Start { get; init; }

    /// <summary>0x0C: number of sectors.</summary>
    public U32Le SectorCount { get; init; }

    public bool IsEmpty => Type == 0 || SectorCount == 0;

    public bool IsExtended => !IsEmpty && Type is 0x05 or 0x0F or 0x85;
}

/// <summary>
/// A master or extended boot record: entries at 446, signature 55 AA at 510, disk id at 440.
/// </summary>
/// <param name="IsTable">True when the signature is there and the four entries can be entries.</param>
/// <param name="DiskId">The disk identifier.</param>
/// <param name="Entries">The four entries, also when they make no sense.</param>
internal sealed record BootRecord(bool IsTable, uint DiskId, BootRecordEntry[] Entries)
{
    public const byte Protective = 0xEE;
    private const int EntriesOffset = 446, EntryBytes = 16, SignatureOffset = 510, DiskIdOffset = 440;

    /// <summary>True when an entry says that a GUID table is what counts.</summary>
    public bool HasProtectiveEntry => IsTable && Entries.Any(entry => entry.Type == Protective);

    /// <summary>True when it names any partition, the protective one included.</summary>
    public bool HasEntries => IsTable && Entries.Any(entry => !entry.IsEmpty);

    /// <summary>
    /// Reads one sector. A master record's partitions cannot begin with the record itself; an extended one's
    /// can point back to the first record of their chain.
    /// </summary>
    public static BootRecord Parse(ReadOnlySpan<byte> sector, bool isMaster)
    {
        var entries = new BootRecordEntry[4];
        bool isTable = sector[SignatureOffset] == 0x55 && sector[SignatureOffset + 1] == 0xAA;
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = MemoryMarshal.Read<BootRecordEntry>(sector[(EntriesOffset + (i * EntryBytes))..]);
            isTable &= entries[i].Status is 0 or 0x80;
            if (isMaster && !entries[i].IsEmpty) { isTable &= entries[i].Start != 0; }
        }
        return new BootRecord(isTable, BinaryPrimitives.ReadUInt32LittleEndian(sector[DiskIdOffset..]),
            entries);
    }

    /// <summary>Byte offset of an entry within its sector.</summary>
    public static int OffsetOfEntry(int index) => EntriesOffset + (index * EntryBytes);
}
