using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Partitions;

/// <summary>What a GUID partition table says.</summary>
internal sealed record GptTable(Guid DiskId, int SectorBytes, IReadOnlyList<Partition> Partitions);

/// <summary>
/// Reads a GUID partition table from its first copy, or from the one at the end of the disk where the first
/// is damaged.
/// </summary>
internal static class GptReader
{
    private const int MaximumEntriesBytes = 1 << 22;
    private static readonly int[] sectorSizes = [Sector.Bytes, 4096];

    /// <summary>True when a header's first bytes are in sector 1, whatever follows them.</summary>
    public static bool HasSignature(SectorSource sectors)
    {
        byte[] bytes = new byte[Sector.Bytes];
        return sectors.TryRead(Sector.Bytes, bytes)
            && MemoryMarshal.Read<GptHeader>(bytes).Signature == GptHeader.SignatureNumber;
    }

    /// <summary>
    /// The table; null when the disk has none. One that is announced and lost is a finding and empty.
    /// </summary>
    public static GptTable? Read(SectorSource sectors, bool isAnnounced, bool trustsBackup)
    {
        foreach (int sectorBytes in sectorSizes)
        {
            Copy primary = ReadCopy(sectors, 1, sectorBytes);
            if (primary.State == CopyState.Sound)
            {
                CheckBackup(sectors, primary, sectorBytes);
                return Build(sectors, primary, sectorBytes);
            }
            if (!trustsBackup && primary.State == CopyState.Absent) { continue; }
            long lastSector = (sectors.Disk.Length / sectorBytes) - 1;
            Copy backup = ReadCopy(sectors, lastSector, sectorBytes);
            if (backup.State == CopyState.Sound)
            {
                sectors.Add(PartitionFindings.PrimaryDamaged, primary.Complaint, sectorBytes);
                return Build(sectors, backup, sectorBytes);
            }
            if (primary.State == CopyState.EntriesDamaged)
            {
                sectors.Add(PartitionFindings.EntriesDamaged, primary.Complaint,
                    primary.EntriesOffset(sectorBytes));
                return Build(sectors, primary, sectorBytes);
            }
            if (primary.State == CopyState.Damaged)
            {
                sectors.Add(PartitionFindings.Lost, $"{primary.Complaint}; {backup.Complaint}", sectorBytes);
                return new GptTable(Guid.Empty, sectorBytes, []);
            }
        }
        if (!isAnnounced) { return null; }
        sectors.Add(PartitionFindings.Lost, "neither sector 1 nor the last one holds its header",
            Sector.Bytes);
        return new GptTable(Guid.Empty, Sector.Bytes, []);
    }

    private static void CheckBackup(SectorSource sectors, in Copy primary, int sectorBytes)
    {
        long lastSector = (sectors.Disk.Length / sectorBytes) - 1;
        ulong otherSector = primary.Header.OtherSector;
        if (otherSector < (ulong)lastSector)
        {
            sectors.Add(PartitionFindings.Grown,
                $"the second header is said to be at sector {otherSector}, the disk's last is {lastSector}",
                    sectorBytes);
        }
        Copy backup = otherSector <= (ulong)lastSector
            ? ReadCopy(sectors, (long)otherSector, sectorBytes)
            : new Copy(CopyState.Absent, default, [], $"sector {otherSector} is not on the disk");
        if (backup.State != CopyState.Sound)
        {
            sectors.Add(PartitionFindings.BackupDamaged, backup.Complaint,
                (long)Math.Min(otherSector, (ulong)lastSector) * sectorBytes);
        }
        else if (backup.Header.EntriesChecksum != primary.Header.EntriesChecksum)
        {
            sectors.Add(PartitionFindings.CopiesDiffer, "the two copies have different checksums",
                (long)otherSector * sectorBytes);
        }
    }

    private static Copy ReadCopy(SectorSource sectors, long sector, int sectorBytes)
    {
        string where = $"the header at sector {sector}";
        byte[] bytes = new byte[sectorBytes];
        if (!sectors.TryRead(sector * sectorBytes, bytes))
        {
            return new Copy(CopyState.Absent, default, [], $"{where} cannot be had");
        }
        GptHeader header = MemoryMarshal.Read<GptHeader>(bytes);
        if (header.Signature != GptHeader.SignatureNumber)
        {
            return new Copy(CopyState.Absent, default, [], $"{where} is not there");
        }
        if (FaultOf(header, bytes, sector, sectors.Disk.Length / sectorBytes) is { } fault)
        {
            return new Copy(CopyState.Damaged, header, [], $"{where} {fault}");
        }
        byte[] entries = new byte[(uint)header.EntryCount * (uint)header.EntryBytes];
        if (!sectors.TryRead((long)(ulong)header.EntriesSector * sectorBytes, entries))
        {
            return new Copy(CopyState.Damaged, header, [], $"the entries of {where} cannot be had");
        }
        bool isSound = Crc32.HashToUInt32(entries) == header.EntriesChecksum;
        return new Copy(isSound ? CopyState.Sound : CopyState.EntriesDamaged, header, entries,
            isSound ? "" : $"the entries of {where} do not match their checksum");
    }

