using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>A way back that is asked for.</summary>
public sealed record SnapshotReversion
{
    /// <summary>A disk, a <c>.vmx</c> file, or a machine's folder.</summary>
    public required string Path { get; init; }

    /// <summary>The snapshot; null for the one that the present stands on.</summary>
    public string? Snapshot { get; init; }

    /// <summary>createType of the new deltas; null for the kind of the old heads.</summary>
    public string? Kind { get; init; }

    /// <summary>True keeps the files of the present, as a branch.</summary>
    public bool KeepsHead { get; init; }
}

/// <summary>
/// Plans the way back to a snapshot: a new empty delta on what it froze. The present is thrown away, and what
/// only the present needed.
/// </summary>
public sealed class SnapshotReverter(SnapshotReversion request, DiskOpenOptions options)
{
    private readonly IHost host = options.Host;

    /// <summary>What going back would do. Changes nothing.</summary>
    /// <exception cref="ImageException">Refused; the finding says why.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public ChangePlan Plan()
    {
        var findings = new FindingList();
        SnapshotScope scope = new ScopeFinder(options, findings).Find(request.Path);
        scope.ThrowUnlessChangeable(options, findings);
        var finder = new ChoiceFinder(scope, host, findings);
        SnapshotChoice choice = request.Snapshot is { } text ? finder.Find(text) : finder.Current();
        var assembly = new ChangeAssembly(scope, options, findings);
        var one = new Reversion(request, options, scope, assembly, findings);
        foreach (FrozenLink link in choice.Links) { one.Add(link); }
        one.SayWhatStays(choice.Snapshot);
        if (scope.List is { } list)
        {
            var editor = new SnapshotListEditor(list, findings);
            VmsdSnapshot? current = choice.Snapshot ?? one.Nearest;
            editor.SetCurrent(current?.Uid);
            assembly.List = (editor.Edits(), current is null ? "say that it stands on no snapshot"
                : $"say that it stands on snapshot number {current.Uid}, \"{current.DisplayName}\"");
        }
        return assembly.ToPlan("snapshot revert");
    }

    /// <summary>The links of one reversion. Used once.</summary>
    private sealed class Reversion(SnapshotReversion request, DiskOpenOptions options, SnapshotScope scope,
        ChangeAssembly assembly, FindingList findings)
    {
        private readonly DeltaNames names = new(options.Host, scope.Machines);
        private readonly LinkFiles files = new(options);
        private readonly LinkReferences references = new(scope, options, findings);
        private readonly List<ScopeDisk> reverted = [];

        /// <summary>
        /// The snapshot that is nearest to the link gone back to: it, or the first below it.
        /// </summary>
        public VmsdSnapshot? Nearest { get; private set; }

        public void Add(FrozenLink frozen)
        {
            if (!frozen.Exists)
            {
                throw findings.Refuse(SnapshotFindings.LinkGone,
                    frozen.Path, "the list of snapshots names it");
            }
            if (frozen.Disk is not { } disk) { return; }
            if (disk.Attachment is null && frozen.Path == disk.HeadPath)
            {
                throw findings.Refuse(SnapshotFindings.IsThePresent, frozen.Path, "nothing stands on it");
            }
            if (reverted.Contains(disk))
            {
                throw findings.Refuse(SnapshotFindings.ListUnusable, scope.ListPath ?? frozen.Path,
                    $"one snapshot names two links of the disk {disk.HeadPath}");
            }
            if (disk.HeadPath.Contains('\0', StringComparison.Ordinal)) { throw disk.Failure!; }
            reverted.Add(disk);
            IReadOnlyList<Link> chain = Open(frozen.Path);
            string[] stays = [.. chain.Select(link => options.Host.ResolveLinks(link.Path))];
            Nearest ??= stays.SelectMany(references.SnapshotsOf)
                .FirstOrDefault(snapshot => scope.List?.File.Snapshots.Contains(snapshot) == true);
            AddDelta(disk, chain);
            if (disk.Chain.Count > 0 && disk.HeadPath != frozen.Path) { LeaveHead(disk, stays); }
        }

        public void SayWhatStays(VmsdSnapshot? snapshot)
        {
            if (reverted.Count == 0)
            {
                throw findings.Refuse(SnapshotFindings.NothingTakesPart, scope.NamedPath,
                    "none of the disks that the snapshot froze is attached");
            }
            foreach (ScopeDisk disk in scope.Disks.Except(reverted))
            {
                findings.Add(SnapshotFindings.NotInSnapshot, disk.HeadPath,
                    $"it is attached at {disk.Attachment?.Node}, and the snapshot did not freeze it");
            }
            string? state = snapshot is null ? null : scope.List!.File.Dictionary[snapshot.Key + ".filename"];
            if (!string.IsNullOrEmpty(state))
            {
                findings.Add(SnapshotFindings.DisksOnly, scope.ListPath!, $"it is {state}");
            }
        }

        private IReadOnlyList<Link> Open(string path)
        {
            using Disk disk = Disk.Open(path, options with { IsWritable = false });
            return disk.Links;
        }

        private void AddDelta(ScopeDisk disk, IReadOnlyList<Link> chain)
        {
            string headName = HostPath.NameOf(disk.HeadPath), name = names.Next(headName);
            bool hasHead = options.Host.Stat(disk.HeadPath) is not null;
            Link like = disk.Chain.Count > 0 ? disk.Chain[0] : chain[0];
            assembly.Add(NewDelta.Step(name, chain, request.Kind, like, findings)
                with { PermissionsLike = hasHead ? headName : null });
            assembly.Expect(chain[0]);
            if (disk.Attachment is { } attachment) { assembly.Repoint(attachment, name); }
            assembly.HeadPath = HostPath.Combine(scope.Folder, name);
        }

        private void LeaveHead(ScopeDisk disk, string[] stays)
        {
            assembly.Lock(files.Of(disk.Chain[0]));
            if (request.KeepsHead) { return; }
            foreach (Link link in references.Unneeded(disk.Chain, null, stays, leavesHead: true))
            {
                IReadOnlyList<string> gone = references.FilesGone(link);
                assembly.Lock(gone);
                assembly.Expect(link);
                assembly.Delete(gone, areLost: true);
            }
        }
    }
}
