using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>A link that an entry of the list names.</summary>
/// <param name="Node">Where it was attached; null when the list does not say.</param>
/// <param name="FileName">Its name, as written.</param>
/// <param name="Exists">Whether it is there.</param>
/// <param name="IsAncestor">Whether the chain of a running link goes through it.</param>
public sealed record ListedLink(string? Node, string FileName, bool Exists, bool IsAncestor);

/// <summary>A snapshot of the list.</summary>
/// <param name="Snapshot">Its entry.</param>
/// <param name="Depth">How many snapshots it stands on.</param>
/// <param name="Description">Its description; null for none.</param>
/// <param name="IsCurrent">True for the one that the machine stands on, by the list.</param>
/// <param name="Links">What it froze.</param>
public sealed record ListedSnapshot(
    VmsdSnapshot Snapshot, int Depth, string? Description, bool IsCurrent, IReadOnlyList<ListedLink> Links);

/// <summary>A link seen as a moment.</summary>
/// <param name="Path">Its file.</param>
/// <param name="ParentPath">The link it stands on; null for the lowest.</param>
/// <param name="TimeUtc">The last change of its data; null when that is not there.</param>
/// <param name="ContentId">Its CID.</param>
/// <param name="LengthBytes">Length of its files, in bytes.</param>
/// <param name="IsHead">True for the link that runs.</param>
/// <param name="IsInChain">True when the running link's chain goes through it.</param>
/// <param name="IsFrozen">True when a link stands on it, or a snapshot of the list froze it.</param>
/// <param name="IsReadOnly">True when nobody has the permission to write to it.</param>
/// <param name="Snapshots">Numbers of the snapshots of the list that froze it.</param>
public sealed record Moment(
    string Path, string? ParentPath, DateTime? TimeUtc, uint? ContentId, long LengthBytes, bool IsHead,
    bool IsInChain,
    bool IsFrozen, bool IsReadOnly, IReadOnlyList<int> Snapshots);

/// <summary>A disk with its moments.</summary>
/// <param name="Node">Where it is attached; null for a disk without a machine.</param>
/// <param name="HeadPath">The link that runs.</param>
/// <param name="Problem">Why it does not open; null when it does.</param>
/// <param name="Moments">Its links with all branches, each after its parent.</param>
public sealed record ListedDisk(string? Node, string HeadPath, string? Problem,
    IReadOnlyList<Moment> Moments);

/// <summary>The snapshots of a machine or a disk: what the list says, and what the links say.</summary>
public sealed record SnapshotInventory
{
    /// <summary>The machine's settings file; null for a disk without a machine.</summary>
    public string? MachinePath { get; init; }

    /// <summary>Its list of snapshots; null when there is none.</summary>
    public string? ListPath { get; init; }

    /// <summary>True when the list says that links are left to be merged.</summary>
    public bool NeedsConsolidation { get; init; }

    /// <summary>The snapshots of the list as a tree: each after its parent.</summary>
    public required IReadOnlyList<ListedSnapshot> Snapshots { get; init; }

    /// <summary>The disks.</summary>
    public required IReadOnlyList<ListedDisk> Disks { get; init; }

    /// <summary>What does not fit together.</summary>
    public required FindingList Findings { get; init; }

    /// <summary>Takes the inventory. Reads only.</summary>
    /// <exception cref="ImageException">It is not clear what is meant, or it is no disk.</exception>
    /// <exception cref="BlockException">There is nothing of that name, or the host failed.</exception>
    public static SnapshotInventory Take(string path, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var findings = new FindingList();
        SnapshotScope scope = new ScopeFinder(options, findings).Find(path);
        return new InventoryTaker(scope, options, findings).Take();
    }
}

/// <summary>Takes one inventory. Used once.</summary>
internal sealed class InventoryTaker(SnapshotScope scope, DiskOpenOptions options, FindingList findings)
{
    private readonly IHost host = options.Host;
    private readonly LinkFiles files = new(options);
    private readonly LinkReferences references = new(scope, options, findings);
    private readonly ChoiceFinder finder = new(scope, options.Host, findings);

