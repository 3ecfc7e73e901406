using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>Snapshots that are to go, all of them.</summary>
public sealed record SnapshotConsolidation
{
    /// <summary>A disk, a <c>.vmx</c> file, or a machine's folder.</summary>
    public required string Path { get; init; }

    /// <summary>Reads back what was written, before anything is deleted.</summary>
    public bool Verifies { get; init; }
}

/// <summary>
/// Plans the end of all snapshots: each disk's lowest link takes the content of all above it. Links in
/// another folder belong to another machine, and stay.
/// </summary>
public sealed class SnapshotConsolidator(SnapshotConsolidation request, DiskOpenOptions options)
{
    /// <summary>What consolidating would do; a plan without steps when there is nothing to merge.</summary>
    /// <exception cref="ImageException">Refused; the finding says why.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public ChangePlan Plan()
    {
        var findings = new FindingList();
        SnapshotScope scope = new ScopeFinder(options, findings).Find(request.Path);
        scope.ThrowUnlessChangeable(options, findings);
        var references = new LinkReferences(scope, options, findings);
        var assembly = new ChangeAssembly(scope, options, findings);
        foreach (ScopeDisk disk in scope.Disks)
        {
            if (disk.Failure is not null) { throw disk.Failure; }
            Merge(disk, scope, references, assembly, findings);
        }
        if (scope.List is { } list) { EmptyList(list, scope, assembly, findings); }
        return assembly.ToPlan("snapshot consolidate");
    }

    private void Merge(ScopeDisk disk, SnapshotScope scope, LinkReferences references,
        ChangeAssembly assembly,
        FindingList findings)
    {
        string[] own = [.. disk.ChainPaths.TakeWhile(path => HostPath.FolderOf(path) == scope.Folder)];
        assembly.HeadPath = own[^1];
        if (own.Length < 2) { return; }
        references.ThrowIfListedElsewhere(own);
        assembly.Add(MergePlanner.Draft(
            new MergeRequest
            {
                HeadPath = disk.HeadPath,
                TargetPath = own[^1],
                Afterwards = MergedDelta.Delete,
                Verifies = request.Verifies,
            },
            options, findings, isSnapshotListKept: true));
    }

    private void EmptyList(SnapshotList list, SnapshotScope scope, ChangeAssembly assembly,
        FindingList findings)
    {
        if (list.File.Snapshots.Count == 0 && !list.File.NeedsConsolidation) { return; }
        var editor = new SnapshotListEditor(list, findings);
        var finder = new ChoiceFinder(scope, options.Host, findings);
        foreach (VmsdSnapshot snapshot in list.File.Snapshots)
        {
            FrozenLink[] links = [.. finder.LinksOf(snapshot)];
            if (!scope.IsWholeMachine && !links.Any(link => link.Disk is not null)) { continue; }
            if (editor.CloneOn(snapshot.Uid) is { } clone)
            {
                throw findings.Refuse(SnapshotFindings.ClonedByVmware, list.Path,
                    $"\"{snapshot.DisplayName}\" is what {clone} was cloned from");
            }
            foreach (FrozenLink link in finder.Of(snapshot)
                .Links.Where(link => link is { Exists: true, Disk: null }))
            {
                findings.Add(SnapshotFindings.NotInSnapshot, link.Path,
                    $"\"{snapshot.DisplayName}\" froze it, and its disk is not attached");
            }
            editor.Remove(snapshot.Uid);
        }
        if (scope.IsWholeMachine) { editor.Clear(); }
        assembly.List = (editor.Edits(), "take out the snapshots");
    }
}