    // What is wrong with a header, in words that follow "the header at sector N"; null when it can be
    // believed.
    private static string? FaultOf(in GptHeader header, byte[] bytes, long sector, long diskSectors)
    {
        uint headerBytes = header.HeaderBytes;
        if (headerBytes < GptHeader.SizeBytes || headerBytes > bytes.Length)
        {
            return $"claims {headerBytes} bytes";
        }
        byte[] summed = bytes[..(int)headerBytes];
        summed.AsSpan(GptHeader.ChecksumOffset, 4).Clear();
        if (Crc32.HashToUInt32(summed) != header.Checksum) { return "does not match its checksum"; }
        if (header.OwnSector != (ulong)sector)
        {
            return $"says that it lies at sector {(ulong)header.OwnSector}";
        }
        uint entryBytes = header.EntryBytes;
        if (entryBytes < GptHeader.SmallestEntryBytes || !uint.IsPow2(entryBytes)
            || (ulong)header.EntryCount * entryBytes > MaximumEntriesBytes)
        {
            return $"claims {(uint)header.EntryCount} entries of {entryBytes} bytes";
        }
        long entriesSectors = ((long)(uint)header.EntryCount * entryBytes + bytes.Length - 1) / bytes.Length;
        return header.EntriesSector > (ulong)Math.Max(0, diskSectors - entriesSectors)
            ? "places its entries behind the disk's end" : null;
    }

    private static GptTable Build(SectorSource sectors, in Copy copy, int sectorBytes)
    {
        var partitions = new List<Partition>();
        int entryBytes = (int)(uint)copy.Header.EntryBytes;
        for (int i = 0; i < copy.Header.EntryCount; i++)
        {
            ReadOnlySpan<byte> bytes = copy.Entries.AsSpan(i * entryBytes, entryBytes);
            GptEntry entry = MemoryMarshal.Read<GptEntry>(bytes);
            if (entry.Type.Value == Guid.Empty) { continue; }
            long offset = copy.EntriesOffset(sectorBytes) + ((long)i * entryBytes);
            ulong first = entry.FirstSector, last = entry.LastSector;
            if (first > last || last >= (ulong)(long.MaxValue / sectorBytes))
            {
                sectors.Add(PartitionFindings.EntryImpossible,
                    $"entry {i + 1} says sectors {first} to {last}", offset);
                continue;
            }
            if (first < copy.Header.FirstUsableSector || last > copy.Header.LastUsableSector)
            {
                sectors.Add(PartitionFindings.OutsideUsable,
                    $"partition {i + 1} has sectors {first} to {last}, the table allows "
                    + $"{(ulong)copy.Header.FirstUsableSector} to {(ulong)copy.Header.LastUsableSector}",
                        offset);
            }
            partitions.Add(
                new Partition(i + 1, (long)first * sectorBytes, (long)(last - first + 1) * sectorBytes,
                PartitionType.FromGuid(entry.Type.Value))
            {
                Name = NameOf(bytes.Slice(GptEntry.NameOffset, GptEntry.NameBytes)),
                UniqueId = entry.UniqueId.Value,
                IsActive = (entry.Attributes & 4) != 0,
            });
        }
        return new GptTable(copy.Header.DiskId.Value, sectorBytes, partitions);
    }

    private static string NameOf(ReadOnlySpan<byte> bytes)
    {
        string name = Encoding.Unicode.GetString(bytes);
        int end = name.IndexOf('\0', StringComparison.Ordinal);
        return end < 0 ? name : name[..end];
    }

    private enum CopyState
    {
        Absent,
        Damaged,
        EntriesDamaged,
        Sound,
    }

    private readonly record struct Copy(CopyState State, GptHeader Header, byte[] Entries, string Complaint)
    {
        public long EntriesOffset(int sectorBytes) => (long)(ulong)Header.EntriesSector * sectorBytes;
    }
}
