using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>
/// Says who refers to a link: what stands on it, snapshots that froze it, machines that run from it.
/// </summary>
internal sealed class LinkReferences(SnapshotScope scope, DiskOpenOptions options, FindingList findings)
{
    private readonly Dependents dependents = new(options.Host);
    private readonly LinkFiles files = new(options);

    /// <summary>What stands on a link.</summary>
    public IReadOnlyList<Dependent> ChildrenOf(string path) => dependents.Of(path);

    /// <summary>Snapshots that froze a link.</summary>
    public IEnumerable<VmsdSnapshot> SnapshotsOf(string path) =>
        scope.Machines.Freezing(path).Select(frozen => frozen.Snapshot);

    /// <summary>
    /// True when a machine runs from a link; of a disk without a machine, when it is the head.
    /// </summary>
    public bool IsRunning(string path) => scope.Machines.RunningFrom(path).Any()
        || (scope.Settings is null && scope.Disks.Any(disk => disk.HeadPath == path));

    /// <summary>
    /// The links that nothing needs any more when <paramref name="chain"/>, head first, loses its first link:
    /// that one and those below it, down to the first that something else refers to.
    /// </summary>
    /// <param name="chain">The links, all in the scope's folder.</param>
    /// <param name="leaving">A snapshot that goes too; null for none.</param>
    /// <param name="stays">Files that are needed whoever refers to them.</param>
    /// <param name="leavesHead">True when the machine no longer runs from the first link.</param>
    public IReadOnlyList<Link> Unneeded(
        IEnumerable<Link> chain, VmsdSnapshot? leaving, IReadOnlyCollection<string> stays, bool leavesHead)
    {
        var gone = new List<Link>();
        var paths = new HashSet<string>(StringComparer.Ordinal);
        bool areMoments = scope.List is null || scope.List.File.Snapshots.Count == 0;
        foreach (Link link in chain)
        {
            string path = options.Host.ResolveLinks(link.Path);
            bool isNeeded = stays.Contains(path) || HostPath.FolderOf(path) != scope.Folder
                || ChildrenOf(path).Any(child => !paths.Contains(child.Path))
                || SnapshotsOf(path).Any(snapshot => snapshot != leaving)
                || (IsRunning(path) && !(leavesHead && gone.Count == 0));
            if (isNeeded || link.Descriptor is not { HasParent: true }) { break; }
            gone.Add(link);
            paths.Add(path);

            // Where no list says which links are snapshots, each of them is one.
            if (areMoments) { break; }
        }
        return gone;
    }

    /// <summary>The files of a link that goes: its own, and its change tracking.</summary>
    /// <exception cref="ImageException">Another disk names one of them as its data.</exception>
    public IReadOnlyList<string> FilesGone(Link link)
    {
        var gone = new List<string>(files.Of(link));
        foreach (string path in gone)
        {
            if (dependents.Naming(path).FirstOrDefault(other => other != gone[0]) is { } other)
            {
                throw findings.Refuse(ChangeFindings.Shared, path, $"{other} names it as its own data");
            }
        }
        if (ChangeTracking.FileOf(options.Host, link) is { } tracking) { gone.Add(tracking); }
        return gone;
    }

    /// <summary>Refuses to change links that the list of another machine names.</summary>
    public void ThrowIfListedElsewhere(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            foreach ((SnapshotList list, VmsdSnapshot snapshot, _) in scope.Machines.Freezing(path))
            {
                if (list.Path == scope.List?.Path) { continue; }
                throw findings.Refuse(ChangeFindings.HeldBySnapshot, path,
                    $"the snapshot \"{snapshot.DisplayName}\" of {HostPath.NameOf(list.Path)} froze it");
            }
        }
    }
}