    public SnapshotInventory Take()
    {
        VmsdFile? list = scope.List?.File;
        HashSet<VmsdSnapshot> below = list is null ? [] : [.. SnapshotTree.Ancestors(list, list.CurrentUid)];
        ListedSnapshot[] snapshots = list is null
            ? [] : [.. new SnapshotTree(list.Snapshots, scope.ListPath!, findings)
            .Walk().Select(place => Listed(place.Snapshot, place.Depth, below.Contains(place.Snapshot)))];
        if (list is { NeedsConsolidation: true })
        {
            findings.Add(SnapshotFindings.NeedsConsolidation,
                scope.ListPath!, "snapshot.needConsolidate is TRUE");
        }
        ILookup<string, int> frozenBy = (list?.Snapshots ?? [])
            .SelectMany(snapshot => snapshot.Disks, (snapshot, disk) => (snapshot.Uid, disk.FileName))
            .ToLookup(entry => scope.Machines.PathOf(entry.FileName), entry => entry.Uid);
        ListedDisk[] disks = [.. scope.Disks.Select(disk => Listed(disk, frozenBy))];
        if (list is not null) { SayWhatIsNotListed(disks); }
        return new SnapshotInventory
        {
            MachinePath = scope.Settings?.Path,
            ListPath = scope.List?.Path,
            NeedsConsolidation = list?.NeedsConsolidation == true,
            Snapshots = snapshots,
            Disks = disks,
            Findings = findings,
        };
    }

    private ListedSnapshot Listed(VmsdSnapshot snapshot, int depth, bool shouldBeBelow)
    {
        var links = new List<ListedLink>();
        foreach (VmsdDisk entry in snapshot.Disks)
        {
            FrozenLink link = finder.Look(entry);
            bool isAncestor = scope.Disks.Any(disk => disk.ChainPaths.Contains(link.Path));
            links.Add(new ListedLink(entry.Node, entry.FileName, link.Exists, isAncestor));
            if (!link.Exists)
            {
                findings.Add(SnapshotFindings.EntryWithoutFile, scope.ListPath!,
                    $"\"{snapshot.DisplayName}\" froze {entry.FileName}");
            }
            else if (shouldBeBelow && link.Disk is { Failure: null } disk && !isAncestor)
            {
                findings.Add(SnapshotFindings.NotAnAncestor, scope.ListPath!,
                    $"\"{snapshot.DisplayName}\" froze {entry.FileName}, and "
                    + $"{HostPath.NameOf(disk.HeadPath)} runs");
            }
        }
        VmsdFile list = scope.List!.File;
        return new ListedSnapshot(snapshot, depth, list.Dictionary[snapshot.Key + ".description"],
            snapshot.Uid == list.CurrentUid, links);
    }

    private ListedDisk Listed(ScopeDisk disk, ILookup<string, int> frozenBy)
    {
        string? problem = null;
        switch (disk.Failure)
        {
            case ImageException refusal:
                findings.Add(refusal.Reason);
                problem = refusal.Reason.Message;
                break;
            case { } failure:
                problem = failure.Message;
                break;
        }
        var parents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string parent in disk.Family)
        {
            foreach (Dependent child in references.ChildrenOf(parent)) { parents.TryAdd(child.Path, parent); }
        }
        return new ListedDisk(disk.Attachment?.Node, disk.HeadPath, problem,
            [.. disk.Family.Where(path => host.Stat(path) is not null)
                .Select(path => MomentOf(disk, path, parents.GetValueOrDefault(path), [.. frozenBy[path]]))]);
    }

    private Moment MomentOf(ScopeDisk disk, string path, string? parent, int[] snapshots)
    {
        int place = disk.ChainPaths.ToList().IndexOf(path);
        Link? link = place >= 0 ? disk.Chain[place] : TryProbe(path);
        IReadOnlyList<string> own = link is null ? [path] : files.Of(link);
        IEnumerable<string> data = own.Count > 1 ? own.Skip(1) : own;
        return new Moment(
            path, parent, data.Select(file => host.Stat(file)?.ModifiedUtc).Max(),
            link?.Descriptor?.ContentId,
            files.LengthBytes(own), path == disk.HeadPath, place >= 0, references.ChildrenOf(path).Count > 0
            || snapshots.Length > 0,
            own.All(file => host.Stat(file) is null or { IsReadOnly: true }), snapshots);
    }

    private Link? TryProbe(string path)
    {
        try
        {
            return LinkProbe.Read(host, path, new FindingList());
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return null;
        }
    }

    private void SayWhatIsNotListed(ListedDisk[] disks)
    {
        foreach (ListedDisk disk in disks)
        {
            string[] unknown = [.. disk.Moments
                .Where(moment => moment is { IsFrozen: true, IsHead: false, Snapshots.Count: 0 })
                .Select(moment => HostPath.NameOf(moment.Path))];
            if (unknown.Length > 0)
            {
                findings.Add(SnapshotFindings.UnlistedLinks, disk.HeadPath, string.Join(", ", unknown));
            }
        }
    }
}

