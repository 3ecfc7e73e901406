using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Partitions;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>
/// The whole story of a disk: what it is, how it is divided, and what its files are to their host.
/// </summary>
public sealed record StoryReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>story</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "story";

    /// <summary>What the disk is, with the findings of the partition table among its own.</summary>
    public required DiskReport Disk { get; init; }

    /// <summary>How it is divided; null for a disk that does not open.</summary>
    public PartitionTableReport? Partitions { get; init; }

    /// <summary>The files of all links, each once.</summary>
    public required IReadOnlyList<HostFileReport> HostFiles { get; init; }

    /// <summary>Tells the story of a disk that was looked at.</summary>
    public static StoryReport From(DiskInspection inspection, IHost? host = null)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        IHost place = host ?? LocalHost.Instance;
        var findings = new FindingList();
        foreach (Finding finding in inspection.Findings.Items) { findings.Add(finding); }
        PartitionTable? table = inspection.Disk is { } disk
            ? PartitionTable.Read(disk.Reader, findings, inspection.Path) : null;
        DiskReport report = DiskReport.From(inspection, place);
        return new StoryReport
        {
            Disk = report with
            {
                Findings = FindingReport.From(findings.Items),
                DroppedFindings = report.DroppedFindings + findings.DroppedCount,
                ExitCode = FindingReport.ExitCodeOf(findings.Items),
            },
            Partitions = table is null ? null : PartitionTableReport.From(table),
            HostFiles =
            [
                .. inspection.Links.SelectMany(link => link.Files).Distinct()
                .Select(path => HostFileReport.Of(place, path)),
            ],
        };
    }
}
