using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>What becomes of a delta whose content is in its parent.</summary>
public enum MergedDelta
{
    /// <summary>It stays, empty, and goes on from there.</summary>
    Empty,

    /// <summary>It stays as it is; what it holds is in its parent too.</summary>
    Keep,

    /// <summary>It is deleted; what stood on it, or ran from it, goes on from the parent.</summary>
    Delete,
}

/// <summary>A merge that is asked for.</summary>
public sealed record MergeRequest
{
    /// <summary>The link whose content goes down.</summary>
    public required string HeadPath { get; init; }

    /// <summary>The link it goes into: an ancestor. Null for the parent.</summary>
    public string? TargetPath { get; init; }

    /// <summary>What becomes of the head. Links between head and target are deleted.</summary>
    public MergedDelta Afterwards { get; init; }

    /// <summary>Reads back what was written, before anything is deleted.</summary>
    public bool Verifies { get; init; }

    /// <summary>What the user asked for, for whoever finds it unfinished.</summary>
    public string Verb { get; init; } = "commit";
}

/// <summary>The part of a change that merges links of one disk.</summary>
/// <param name="Folder">Folder of the target.</param>
/// <param name="Merge">Copies the content.</param>
/// <param name="After">What follows when the content is where it belongs.</param>
/// <param name="LockedFiles">The files of all links concerned, the head's first.</param>
/// <param name="WriteBytes">Bytes of guest data to write.</param>
/// <param name="RoomBytes">Room they take at most.</param>
/// <param name="ReleasedBytes">Bytes in files that go.</param>
/// <param name="FrozenFiles">The target's files that are frozen, and stay below another link.</param>
/// <param name="HeadAfter">The link to work with afterwards.</param>
internal sealed record MergeDraft(
    string Folder, MergeStep Merge, IReadOnlyList<ChangeStep> After, IReadOnlyList<string> LockedFiles, long WriteBytes,
    long RoomBytes, long ReleasedBytes, IReadOnlyList<string> FrozenFiles, string HeadAfter);

/// <summary>Plans merges: what is to be written, who would be hurt, which files have to follow.</summary>
public static class MergePlanner
{
    /// <summary>What a merge would do. Changes nothing.</summary>
    /// <exception cref="ImageException">Refused: another disk, or a snapshot of the machine, depends on a link that
    /// would change; a change is under way; the chain does not open.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public static ChangePlan Plan(MergeRequest request, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        var findings = new FindingList();
        MergeDraft draft = Draft(request, options, findings, isSnapshotListKept: false);
        return new ChangePlan
        {
            Folder = draft.Folder,
            Change = new ChainChange
            {
                Verb = request.Verb,
                Disk = draft.Merge.Head,
                LockedFiles = draft.LockedFiles,
                Steps = [draft.Merge, .. draft.After],
                HeadAfter = draft.HeadAfter,
            },
            WriteBytes = draft.WriteBytes,
            RoomBytes = draft.RoomBytes,
            FreeBytes = options.Host.FreeBytes(draft.Folder),
            ReleasedBytes = draft.ReleasedBytes,
            FrozenFiles = draft.FrozenFiles,
            Findings = findings,
        };
    }

    /// <summary>
    /// The steps of one merge. <paramref name="isSnapshotListKept"/>: the caller takes out of the snapshot list what
    /// refers to links that change.
    /// </summary>
    internal static MergeDraft Draft(
        MergeRequest request, DiskOpenOptions options, FindingList findings, bool isSnapshotListKept)
    {
        using Disk disk = Disk.Open(request.HeadPath, options with { IsWritable = false });
        foreach (Finding finding in disk.Findings.Items) { findings.Add(finding); }
        return new MergeDrafting(request, options, findings, disk).Run(isSnapshotListKept);
    }
}

/// <summary>Makes one <see cref="MergeDraft"/>. Used once.</summary>
internal sealed class MergeDrafting(MergeRequest request, DiskOpenOptions options, FindingList findings, Disk disk)
{
    private readonly IHost host = options.Host;
    private readonly IReadOnlyList<Link> links = disk.Links;
    private readonly List<string> paths = [.. disk.Links.Select(link => options.Host.ResolveLinks(link.Path))];
    private readonly Dictionary<string, MachineFolder> machines = new(StringComparer.Ordinal);
    private readonly Dependents dependents = new(options.Host);
    private readonly uint newContentId = DescriptorTemplate.NewContentId();
    private int targetIndex;
    private string folder = "";

