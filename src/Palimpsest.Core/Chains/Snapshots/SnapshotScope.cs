using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>One disk that a snapshot verb is about.</summary>
/// <param name="HeadPath">The link that runs, links of the host resolved.</param>
/// <param name="Attachment">Where the machine has it; null for a disk without a machine.</param>
/// <param name="Chain">Its links, head first, as far as they were found.</param>
/// <param name="ChainPaths">Their files, links of the host resolved.</param>
/// <param name="Family">
/// All links of the folder that hang together with it, branches included: the lowest first, each after its
/// parent.
/// </param>
/// <param name="Failure">Why it does not open; null when it does.</param>
internal sealed record ScopeDisk(
    string HeadPath, VmxDisk? Attachment, IReadOnlyList<Link> Chain, IReadOnlyList<string> ChainPaths,
    IReadOnlyList<string> Family, Exception? Failure)
{
    /// <summary>True when the machine keeps it out of snapshots.</summary>
    public bool IsIndependent => Attachment is { } attachment && VmxDisks.IsIndependent(attachment);
}

/// <summary>
/// What a snapshot verb is about: the disks that take part, and the machine's files beside them.
/// </summary>
internal sealed record SnapshotScope
{
    /// <summary>The <c>.vmx</c> file or the disk that was named, links of the host resolved.</summary>
    public required string NamedPath { get; init; }

    /// <summary>The folder of all of it.</summary>
    public required MachineFolder Machines { get; init; }

    /// <summary>The machine's settings; null for a disk without a machine.</summary>
    public MachineSettings? Settings { get; init; }

    /// <summary>Its list of snapshots; null when there is none.</summary>
    public SnapshotList? List { get; init; }

    /// <summary>Where the list is, or would be; null when there is neither a machine nor a list.</summary>
    public string? ListPath { get; init; }

    /// <summary>The disks that take part.</summary>
    public required IReadOnlyList<ScopeDisk> Disks { get; init; }

    /// <summary>
    /// Other disks of the machine that would take part too: a disk was named, and it is not the only one.
    /// </summary>
    public IReadOnlyList<VmxDisk> Others { get; init; } = [];

    /// <summary>True when a disk was named and its machine has others.</summary>
    public bool IsPart => Others.Count > 0;

    /// <summary>The folder, links of the host resolved.</summary>
    public string Folder => Machines.Folder;

    /// <summary>
    /// True when the machine itself was named, or has no other disk than the one that was named.
    /// </summary>
    public bool IsWholeMachine => Settings is not null && !IsPart;

    /// <summary>The file that a path of this folder has in a change.</summary>
    public string NameOf(string realPath) => Changes.ChangeFile.NameOf(Folder, realPath);

    /// <summary>The disk whose family a link belongs to; null when it belongs to none.</summary>
    public ScopeDisk? DiskOf(string linkPath) => Disks.FirstOrDefault(disk => disk.Family.Contains(linkPath));

    /// <summary>Refuses what makes any change unsafe; called under the locks too.</summary>
    public void ThrowUnlessChangeable(DiskOpenOptions options, FindingList findings)
    {
        WriteGuard.ThrowIfChanging(options, NamedPath, findings);
        if (Settings is { } settings)
        {
            Locking.VmwareLock.ThrowIfHeld(options, settings.Path, isWriter: true, findings);
            if (settings.File.Dictionary["checkpoint.vmState"] is { Length: > 0 } state)
            {
                throw findings.Refuse(SnapshotFindings.Suspended, settings.Path, $"its memory is in {state}");
            }
        }
        if (Disks.Count == 0)
        {
            throw findings.Refuse(SnapshotFindings.NothingTakesPart, NamedPath, "there is none");
        }
        foreach (ScopeDisk disk in Disks) { ThrowIfUsedTwice(disk, findings); }
        if (List is null && ListPath is not null && options.Host.Stat(ListPath) is not null)
        {
            throw findings.Refuse(SnapshotFindings.ListUnusable, ListPath, "it cannot be read");
        }
    }

    private void ThrowIfUsedTwice(ScopeDisk disk, FindingList findings)
    {
        (MachineSettings Settings, VmxDisk Disk)[] places =
            [.. Machines.RunningFrom(disk.HeadPath)
            .DistinctBy(place => (place.Settings.Path, place.Disk.Node))];
        if (places.Length > 1)
        {
            throw findings.Refuse(SnapshotFindings.UsedTwice, disk.HeadPath, string.Join(", ", places.Select(
                place => $"{HostPath.NameOf(place.Settings.Path)} has it at {place.Disk.Node}")));
        }
    }
}

/// <summary>Which disks of a settings file take part in snapshots.</summary>
internal static class VmxDisks
{
    /// <summary>
    /// True for a mode that keeps a disk out of snapshots: <c>independent-persistent</c> and its kin.
    /// </summary>
    public static bool IsIndependent(VmxDisk disk) =>
        disk.Mode?.StartsWith("independent", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Each place once, as the first of several lines of one key counts.</summary>
    public static IEnumerable<VmxDisk> Of(VmxFile settings) => settings.Disks.DistinctBy(disk => disk.Node);
}
