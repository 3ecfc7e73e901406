using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Partitions;

/// <summary>How a disk is divided.</summary>
public enum PartitionScheme
{
    /// <summary>Not at all: empty, or one file system from the first sector on.</summary>
    None,

    /// <summary>A master boot record, with logical partitions where it has an extended one.</summary>
    Mbr,

    /// <summary>A GUID partition table.</summary>
    Gpt,

    /// <summary>
    /// A GUID partition table whose boot record names some of its partitions too. The GUID table is used.
    /// </summary>
    Hybrid,

    /// <summary>The sector that would tell cannot be read.</summary>
    Unreadable,
}

/// <summary>One partition.</summary>
/// <param name="Number">From 1; logical ones of a boot record from 5, as Linux counts.</param>
/// <param name="StartOffset">Where it begins on the disk, in bytes.</param>
/// <param name="LengthBytes">How long its entry says it is; may reach past the end of a cut disk.</param>
/// <param name="Type">What its entry says it holds.</param>
public sealed record Partition(int Number, long StartOffset, long LengthBytes, PartitionType Type)
{
    /// <summary>The name in a GUID table; empty in a boot record.</summary>
    public string Name { get; init; } = "";

    /// <summary>Identity of this partition in a GUID table; null in a boot record.</summary>
    public Guid? UniqueId { get; init; }

    /// <summary>True when firmware is told to boot from it.</summary>
    public bool IsActive { get; init; }

    /// <summary>True for the extended partition, which only holds the logical ones.</summary>
    public bool IsContainer { get; init; }

    /// <summary>
    /// The file system its first bytes look like; null when they look like none. For the story only.
    /// </summary>
    public string? FileSystemHint { get; init; }

    /// <summary>First byte behind it.</summary>
    public long EndOffset => StartOffset + LengthBytes;

    /// <summary>True when all of it lies on a disk of this many bytes.</summary>
    public bool FitsIn(long diskBytes) => EndOffset <= diskBytes;
}

/// <summary>How a disk is divided into partitions, as its own tables say.</summary>
public sealed record PartitionTable
{
    /// <summary>Which kind of table.</summary>
    public required PartitionScheme Scheme { get; init; }

    /// <summary><c>0xf1d3f624</c> of a boot record, a GUID of a GUID table, null without a table.</summary>
    public string? DiskIdentifier { get; init; }

    /// <summary>Bytes of the logical sector in which the table counts: 512, or 4096.</summary>
    public int SectorBytes { get; init; } = Sector.Bytes;

    /// <summary>The partitions by number.</summary>
    public IReadOnlyList<Partition> Partitions { get; init; } = [];

    /// <summary>The file system that fills a disk without a table; null when none is recognised.</summary>
    public string? FileSystemHint { get; init; }

