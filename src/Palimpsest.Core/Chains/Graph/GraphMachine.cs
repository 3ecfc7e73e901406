using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>Where a name in settings or in a snapshot list leads.</summary>
public enum DiskPlace
{
    /// <summary>To a link of the graph.</summary>
    Link,

    /// <summary>To a file that is no link.</summary>
    NotALink,

    /// <summary>Nowhere: no such file.</summary>
    Missing,

    /// <summary>Out of the folder; it was not followed.</summary>
    Outside,
}

/// <summary>A disk of a virtual machine.</summary>
/// <param name="SettingsName">Bare name of the <c>.vmx</c> file.</param>
/// <param name="Disk">What it says.</param>
/// <param name="Place">Where the name leads.</param>
/// <param name="Link">The link it runs from; null unless the place is one.</param>
public sealed record GraphMachineDisk(string SettingsName, VmxDisk Disk, DiskPlace Place, GraphLink? Link);

/// <summary>A virtual machine whose settings lie in the folder.</summary>
/// <param name="Path">Its <c>.vmx</c> file.</param>
/// <param name="Disks">Its disks.</param>
/// <param name="Findings">What is wrong with them.</param>
public sealed record GraphMachine(
    string Path, IReadOnlyList<GraphMachineDisk> Disks, IReadOnlyList<Finding> Findings);

/// <summary>A disk that a snapshot froze.</summary>
/// <param name="Disk">What the list says.</param>
/// <param name="Place">Where the name leads.</param>
/// <param name="Link">The frozen link; null unless the place is one.</param>
public sealed record GraphFrozenDisk(VmsdDisk Disk, DiskPlace Place, GraphLink? Link);

/// <summary>A snapshot with the links it froze.</summary>
/// <param name="ListName">Bare name of the <c>.vmsd</c> file.</param>
/// <param name="Snapshot">What it says.</param>
/// <param name="IsCurrent">True for the one that the machine runs from.</param>
/// <param name="Disks">What it froze.</param>
public sealed record GraphSnapshot(
    string ListName, VmsdSnapshot Snapshot, bool IsCurrent, IReadOnlyList<GraphFrozenDisk> Disks);

/// <summary>The snapshots of a virtual machine.</summary>
/// <param name="Path">The <c>.vmsd</c> file.</param>
/// <param name="NeedsConsolidation">True when deleted snapshots were not merged.</param>
/// <param name="Snapshots">The snapshots, in file order.</param>
/// <param name="Findings">What is wrong with them.</param>
public sealed record GraphSnapshotList(
    string Path, bool NeedsConsolidation, IReadOnlyList<GraphSnapshot> Snapshots,
    IReadOnlyList<Finding> Findings);