    public MergeDraft Run(bool isSnapshotListKept)
    {
        targetIndex = FindTarget();
        folder = HostPath.FolderOf(paths[targetIndex]);
        foreach (Link link in links.Take(targetIndex + 1)) { WriteGuard.ThrowIfChanging(options, link, findings); }
        ThrowUnlessWritable(links[targetIndex]);
        UnclosedTables.ThrowIfDamaged(options, links[targetIndex], findings);
        IReadOnlyList<Dependent> children = FindChildren();
        ThrowIfRunBetween();
        if (!isSnapshotListKept) { ThrowIfHeldBySnapshot(); }
        foreach (Link link in ChangedLinks()) { ChangeTracking.Announce(link, findings); }
        (long write, long room) = Measure();
        var steps = new List<ChangeStep>();
        if (request.Afterwards == MergedDelta.Delete) { steps.AddRange(Repoint(children)); }
        if (request.Afterwards == MergedDelta.Empty) { steps.Add(Empty()); }
        List<string> gone = [.. FilesGone()];
        ThrowIfNamedElsewhere(gone);
        if (gone.Count > 0) { steps.Add(new DeleteFilesStep { Paths = gone }); }
        return new MergeDraft(folder, Merge(), steps, [.. LockedFiles(children)], write, room, ReleasedBytes(gone),
            [.. FrozenFiles(children)],
            request.Afterwards == MergedDelta.Delete ? Name(paths[targetIndex]) : Name(paths[0]));
    }

    private int FindTarget()
    {
        if (links.Count < 2)
        {
            throw findings.Refuse(ChangeFindings.NoParent, request.HeadPath, "there is no parentFileNameHint");
        }
        if (request.TargetPath is not { } wanted) { return 1; }
        string real = host.ResolveLinks(wanted);
        int index = paths.IndexOf(real);
        return index > 0 ? index : throw findings.Refuse(ChangeFindings.NoParent, request.HeadPath,
            $"{wanted} is not one of its ancestors: {string.Join(", ", links.Skip(1).Select(link => link.Path))}");
    }

    private void ThrowUnlessWritable(Link target)
    {
        ExtentLine? fixedLine = target.Descriptor!.Extents.FirstOrDefault(line => line.Access != ExtentAccess.ReadWrite
            || line.Type is not (ExtentType.Flat or ExtentType.Vmfs or ExtentType.Sparse or ExtentType.VmfsSparse));
        if (target.Format == LinkFormat.StreamOptimized || fixedLine is not null)
        {
            throw findings.Refuse(ChainFindings.NotWritable, target.Path, fixedLine is null ? "it is streamOptimized"
                : $"it has an extent {ExtentLine.TextOf(fixedLine.Access)} {ExtentLine.TextOf(fixedLine.Type)}");
        }
        if (request.Afterwards != MergedDelta.Empty) { return; }
        bool canEmpty = links[0].Format == LinkFormat.MonolithicSparse || (links[0].Format == LinkFormat.TextDescriptor
            && links[0].Descriptor!.Extents.All(line => line.Type is ExtentType.Sparse or ExtentType.VmfsSparse));
        if (!canEmpty)
        {
            throw findings.Refuse(ChainFindings.NotWritable, links[0].Path,
                "a delta of its kind cannot be made empty; keep it (-d), or have it deleted (--delete)");
        }
    }

    // Children of the head go on to see its content; whoever else stands on a link below would see it change.
    private IReadOnlyList<Dependent> FindChildren()
    {
        for (int i = 1; i <= targetIndex; i++)
        {
            foreach (Dependent other in dependents.Of(paths[i]))
            {
                if (other.Path == paths[i - 1]) { continue; }
                throw findings.Refuse(other.Descriptor is null ? ChangeFindings.CloneNotFound : ChangeFindings.Shared,
                    links[i].Path, $"{other.Path} stands on it{(other.IsClone ? ", as a linked clone" : "")}");
            }
        }
        IReadOnlyList<Dependent> children = dependents.Of(paths[0]);
        if (request.Afterwards != MergedDelta.Delete) { return children; }
        Dependent? outside = children.FirstOrDefault(child => child.Descriptor is null
            || HostPath.FolderOf(child.Path) != HostPath.FolderOf(paths[0])
            || child.Descriptor.ParentContentId != links[0].Descriptor!.ContentId);
        if (outside is not null)
        {
            throw findings.Refuse(outside.Descriptor is null ? ChangeFindings.CloneNotFound : ChangeFindings.Shared,
                links[0].Path, $"{outside.Path} stands on it, and cannot be moved to {links[targetIndex].Path}");
        }
        return children;
    }