/// <summary>The snapshots of a list as a tree, whatever their parents say.</summary>
internal sealed class SnapshotTree(IReadOnlyList<VmsdSnapshot> snapshots, string path, FindingList findings)
{
    /// <summary>
    /// All of them, each after its parent; what belongs to no tree comes last, and is a finding.
    /// </summary>
    public IEnumerable<(VmsdSnapshot Snapshot, int Depth)> Walk()
    {
        var uids = snapshots.Select(snapshot => snapshot.Uid).ToHashSet();
        if (uids.Count < snapshots.Count)
        {
            findings.Add(SnapshotFindings.BrokenTree, path, "two have one number");
        }
        ILookup<int, VmsdSnapshot> children =
            snapshots.Where(snapshot => snapshot.ParentUid is not null)
            .ToLookup(snapshot => snapshot.ParentUid!.Value);
        var seen = new HashSet<VmsdSnapshot>(ReferenceEqualityComparer.Instance);
        var result = new List<(VmsdSnapshot, int)>();
        foreach (VmsdSnapshot root in snapshots)
        {
            if (root.ParentUid is { } parent && uids.Contains(parent)) { continue; }
            if (root.ParentUid is > 0)
            {
                findings.Add(SnapshotFindings.BrokenTree, path,
                    $"the parent of \"{root.DisplayName}\", number {root.ParentUid}, is not in the list");
            }
            Add(root, children, seen, result);
        }
        foreach (VmsdSnapshot lost in snapshots.Where(snapshot => !seen.Contains(snapshot)).ToArray())
        {
            if (seen.Contains(lost)) { continue; }
            findings.Add(SnapshotFindings.BrokenTree, path, $"\"{lost.DisplayName}\" is its own ancestor");
            Add(lost, children, seen, result);
        }
        return result;
    }

    /// <summary>A snapshot with all that it stands on.</summary>
    public static IReadOnlyList<VmsdSnapshot> Ancestors(VmsdFile list, int? uid)
    {
        var found = new List<VmsdSnapshot>();
        for (VmsdSnapshot? next = list.Find(uid); next is not null && !found.Contains(next);)
        {
            found.Add(next);
            next = list.Find(next.ParentUid);
        }
        return found;
    }

    // Without recursion: a list may be a thousand snapshots deep.
    private static void Add(VmsdSnapshot root, ILookup<int, VmsdSnapshot> children,
        HashSet<VmsdSnapshot> seen,
        List<(VmsdSnapshot, int)> result)
    {
        var open = new Stack<(VmsdSnapshot Snapshot, int Depth)>([(root, 0)]);
        while (open.TryPop(out (VmsdSnapshot Snapshot, int Depth) place))
        {
            if (!seen.Add(place.Snapshot)) { continue; }
            result.Add(place);
            foreach (VmsdSnapshot child in children[place.Snapshot.Uid].Reverse())
            {
                open.Push((child, place.Depth + 1));
            }
        }
    }
}
