using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>A link that a snapshot froze, by the list.</summary>
/// <param name="Node">Where it was attached; null when the list does not say.</param>
/// <param name="FileName">Its name, as written.</param>
/// <param name="Exists">Whether it is there.</param>
/// <param name="IsAncestor">Whether the chain of a running link goes through it.</param>
public sealed record SnapshotLinkReport(string? Node, string FileName, bool Exists, bool IsAncestor);

/// <summary>One snapshot of a machine.</summary>
/// <param name="Uid">Its number.</param>
/// <param name="ParentUid">The snapshot it was taken after; null for the first.</param>
/// <param name="Depth">How many snapshots it stands on.</param>
/// <param name="Name">Its display name.</param>
/// <param name="Description">Its description.</param>
/// <param name="CreatedUtc">When it was taken; null when the list does not say.</param>
/// <param name="IsCurrent">True for the one that the machine stands on.</param>
/// <param name="Disks">What it froze.</param>
public sealed record SnapshotReport(
    int Uid, int? ParentUid, int Depth, string? Name, string? Description, DateTime? CreatedUtc,
    bool IsCurrent,
    IReadOnlyList<SnapshotLinkReport> Disks);

/// <summary>One link, seen as a moment.</summary>
/// <param name="Name">File name.</param>
/// <param name="Parent">File name of the link it stands on; null for the lowest.</param>
/// <param name="TimeUtc">The last change of its data; null when that is not there.</param>
/// <param name="ContentId">Its CID, eight hexadecimal digits; null when it is not readable.</param>
/// <param name="LengthBytes">Length of its files, in bytes.</param>
/// <param name="IsHead">True for the link that runs.</param>
/// <param name="IsInChain">True when the running link's chain goes through it.</param>
/// <param name="IsFrozen">True when a link stands on it, or a snapshot of the list froze it.</param>
/// <param name="IsReadOnly">True when nobody has the permission to write to it.</param>
/// <param name="Snapshots">Numbers of the snapshots of the list that froze it.</param>
public sealed record MomentReport(
    string Name, string? Parent, DateTime? TimeUtc, string? ContentId, long LengthBytes, bool IsHead,
    bool IsInChain,
    bool IsFrozen, bool IsReadOnly, IReadOnlyList<int> Snapshots);

/// <summary>One disk with its links.</summary>
/// <param name="Node">Where it is attached; null for a disk without a machine.</param>
/// <param name="Head">File name of the link that runs.</param>
/// <param name="Problem">Why it does not open; null when it does.</param>
/// <param name="Links">Its links with all branches, each after its parent.</param>
public sealed record SnapshotDiskReport(string? Node, string Head, string? Problem,
    IReadOnlyList<MomentReport> Links);

/// <summary>The snapshots of a machine or a disk.</summary>
public sealed record SnapshotListReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>snapshot-list</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "snapshot-list";

    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>The machine's settings file; null for a disk without a machine.</summary>
    public string? Machine { get; init; }

    /// <summary>Its list of snapshots; null when there is none.</summary>
    public string? List { get; init; }

    /// <summary>True when the list says that links are left to be merged.</summary>
    public required bool NeedsConsolidation { get; init; }

    /// <summary>The snapshots of the list as a tree: each after its parent.</summary>
    public required IReadOnlyList<SnapshotReport> Snapshots { get; init; }

    /// <summary>The disks.</summary>
    public required IReadOnlyList<SnapshotDiskReport> Disks { get; init; }

    /// <summary>What does not fit together.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>0, or what the worst finding asks for.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The report of an inventory of <paramref name="path"/>.</summary>
    public static SnapshotListReport From(string path, SnapshotInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        int exitCode = FindingReport.ExitCodeOf(inventory.Findings.Items);
        bool isBroken = inventory.Disks.Any(disk => disk.Problem is not null);
        return new SnapshotListReport
        {
            Path = path,
            Machine = inventory.MachinePath,
            List = inventory.ListPath,
            NeedsConsolidation = inventory.NeedsConsolidation,
            Snapshots = [.. inventory.Snapshots.Select(From)],
            Disks = [.. inventory.Disks.Select(From)],
            Findings = FindingReport.From(inventory.Findings.Items),
            ExitCode = isBroken && exitCode < ExitCodes.SourceUnreadable
            ? ExitCodes.ChainIncomplete : exitCode,
        };
    }

    private static SnapshotReport From(ListedSnapshot listed) => new(
        listed.Snapshot.Uid, listed.Snapshot.ParentUid, listed.Depth, listed.Snapshot.DisplayName,
        listed.Description,
        listed.Snapshot.CreatedUtc, listed.IsCurrent,
        [.. listed.Links.Select(link =>
        new SnapshotLinkReport(link.Node, link.FileName, link.Exists, link.IsAncestor))]);

    private static SnapshotDiskReport From(ListedDisk disk) => new(
        disk.Node, HostPath.NameOf(disk.HeadPath), disk.Problem, [.. disk.Moments.Select(From)]);

    private static MomentReport From(Moment moment) => new(
        HostPath.NameOf(moment.Path), moment.ParentPath is null ? null : HostPath.NameOf(moment.ParentPath),
        moment.TimeUtc, moment.ContentId?.ToString("x8", System.Globalization.CultureInfo.InvariantCulture),
        moment.LengthBytes, moment.IsHead, moment.IsInChain, moment.IsFrozen, moment.IsReadOnly,
        moment.Snapshots);
}
