using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>
/// Collects what a snapshot verb does, disk by disk, and puts it into the order in which it survives a cut.
/// </summary>
/// <remarks>
/// Crash order: (1) new deltas, which nothing refers to yet; (2) merges, which no reader of a head sees; (3)
/// the descriptors of what stands on a merged link; (4) the settings file, in one step for all disks: from
/// here on the machine runs from its new links; (5) the list of snapshots; (6) deletions of what nothing
/// refers to any more; (7) permissions. At each point the link that the settings file names has its old
/// content or its new.
/// </remarks>
internal sealed class ChangeAssembly(SnapshotScope scope, DiskOpenOptions options, FindingList findings)
{
    private readonly List<ChangeStep> deltas = [], merges = [], descriptors = [];
    private readonly OrderedDictionary<string, (DictionaryFile File, List<KeyEdit> Edits)> settings = [];
    private readonly List<string> locked = [], frozen = [];
    private readonly List<(IReadOnlyList<string> Files, long LostBytes)> deletions = [];
    private readonly List<ExpectedLink> unchanged = [];
    private long writeBytes, roomBytes, releasedBytes;

    /// <summary>The edits of the list of snapshots; null when it is not touched.</summary>
    public (IReadOnlyList<KeyEdit> Edits, string Purpose)? List { get; set; }

    /// <summary>The link to run from afterwards, for a disk that was named.</summary>
    public string? HeadPath { get; set; }

    /// <summary>The new delta is made.</summary>
    public void Add(NewDeltaStep delta)
    {
        deltas.Add(delta);
        roomBytes += NewDelta.RoomBytes(delta);
    }

    /// <summary>A merge with all that follows from it.</summary>
    public void Add(MergeDraft draft)
    {
        merges.Add(draft.Merge);
        locked.AddRange(draft.LockedFiles.Select(PathOf));
        writeBytes += draft.WriteBytes;
        roomBytes += draft.RoomBytes;
        foreach (ChangeStep step in draft.After)
        {
            switch (step)
            {
                case EditDictionaryStep edit: AddEdits(edit); break;
                case DeleteFilesStep delete: Delete([.. delete.Paths.Select(PathOf)], areLost: false); break;
                default: descriptors.Add(step); break;
            }
        }
    }

    /// <summary>A place of the machine gets another link.</summary>
    public void Repoint(VmxDisk attachment, string newName) =>
        EditsOf(scope.Settings!.Path, scope.Settings.File.Dictionary).Add(new KeyEdit(
            attachment.Node + ".fileName", MachineFolder.Renamed(attachment.FileName, newName)));

    /// <summary>These files are locked while the change is made, and can be written to.</summary>
    public void Lock(IEnumerable<string> paths) => locked.AddRange(paths);

    /// <summary>These files are frozen at the end.</summary>
    public void Freeze(IEnumerable<string> paths) => frozen.AddRange(paths);

    /// <summary>
    /// These files go, a descriptor before its data; <paramref name="areLost"/>: with what they hold.
    /// </summary>
    public void Delete(IReadOnlyList<string> paths, bool areLost)
    {
        long lengthBytes = paths.Sum(path => options.Host.Stat(path)?.LengthBytes ?? 0);
        deletions.Add((paths, areLost ? lengthBytes : 0));
        releasedBytes += lengthBytes;
    }

    /// <summary>The change is for this link as it is now.</summary>
    public void Expect(Link link)
    {
        if (link.Descriptor?.ContentId is { } contentId)
        {
            unchanged.Add(new ExpectedLink(scope.NameOf(options.Host.ResolveLinks(link.Path)), contentId));
        }
    }

    /// <summary>The whole.</summary>
    public ChangePlan ToPlan(string verb)
    {
        string named = scope.NameOf(scope.NamedPath);
        return new ChangePlan
        {
            Folder = scope.Folder,
            Change = new ChainChange
            {
                Verb = verb,
                Disk = named,
                LockedFiles = [.. locked.Distinct().Select(scope.NameOf)],
                Steps = [.. Steps()],
                Unchanged = unchanged.Count == 0 ? null : [.. unchanged.Distinct()],
                HeadAfter = HeadPath is null || scope.NamedPath == scope.Settings?.Path
                ? named : scope.NameOf(HeadPath),
            },
            WriteBytes = writeBytes,
            RoomBytes = roomBytes,
            FreeBytes = options.Host.FreeBytes(scope.Folder),
            ReleasedBytes = releasedBytes,
            Findings = findings,
        };
    }

    private IEnumerable<ChangeStep> Steps()
    {
        foreach (ChangeStep step in deltas.Concat(merges).Concat(descriptors)) { yield return step; }
        foreach ((string path, (DictionaryFile file, List<KeyEdit> edits)) in settings)
        {
            yield return DictionaryEdits.Step(scope.NameOf(path), file, edits);
        }
        if (List is { Edits.Count: > 0 } list) { yield return ListStep(list.Edits, list.Purpose); }
        foreach ((IReadOnlyList<string> files, long lostBytes) in deletions)
        {
            yield return new DeleteFilesStep { Paths = [.. files.Select(scope.NameOf)],
                LostBytes = lostBytes };
        }
        string[] kept = [.. frozen.Distinct().Except(deletions.SelectMany(deletion => deletion.Files))];
        if (kept.Length > 0) { yield return new FreezeStep { Paths = [.. kept.Select(scope.NameOf)] }; }
    }

    private EditDictionaryStep ListStep(IReadOnlyList<KeyEdit> edits, string purpose)
    {
        DictionaryFile file = scope.List?.File.Dictionary
            ?? DictionaryFile.Parse([], scope.ListPath!, findings);
        return DictionaryEdits.Step(scope.NameOf(scope.ListPath!), file, edits) with
        {
            Purpose = purpose,
            CreateLike = scope.List is null ? scope.NameOf(scope.Settings!.Path) : null,
        };
    }

    private void AddEdits(EditDictionaryStep step)
    {
        string path = PathOf(step.Path);
        EditsOf(path, scope.Machines.Settings.First(other => other.Path == path).File.Dictionary)
            .AddRange(step.Edits);
    }

    private List<KeyEdit> EditsOf(string path, DictionaryFile file)
    {
        if (!settings.TryGetValue(path, out (DictionaryFile File, List<KeyEdit> Edits) found))
        {
            settings.Add(path, found = (file, []));
        }
        return found.Edits;
    }

    private string PathOf(string name) => HostPath.Combine(scope.Folder, name);
}