    /// <summary>
    /// Reads the table of a disk. Damage is told by <paramref name="findings"/>; nothing is thrown for what
    /// the disk holds, nor for sectors that cannot be read.
    /// </summary>
    /// <param name="disk">The whole disk.</param>
    /// <param name="findings">What is wrong, offsets in bytes of the disk.</param>
    /// <param name="path">The disk's name, for findings.</param>
    public static PartitionTable Read(IBlockReader disk, FindingList findings, string path = "disk")
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(findings);
        if (disk.Length < Sector.Bytes) { return new PartitionTable { Scheme = PartitionScheme.None }; }
        var sectors = new SectorSource(disk, findings, path);
        byte[] first = new byte[Sector.Bytes];
        if (!sectors.TryRead(0, first)) { return new PartitionTable { Scheme = PartitionScheme.Unreadable }; }
        BootRecord record = BootRecord.Parse(first, isMaster: true);
        PartitionTable table = FindGpt(record, first, sectors) is { } gpt
            ? FromGpt(gpt, record, sectors)
            : FromBootRecord(record, sectors);
        return table with { Partitions = WithHints(table.Partitions, disk) };
    }

    // A boot record of plain partitions counts, also before a GUID table that somebody forgot to wipe; and a
    // table's second copy counts alone only where the first was announced, or where the disk's beginning is
    // gone.
    private static GptTable? FindGpt(BootRecord record, byte[] firstSector, SectorSource sectors)
    {
        if (!record.HasProtectiveEntry && record.HasEntries)
        {
            if (GptReader.HasSignature(sectors))
            {
                sectors.Add(PartitionFindings.StaleGpt, "sector 1 begins as the header of a GUID table",
                    Sector.Bytes);
            }
            return null;
        }
        bool isWiped = firstSector.AsSpan().IndexOfAnyExcept((byte)0) < 0
            && FileSystemProbe.At(sectors.Disk, 0, sectors.Disk.Length) is null;
        return GptReader.Read(sectors, record.HasProtectiveEntry, record.HasProtectiveEntry || isWiped);
    }

    private static PartitionTable FromGpt(GptTable gpt, BootRecord record, SectorSource sectors)
    {
        bool isHybrid = record.IsTable
            && record.Entries.Any(entry => !entry.IsEmpty && entry.Type != BootRecord.Protective);
        if (isHybrid)
        {
            sectors.Add(PartitionFindings.Hybrid,
                "the boot record names partitions beside the protective one", 446);
        }
        else if (!record.HasProtectiveEntry)
        {
            sectors.Add(PartitionFindings.ProtectiveMissing,
                "there is no entry of type 0xee in the boot record", 446);
        }
        CheckPlaces(gpt.Partitions, sectors);
        return new PartitionTable
        {
            Scheme = isHybrid ? PartitionScheme.Hybrid : PartitionScheme.Gpt,
            DiskIdentifier = gpt.DiskId == Guid.Empty ? null : gpt.DiskId.ToString("D").ToUpperInvariant(),
            SectorBytes = gpt.SectorBytes,
            Partitions = gpt.Partitions,
        };
    }

    private static PartitionTable FromBootRecord(BootRecord record, SectorSource sectors)
    {
        string? fileSystem = FileSystemProbe.At(sectors.Disk, 0, sectors.Disk.Length);
        if (!record.HasEntries && (fileSystem is not null || !record.IsTable))
        {
            return new PartitionTable { Scheme = PartitionScheme.None, FileSystemHint = fileSystem };
        }
        List<Partition> partitions = MbrReader.Partitions(record, sectors);
        CheckPlaces(partitions, sectors);
        return new PartitionTable
        {
            Scheme = PartitionScheme.Mbr,
            DiskIdentifier = $"0x{record.DiskId:x8}",
            Partitions = partitions,
        };
    }

    // Overlaps and ends, for either table. The extended partition holds its logical ones, so it is left out
    // of overlaps.
    private static void CheckPlaces(IReadOnlyList<Partition> partitions, SectorSource sectors)
    {
        Partition? before = null;
        foreach (Partition partition in partitions.Where(each => !each.IsContainer)
            .OrderBy(each => each.StartOffset))
        {
            if (before is not null && partition.StartOffset < before.EndOffset)
            {
                sectors.Add(PartitionFindings.Overlap,
                    $"partition {partition.Number} begins at {partition.StartOffset}, before partition "
                    + $"{before.Number} ends at {before.EndOffset}", partition.StartOffset);
            }
            if (before is null || partition.EndOffset > before.EndOffset) { before = partition; }
        }
        foreach (Partition partition in partitions)
        {
            if (partition.FitsIn(sectors.Disk.Length)) { continue; }
            sectors.Add(PartitionFindings.BeyondEnd,
                $"partition {partition.Number} ends at byte {partition.EndOffset}, "
                + $"the disk at {sectors.Disk.Length}",
                partition.StartOffset);
        }
    }

    private static List<Partition> WithHints(IReadOnlyList<Partition> partitions, IBlockReader disk)
    {
        var hinted = new List<Partition>(partitions.Count);
        foreach (Partition partition in partitions)
        {
            hinted.Add(partition.IsContainer ? partition : partition with
            {
                FileSystemHint = FileSystemProbe.At(disk, partition.StartOffset, partition.LengthBytes),
            });
        }
        return hinted;
    }
}
