using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Partitions;

/// <summary>The partitions of a boot record and of the chain of extended ones behind it.</summary>
internal static class MbrReader
{
    /// <summary>No system makes more logical partitions than this; a longer chain is damage.</summary>
    private const int MaximumLogical = 128;

    private const int FirstLogicalNumber = 5;

    public static List<Partition> Partitions(BootRecord record, SectorSource sectors)
    {
        var partitions = new List<Partition>();
        var extended = new List<BootRecordEntry>();
        for (int i = 0; i < record.Entries.Length; i++)
        {
            BootRecordEntry entry = record.Entries[i];
            if (entry.IsEmpty) { continue; }
            partitions.Add(Make(i + 1, entry, entry.Start));
            if (entry.IsExtended) { extended.Add(entry); }
        }
        if (extended.Count > 1)
        {
            sectors.Add(PartitionFindings.SeveralExtended,
                $"{extended.Count} entries are extended partitions", BootRecord.OffsetOfEntry(0));
        }
        if (extended.Count > 0) { AddLogical(partitions, extended[0], sectors); }
        return partitions;
    }

    private static Partition Make(int number, in BootRecordEntry entry, long startSector) =>
        new(number, startSector * Sector.Bytes, (long)(uint)entry.SectorCount * Sector.Bytes,
            PartitionType.FromCode(entry.Type))
        {
            IsActive = entry.Status == 0x80,
            IsContainer = entry.IsExtended,
        };

    // Each record of the chain names one logical partition, relative to itself, and the next record, relative
    // to the whole extended partition. All sums of 32-bit sectors fit in 64 bits.
    private static void AddLogical(List<Partition> partitions, in BootRecordEntry extended,
        SectorSource sectors)
    {
        long baseSector = extended.Start, recordSector = baseSector;
        long endSector = baseSector + extended.SectorCount;
        var seen = new HashSet<long>();
        byte[] bytes = new byte[Sector.Bytes];
        int number = FirstLogicalNumber;
        while (true)
        {
            long offset = recordSector * Sector.Bytes;
            if (!seen.Add(recordSector) || seen.Count > MaximumLogical)
            {
                sectors.Add(PartitionFindings.ExtendedLoop, $"the chain comes back to sector {recordSector}",
                    offset);
                return;
            }
            if (!sectors.TryRead(offset, bytes))
            {
                sectors.Add(PartitionFindings.ExtendedBroken,
                    $"the record at sector {recordSector} cannot be had", offset);
                return;
            }
            BootRecord record = BootRecord.Parse(bytes, isMaster: false);
            if (!record.IsTable)
            {
                sectors.Add(PartitionFindings.ExtendedBroken, $"sector {recordSector} holds no boot record",
                    offset);
                return;
            }
            BootRecordEntry logical = record.Entries[0], next = record.Entries[1];
            if (!logical.IsEmpty && !logical.IsExtended)
            {
                long start = recordSector + logical.Start;
                partitions.Add(Make(number++, logical, start));
                if (start + logical.SectorCount > endSector)
                {
                    sectors.Add(PartitionFindings.LogicalOutside,
                        $"logical partition {number - 1} ends at sector {start + logical.SectorCount}, "
                        + $"the extended one at {endSector}", offset);
                }
            }
            if (!next.IsExtended) { return; }
            recordSector = baseSector + next.Start;
        }
    }
}
