using Palimpsest.Core.Chains.Graph;

namespace Palimpsest.Core.Reports;

/// <summary>A virtual machine beside the links.</summary>
/// <param name="Path">Its <c>.vmx</c> file.</param>
/// <param name="Disks">Its disks.</param>
public sealed record ChainMachineReport(string Path, IReadOnlyList<ChainMachineDiskReport> Disks)
{
    internal static ChainMachineReport From(GraphMachine machine) => new(machine.Path,
    [
        .. machine.Disks.Select(disk => new ChainMachineDiskReport(
            disk.Disk.Node, disk.Disk.FileName, WordFor(disk.Place), disk.Link?.Path)),
    ]);

    internal static string WordFor(DiskPlace place) => place switch
    {
        DiskPlace.Link => "link",
        DiskPlace.NotALink => "notALink",
        DiskPlace.Missing => "missing",
        _ => "outside",
    };
}

/// <summary>A disk of a machine, or one that a snapshot froze.</summary>
/// <param name="Node">Where it is attached; null when not said.</param>
/// <param name="FileName">The file, as written.</param>
/// <param name="Place"><c>link</c>, <c>notALink</c>, <c>missing</c> or <c>outside</c>.</param>
/// <param name="Link">Path of the link.</param>
public sealed record ChainMachineDiskReport(string? Node, string FileName, string Place, string? Link);

/// <summary>The snapshots of a machine.</summary>
/// <param name="Path">The <c>.vmsd</c> file.</param>
/// <param name="NeedsConsolidation">True when deleted snapshots were not merged.</param>
/// <param name="Snapshots">The snapshots, in file order.</param>
public sealed record ChainSnapshotListReport(
    string Path, bool NeedsConsolidation, IReadOnlyList<ChainSnapshotReport> Snapshots)
{
    internal static ChainSnapshotListReport From(GraphSnapshotList list) => new(
        list.Path, list.NeedsConsolidation, [.. list.Snapshots.Select(ChainSnapshotReport.From)]);
}

/// <summary>A snapshot and the links it froze.</summary>
/// <param name="Uid">Its number.</param>
/// <param name="ParentUid">The snapshot it was taken after; null for the first.</param>
/// <param name="Name">Its name, as the user gave it.</param>
/// <param name="CreatedUtc">When it was taken.</param>
/// <param name="IsCurrent">True for the one that the machine runs from.</param>
/// <param name="Disks">What it froze.</param>
public sealed record ChainSnapshotReport(
    int Uid, int? ParentUid, string? Name, DateTime? CreatedUtc, bool IsCurrent,
    IReadOnlyList<ChainMachineDiskReport> Disks)
{
    internal static ChainSnapshotReport From(GraphSnapshot snapshot) => new(
        snapshot.Snapshot.Uid, snapshot.Snapshot.ParentUid, snapshot.Snapshot.DisplayName,
        snapshot.Snapshot.CreatedUtc, snapshot.IsCurrent,
        [
            .. snapshot.Disks.Select(disk => new ChainMachineDiskReport(
                disk.Disk.Node, disk.Disk.FileName, ChainMachineReport.WordFor(disk.Place),
                disk.Link?.Path)),
        ]);
}