    // The links between are deleted; whoever ran from one would find nothing.
    private void ThrowIfRunBetween()
    {
        for (int i = 1; i < targetIndex; i++)
        {
            foreach ((MachineSettings settings, VmxDisk used) in MachinesBeside(paths[i])
                .RunningFrom(paths[i]))
            {
                throw findings.Refuse(ChangeFindings.Shared, links[i].Path,
                    $"{HostPath.NameOf(settings.Path)} runs from it, at {used.Node}");
            }
        }
    }

    // A descriptor can name any file of its folder as its own data, also one that another disk needs.
    private void ThrowIfNamedElsewhere(List<string> gone)
    {
        var goes = gone.Select(name => HostPath.Combine(folder, name)).ToHashSet(StringComparer.Ordinal);
        foreach (string path in goes)
        {
            if (dependents.Naming(path).FirstOrDefault(disk => !goes.Contains(disk)) is { } other)
            {
                throw findings.Refuse(ChangeFindings.Shared, path, $"{other} names it as its own data");
            }
        }
    }

    private void ThrowIfHeldBySnapshot()
    {
        for (int i = request.Afterwards == MergedDelta.Delete ? 0 : 1; i <= targetIndex; i++)
        {
            foreach ((SnapshotList list, VmsdSnapshot snapshot, _) in MachinesBeside(paths[i]).Freezing(paths[i]))
            {
                throw findings.Refuse(ChangeFindings.HeldBySnapshot, links[i].Path,
                    $"the snapshot \"{snapshot.DisplayName}\" of {HostPath.NameOf(list.Path)} froze it");
            }
        }
    }

    private MachineFolder MachinesBeside(string path)
    {
        string beside = HostPath.FolderOf(path);
        if (!machines.TryGetValue(beside, out MachineFolder? found))
        {
            machines.Add(beside, found = MachineFolder.Read(host, beside, findings, isForChange: true));
        }
        return found;
    }

    private MergeStep Merge() => new()
    {
        Head = Name(paths[0]),
        Above = Name(paths[targetIndex - 1]),
        Target = Name(paths[targetIndex]),
        OldContentId = links[targetIndex].Descriptor!.ContentId!.Value,
        NewContentId = newContentId,
        HeadContentId = links[0].Descriptor!.ContentId!.Value,
        Verifies = request.Verifies,
    };

    private IEnumerable<ChangeStep> Repoint(IReadOnlyList<Dependent> children)
    {
        string target = HintFor(paths[targetIndex], HostPath.FolderOf(paths[0]));
        foreach (Dependent child in children)
        {
            yield return new EditDescriptorStep
            {
                Path = Name(child.Path),
                Edits =
                [
                    new KeyEdit("parentFileNameHint", target), new KeyEdit("parentCID", $"{newContentId:x8}"),
                ],
            };
        }
        string targetName = HostPath.NameOf(paths[targetIndex]);
        foreach (var machine in MachinesBeside(paths[0]).RunningFrom(paths[0]).GroupBy(found => found.Settings.Path))
        {
            yield return DictionaryEdits.Step(Name(machine.Key), machine.First().Settings.File.Dictionary,
                [.. machine.Select(found => new KeyEdit(
                    found.Disk.Node + ".fileName", MachineFolder.Renamed(found.Disk.FileName, targetName)))]);
        }
    }

    private EmptyDeltaStep Empty() => new()
    {
        Path = Name(paths[0]),
        ParentHint = targetIndex == 1 ? links[0].Descriptor!.ParentFileNameHint!
            : HintFor(paths[targetIndex], HostPath.FolderOf(paths[0])),
        ParentContentId = newContentId,
    };

