using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>A snapshot that is to go.</summary>
public sealed record SnapshotDeletion
{
    /// <summary>A disk, a <c>.vmx</c> file, or a machine's folder.</summary>
    public required string Path { get; init; }

    /// <summary>The snapshot.</summary>
    public required string Snapshot { get; init; }

    /// <summary>Reads back what was written, before anything is deleted.</summary>
    public bool Verifies { get; init; }
}

/// <summary>
/// Plans the end of a snapshot: what it froze takes the content of the delta above it. A snapshot on which
/// nothing stands any more is thrown away.
/// </summary>
public sealed class SnapshotDeleter(SnapshotDeletion request, DiskOpenOptions options)
{
    private readonly WriteProtections protections = new(options.Host);

    /// <summary>What deleting the snapshot would do. Changes nothing.</summary>
    /// <exception cref="ImageException">Refused; the finding says why.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public ChangePlan Plan()
    {
        var findings = new FindingList();
        SnapshotScope scope = new ScopeFinder(options, findings).Find(request.Path);
        scope.ThrowUnlessChangeable(options, findings);
        SnapshotChoice choice = new ChoiceFinder(scope, options.Host, findings).Find(request.Snapshot);
        SnapshotListEditor? editor = scope.List is { } list ? new SnapshotListEditor(list, findings) : null;
        ThrowIfCloned(scope, choice.Snapshot, editor, findings);
        var assembly = new ChangeAssembly(scope, options, findings);
        var one = new Deletion(request, options, scope, choice.Snapshot, assembly, editor, protections,
            findings);
        foreach (FrozenLink link in choice.Links) { one.Add(link); }
        if (editor is not null)
        {
            if (choice.Snapshot is { } snapshot) { editor.Remove(snapshot.Uid); }
            assembly.List = (editor.Edits(), choice.Snapshot is null ? "name the links as they are called now"
                : $"take out snapshot number {choice.Snapshot.Uid}, \"{choice.Snapshot.DisplayName}\"");
        }
        return assembly.ToPlan("snapshot delete");
    }

    private static void ThrowIfCloned(
        SnapshotScope scope, VmsdSnapshot? snapshot, SnapshotListEditor? editor, FindingList findings)
    {
        if (snapshot is not null && editor!.CloneOn(snapshot.Uid) is { } clone)
        {
            throw findings.Refuse(SnapshotFindings.ClonedByVmware, scope.ListPath!,
                $"\"{snapshot.DisplayName}\" is what {clone} was cloned from");
        }
    }

    /// <summary>The links of one snapshot. Used once.</summary>
    private sealed class Deletion(SnapshotDeletion request, DiskOpenOptions options, SnapshotScope scope,
        VmsdSnapshot? snapshot, ChangeAssembly assembly, SnapshotListEditor? editor,
        WriteProtections protections,
        FindingList findings)
    {
        private readonly LinkFiles files = new(options);
        private readonly LinkReferences references = new(scope, options, findings);

        public void Add(FrozenLink frozen)
        {
            string path = frozen.Path;
            if (!frozen.Exists)
            {
                findings.Add(SnapshotFindings.EntryWithoutFile, path, "it counts as merged already");
                return;
            }
            assembly.HeadPath = frozen.Disk?.HeadPath ?? assembly.HeadPath;

            if (snapshot is null) { references.ThrowIfListedElsewhere([path]); }

            // What another snapshot froze too stays as it is.
            if (references.SnapshotsOf(path).Any(other => other != snapshot)) { return; }
            IReadOnlyList<Dependent> children = references.ChildrenOf(path);
            if (children.FirstOrDefault(IsElsewhere) is { } clone)
            {
                throw findings.Refuse(clone.Descriptor is null
                    ? ChangeFindings.CloneNotFound : ChangeFindings.Shared,
                    path, $"{clone.Path} stands on it, as a linked clone");
            }
            if (children.Count > 1 || (children.Count > 0 && references.IsRunning(path)))
            {
                string others = string.Join(", ", children.Select(child => HostPath.NameOf(child.Path)));
                throw findings.Refuse(ChangeFindings.Shared, path, children.Count > 1
                    ? $"{others} stand on it" : $"the machine runs from it, although {others} stands on it");
            }
            if (children.Count == 1) { Merge(children[0].Path, path); }
            else if (!references.IsRunning(path)) { ThrowAway(path); }
            else { KeepRunning(path); }
        }

        private bool IsElsewhere(Dependent child) =>
            child.IsClone || child.Descriptor is null || HostPath.FolderOf(child.Path) != scope.Folder;

        private void Merge(string childPath, string path)
        {
            references.ThrowIfListedElsewhere([childPath, path]);
            MergeDraft draft = MergePlanner.Draft(
                new MergeRequest
                {
                    HeadPath = childPath,
                    TargetPath = path,
                    Afterwards = MergedDelta.Delete,
                    Verifies = request.Verifies,
                },
                options, findings, isSnapshotListKept: true);
            assembly.Add(draft);
            editor?.Rename(HostPath.NameOf(childPath), HostPath.NameOf(path));
            if (assembly.HeadPath == childPath) { assembly.HeadPath = path; }

            // What was frozen stays so, unless the machine runs from it now.
            var grandchildren = references.ChildrenOf(childPath).Select(child => child.Path);
            assembly.Freeze(protections.Of(grandchildren));
            if (!references.IsRunning(childPath))
            {
                assembly.Freeze(protections.Of(
                    files.Of(LinkProbe.Read(options.Host, path, new FindingList()))));
            }
        }

        private void ThrowAway(string path)
        {
            references.ThrowIfListedElsewhere([path]);
            using DiskInspection chain = Disk.Inspect(path, options with { IsWritable = false });
            if (chain.Links.Count == 0) { throw chain.Refusal!; }
            foreach (Link link in references.Unneeded(chain.Links, snapshot, [], leavesHead: false))
            {
                IReadOnlyList<string> gone = references.FilesGone(link);
                assembly.Lock(gone);
                assembly.Expect(link);
                assembly.Delete(gone, areLost: true);
            }
        }

        // Nothing was written since: only the list says that it is a snapshot.
        private void KeepRunning(string path)
        {
            if (snapshot is null)
            {
                throw findings.Refuse(SnapshotFindings.IsThePresent, path, "nothing stands on it");
            }
            assembly.Lock(files.Of(LinkProbe.Read(options.Host, path, new FindingList())));
        }
    }
}
