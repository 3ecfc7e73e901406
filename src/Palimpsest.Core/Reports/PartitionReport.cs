using Palimpsest.Core.Partitions;

namespace Palimpsest.Core.Reports;

/// <summary>One partition.</summary>
/// <param name="Number">From 1; logical ones from 5.</param>
/// <param name="Start">Byte offset on the disk.</param>
/// <param name="Length">Bytes, as its entry says.</param>
/// <param name="Type">What its entry says it holds.</param>
/// <param name="Name">Its name in a GUID table; null without one.</param>
/// <param name="UniqueId">Its identity in a GUID table.</param>
/// <param name="IsActive">True when firmware is told to boot from it.</param>
/// <param name="FileSystem">What its first bytes look like; null when they look like nothing known.</param>
public sealed record PartitionReport(
    int Number, long Start, long Length, string Type, string? Name, string? UniqueId, bool IsActive,
    string? FileSystem)
{
    internal static PartitionReport From(Partition partition) => new(
        partition.Number, partition.StartOffset, partition.LengthBytes, partition.Type.ToString()!,
        partition.Name.Length == 0 ? null : partition.Name, partition.UniqueId?.ToString("D"),
        partition.IsActive,
        partition.FileSystemHint);
}

/// <summary>How a disk is divided.</summary>
/// <param name="Scheme"><c>none</c>, <c>mbr</c>, <c>gpt</c>, <c>hybrid</c> or <c>unreadable</c>.</param>
/// <param name="DiskIdentifier">The table's own name for the disk.</param>
/// <param name="SectorBytes">Bytes of the sectors in which the table counts.</param>
/// <param name="FileSystem">The file system that fills a disk without a table.</param>
/// <param name="Partitions">The partitions by number.</param>
public sealed record PartitionTableReport(
    string Scheme, string? DiskIdentifier, int SectorBytes, string? FileSystem,
    IReadOnlyList<PartitionReport> Partitions)
{
    internal static PartitionTableReport From(PartitionTable table) => new(
        table.Scheme switch
        {
            PartitionScheme.None => "none",
            PartitionScheme.Mbr => "mbr",
            PartitionScheme.Gpt => "gpt",
            PartitionScheme.Hybrid => "hybrid",
            _ => "unreadable",
        },
        table.DiskIdentifier, table.SectorBytes, table.FileSystemHint,
        [.. table.Partitions.Select(PartitionReport.From)]);
}
