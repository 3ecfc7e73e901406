using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>
/// Marks the links of a graph with what the folder's machines and snapshot lists say of them, and finds where
/// the two disagree. Used once.
/// </summary>
internal sealed class MachineMarks(
    IHost host, string folder, HostNames names, IReadOnlyDictionary<string, GraphLink> links)
{
    private readonly List<GraphMachine> machines = [];
    private readonly List<GraphSnapshotList> snapshotLists = [];
    private readonly Dictionary<string, NamedFile> lookedUp = new(StringComparer.Ordinal);

    public IReadOnlyList<GraphMachine> Machines => machines;

    public IReadOnlyList<GraphSnapshotList> SnapshotLists => snapshotLists;

    /// <summary>Reads the side files among a folder's entries and marks the links.</summary>
    public void Read(IReadOnlyList<string> entries, FindingList findings)
    {
        MachineFiles files = MachineFiles.Read(host, folder, entries, findings);
        foreach ((string name, VmxFile file) in files.Settings) { AddMachine(name, file); }
        foreach ((string name, VmsdFile file) in files.SnapshotLists) { AddList(name, file); }
        MarkKnown();
        foreach (GraphLink link in links.Values) { Judge(link); }
        foreach (GraphSnapshotList list in snapshotLists) { HoldAgainstCurrent(list); }
    }

    private void AddMachine(string name, VmxFile file)
    {
        string path = HostPath.Combine(folder, name);
        var findings = new List<Finding>();
        var disks = new List<GraphMachineDisk>();
        foreach ((VmxDisk disk, (DiskPlace place, GraphLink? link)) in
            file.Disks.Zip(PlacesOf([.. file.Disks.Select(disk => disk.FileName)])))
        {
            var marked = new GraphMachineDisk(name, disk, place, link);
            disks.Add(marked);
            link?.AddUse(marked);
            if (place == DiskPlace.Missing)
            {
                findings.Add(new Finding(GraphFindings.MachineDiskMissing, path,
                    $"{disk.Node} runs from \"{DescriptorParser.Printable(disk.FileName)}\", which is not in "
                    + folder, Field: disk.Node + ".fileName"));
            }
        }
        machines.Add(new GraphMachine(path, disks, findings));
    }

    private void AddList(string name, VmsdFile file)
    {
        string path = HostPath.Combine(folder, name);
        var findings = new List<Finding>();
        var snapshots = new List<GraphSnapshot>();
        if (file.NeedsConsolidation)
        {
            findings.Add(new Finding(GraphFindings.ConsolidationNeeded, path,
                "snapshot.needConsolidate is TRUE", Field: "snapshot.needConsolidate"));
        }
        foreach (VmsdSnapshot snapshot in file.Snapshots)
        {
            GraphFrozenDisk[] disks =
            [
                .. snapshot.Disks.Zip(PlacesOf([.. snapshot.Disks.Select(disk => disk.FileName)]))
                    .Select(pair => new GraphFrozenDisk(pair.First, pair.Second.Place, pair.Second.Link)),
            ];
            var marked = new GraphSnapshot(name, snapshot, snapshot.Uid == file.CurrentUid, disks);
            snapshots.Add(marked);
            foreach (GraphLink link in disks.Select(disk => disk.Link).OfType<GraphLink>().Distinct())
            {
                link.AddSnapshot(marked);
            }
            foreach (GraphFrozenDisk disk in disks.Where(disk => disk.Place == DiskPlace.Missing))
            {
                findings.Add(new Finding(GraphFindings.SnapshotDiskMissing, path,
                    $"snapshot {snapshot.Uid}{Quoted(snapshot.DisplayName)} froze "
                    + $"\"{DescriptorParser.Printable(disk.Disk.FileName)}\", which is not in {folder}"));
            }
        }
        snapshotLists.Add(new GraphSnapshotList(path, file.NeedsConsolidation, snapshots, findings));
    }

    // A machine may have disks of one name in several folders. What is named plainly is here; a name with a
    // path is taken for a file here only when no plainly named disk stands on it, as after a machine was
    // moved.
    private (DiskPlace Place, GraphLink? Link)[] PlacesOf(string[] fileNames)
    {
        NamedFile[] found = [.. fileNames.Select(Look)];
        var taken = new HashSet<GraphLink>();
        foreach (NamedFile file in found.Where(file => !file.IsByBareName))
        {
            for (GraphLink? link = LinkAt(file); link is not null && taken.Add(link);) { link = link.Parent; }
        }
        return
        [
            .. found.Select(file => LinkAt(file) is not { } link ? (PlaceOf(file), (GraphLink?)null)
                : file.IsByBareName && taken.Contains(link) ? (DiskPlace.Outside, null)
                : (DiskPlace.Link, link)),
        ];
    }

    private GraphLink? LinkAt(NamedFile file) =>
        file.Path is { } path ? links.GetValueOrDefault(path) : null;

    private static DiskPlace PlaceOf(NamedFile file) => file.Path is not null ? DiskPlace.NotALink
        : file.IsOutside ? DiskPlace.Outside : DiskPlace.Missing;

    private NamedFile Look(string fileName)
    {
        if (lookedUp.TryGetValue(fileName, out NamedFile known)) { return known; }
        NamedFile found;
        try
        {
            found = names.FindBeside(folder, fileName);
        }
        catch (BlockException)
        {
            // What the host does not let us look at is not there for the machine either.
            found = default;
        }
        lookedUp.Add(fileName, found);
        return found;
    }

    // Iterative, and each link is marked once: a chain may be long, and may run in a circle.
    private void MarkKnown()
    {
        foreach (GraphLink used in links.Values.Where(link => link.RunBy.Count + link.FrozenBy.Count > 0))
        {
            for (GraphLink? link = used; link is { IsKnown: false }; link = link.Parent)
            {
                link.IsKnown = true;
            }
        }
    }

    private void Judge(GraphLink link)
    {
        if (machines.Count > 0 && !link.IsKnown && link.Edge is not null)
        {
            link.AddFindings([new Finding(GraphFindings.UnknownDelta, link.Path,
                "no .vmx file and no .vmsd file of the folder leads to it")]);
        }
        if (link.RunBy.Count == 0 || (link.IsHead && link.FrozenBy.Count == 0)) { return; }
        GraphMachineDisk use = link.RunBy[0];
        string above = link.Children.Count > 0
            ? $"{link.Children[0].Name}{(link.Children.Count > 1 ? " and others stand" : " stands")} on it"
            : $"snapshot {link.FrozenBy[0].Snapshot.Uid}{Quoted(link.FrozenBy[0].Snapshot.DisplayName)} "
                + "froze it";
        link.AddFindings([new Finding(GraphFindings.RunsBelowChildren, link.Path,
            $"{use.SettingsName} runs {use.Disk.Node} from it, and {above}")]);
    }

    private void HoldAgainstCurrent(GraphSnapshotList list)
    {
        if (MachineOf(list) is not { } machine) { return; }
        Dictionary<string, GraphLink?> linkByNode = machine.Disks.DistinctBy(disk => disk.Disk.Node)
            .ToDictionary(disk => disk.Disk.Node, disk => disk.Link);
        foreach (GraphSnapshot current in list.Snapshots.Where(snapshot => snapshot.IsCurrent))
        {
            foreach (GraphFrozenDisk frozen in current.Disks)
            {
                GraphLink? running = linkByNode.GetValueOrDefault(frozen.Disk.Node ?? "");
                if (frozen.Link is null || running is null || StandsOnOrIs(running, frozen.Link))
                {
                    continue;
                }
                running.AddFindings([new Finding(GraphFindings.NotOnCurrentSnapshot, running.Path,
                    $"{HostPath.NameOf(machine.Path)} runs {frozen.Disk.Node} from it, and snapshot "
                    + $"{current.Snapshot.Uid}{Quoted(current.Snapshot.DisplayName)} of {current.ListName} "
                    + $"froze {frozen.Link.Name}, on which it does not stand")]);
            }
        }
    }

    // The list of a machine has its name; a folder with one of each needs no name to tell.
    private GraphMachine? MachineOf(GraphSnapshotList list)
    {
        string stem = StemOf(list.Path);
        return machines.Find(machine => StemOf(machine.Path).Equals(stem, StringComparison.OrdinalIgnoreCase))
            ?? (machines.Count == 1 && snapshotLists.Count == 1 ? machines[0] : null);
    }

    private static bool StandsOnOrIs(GraphLink link, GraphLink ancestor)
    {
        GraphLink? next = link;
        for (int count = 0; next is not null && count < ChainOpener.MaximumLinks; count++)
        {
            if (next == ancestor) { return true; }
            next = next.Parent;
        }
        return false;
    }

    private static string StemOf(string path)
    {
        string name = HostPath.NameOf(path);
        return name[..name.LastIndexOf('.')];
    }

    private static string Quoted(string? displayName) =>
        displayName is { Length: > 0 } ? $" \"{DescriptorParser.Printable(displayName)}\"" : "";
}