    // From the head down, so that whatever is still there has everything that it stands on; of each link the descriptor
    // before its data.
    private IEnumerable<string> FilesGone()
    {
        for (int i = 0; i <= targetIndex; i++)
        {
            bool isGone = i == 0 ? request.Afterwards == MergedDelta.Delete : i < targetIndex;
            foreach (string path in isGone ? FilesOf(links[i], paths[i]) : []) { yield return Name(path); }
            bool isChanged = i > 0 || request.Afterwards != MergedDelta.Keep;
            if (isChanged && ChangeTracking.FileOf(host, links[i]) is { } tracking) { yield return Name(tracking); }
        }
    }

    private IEnumerable<Link> ChangedLinks() =>
        links.Take(targetIndex + 1).Skip(request.Afterwards == MergedDelta.Keep ? 1 : 0);

    private IEnumerable<string> FilesOf(Link link, string realPath)
    {
        yield return realPath;
        foreach (string file in link.Extents.Select(extent => extent.Path).OfType<string>().Distinct())
        {
            if (host.ResolveLinks(file) is var real && real != realPath) { yield return real; }
        }
    }

    // With the children whose descriptors are edited: whoever writes to one edits it too.
    private IEnumerable<string> LockedFiles(IReadOnlyList<Dependent> children) =>
        links.Take(targetIndex + 1).Zip(paths, FilesOf).SelectMany(files => files)
            .Concat(request.Afterwards == MergedDelta.Delete ? children.Select(child => child.Path) : [])
            .Select(Name).Distinct();

    // A link that others stand on stays frozen; one that is run from again is not.
    private IEnumerable<string> FrozenFiles(IReadOnlyList<Dependent> children) =>
        request.Afterwards == MergedDelta.Delete && children.Count == 0 ? []
            : FilesOf(links[targetIndex], paths[targetIndex])
                .Where(path => host.Stat(path) is { IsReadOnly: true }).Select(Name);

    private long ReleasedBytes(List<string> gone)
    {
        IEnumerable<string> emptied = request.Afterwards == MergedDelta.Empty ? FilesOf(links[0], paths[0]) : [];
        return gone.Select(name => HostPath.Combine(folder, name)).Concat(emptied).Distinct()
            .Sum(path => host.Stat(path)?.LengthBytes ?? 0);
    }

    private (long WriteBytes, long RoomBytes) Measure()
    {
        using var stack = new MergeStack(options, links, targetIndex, isWritable: false, new FindingList());
        long write = 0, room = 0, counted = 0;
        for (long offset = 0; offset < stack.Upper.Length;)
        {
            BlockRun run = stack.Upper.GetRun(offset, stack.Upper.Length - offset);
            if (run.Kind == RunKind.Unreadable) { ReadScar(stack.Upper, offset); }
            if (run.Kind != RunKind.Hole) { write += run.LengthBytes; }
            if (run.Kind == RunKind.Data) { room += RoomFor(stack.Target, offset, run.LengthBytes, ref counted); }
            offset += run.LengthBytes;
        }
        return (write, room);
    }

    // Throws the reason, before anything is changed.
    private static void ReadScar(LayersAbove upper, long offset)
    {
        Span<byte> sector = stackalloc byte[1];
        upper.Read(offset, sector);
    }

    private long RoomFor(IBlockReader target, long offset, long length, ref long counted)
    {
        int grain = links[targetIndex].Extents.Select(extent => (extent.Reader as ISparseLayer)?.GrainBytes ?? 1).Max();
        long room = 0, end = offset + length;
        while (offset < end)
        {
            BlockRun run = target.GetRun(offset, end - offset);
            if (run is not { Kind: RunKind.Data, Depth: 0 })
            {
                long first = Math.Max(counted, offset / grain * grain);
                long last = (offset + run.LengthBytes + grain - 1) / grain * grain;
                room += Math.Max(0, last - first);
                counted = Math.Max(counted, last);
            }
            offset += run.LengthBytes;
        }
        return room;
    }

    private string Name(string path) => ChangeFile.NameOf(folder, path);

    private static string HintFor(string targetPath, string fromFolder) =>
        HostPath.FolderOf(targetPath) == fromFolder ? HostPath.NameOf(targetPath) : targetPath;
}
