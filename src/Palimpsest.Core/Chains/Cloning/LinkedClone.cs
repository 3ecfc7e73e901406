using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Cloning;

/// <summary>A linked clone that is asked for.</summary>
public sealed record LinkedCloneRequest
{
    /// <summary>The link that the clone stands on.</summary>
    public required string SourcePath { get; init; }

    /// <summary>Path of the clone, in a folder that exists.</summary>
    public required string TargetPath { get; init; }

    /// <summary>One of <see cref="CloneKinds.Linked"/>; null for the one that suits the chain.</summary>
    public string? Kind { get; init; }
}

/// <summary>A linked clone that was, or would be, made.</summary>
public sealed record LinkedCloneResult
{
    /// <summary>The link it stands on, links resolved.</summary>
    public required string ParentPath { get; init; }

    /// <summary>The clone, with its whole path.</summary>
    public required string TargetPath { get; init; }

    /// <summary>Its createType.</summary>
    public required string Kind { get; init; }

    /// <summary>Size of the guest's disk in bytes.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>How the clone names its parent.</summary>
    public required string ParentHint { get; init; }

    /// <summary>Files of the parent that nobody may write to from now on.</summary>
    public required IReadOnlyList<string> FrozenPaths { get; init; }

    /// <summary>
    /// Where the clone is recorded; null when it lies beside its parent, where it can be seen.
    /// </summary>
    public required string? RecordPath { get; init; }

    /// <summary>The clone's files, the descriptor's first; empty for a plan.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>What was found on the way.</summary>
    public required FindingList Findings { get; init; }
}

/// <summary>Makes a delta elsewhere on a link that is shared from then on.</summary>
public static class LinkedClone
{
    /// <summary>What a linked clone would be. Changes nothing.</summary>
    /// <exception cref="ImageException">Refused: a machine runs from the link, a change of it is not
    /// finished, the chain does not open.</exception>
    /// <exception cref="BlockException"><c>Refused</c>: a raw image, a name that no descriptor can
    /// hold.</exception>
    public static LinkedCloneResult Plan(LinkedCloneRequest request, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        using Disk disk = Disk.Open(request.SourcePath, options with { IsWritable = false });
        return PlanFor(disk, request, options);
    }

    // Crash order: (1) the clone's data files, under temporary names; (2) the record, durably; (3) the
    // parent's files lose the permission to write; (4) the clone gets its name, its descriptor last. A record
    // without a clone makes a write to the parent ask first, which is harmless; a clone without a record
    // would be broken by one. So it is never there. That the files are frozen is for other programs, and a
    // cut may lose it; ours go by the record.

    /// <summary>
    /// Makes the clone. When it fails no clone is left, and the parent is as it was; at worst a record of the
    /// clone stays, which <see cref="CloneList.Forget"/> removes.
    /// </summary>
    /// <exception cref="ImageException">See <see cref="Plan"/>; and somebody else holds the link.</exception>
    /// <exception cref="BlockException">See <see cref="Plan"/>; the host failed; a file of that name
    /// exists.</exception>
    public static LinkedCloneResult Create(
        LinkedCloneRequest request, DiskOpenOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        using Disk disk = Disk.Open(request.SourcePath, options with { IsWritable = false });
        LinkedCloneResult plan = PlanFor(disk, request, options);
        using HeldLocks locks = WriteGuard.TakeForFreezing(options, disk.Links[0], plan.Findings);
        using NewDisk clone = NewDisk.Begin(new DiskCreation
        {
            Path = plan.TargetPath,
            CapacityBytes = plan.CapacityBytes,
            Kind = plan.Kind,
            Parent = new DeltaParent(plan.ParentHint, disk.Links[0].Descriptor!.ContentId!.Value),
            Host = options.Host,
        }, cancellation);
        var sharing = new Sharing(options.Host, plan);
        try
        {
            sharing.Begin();
            clone.Commit();
        }
        catch
        {
            sharing.TakeBack(clone);
            throw;
        }
        return plan with { Files = clone.Files };
    }

    private static LinkedCloneResult PlanFor(Disk disk, LinkedCloneRequest request, DiskOpenOptions options)
    {
        IHost host = options.Host;
        Link parent = disk.Links[0];
        if (parent.Descriptor?.ContentId is null or VmdkDescriptor.NoParent)
        {
            throw new BlockException(BlockErrorKind.Refused, parent.Path, null,
                "it has no content id that a clone could be held against; if it has no descriptor, make one: "
                + "vmdk describe");
        }
        string parentPath = host.ResolveLinks(parent.Path), parentFolder = HostPath.FolderOf(parentPath);
        string targetFolder = host.ResolveLinks(HostPath.FolderOf(request.TargetPath));
        string targetPath = HostPath.Combine(targetFolder, HostPath.NameOf(request.TargetPath));
        bool isBeside = targetFolder == parentFolder;
        string hint = isBeside ? HostPath.NameOf(parentPath) : parentPath;
        ThrowUnlessWritten(hint);
        ThrowUnlessWritten(targetPath);
        WriteGuard.ThrowIfChanging(options, parent, disk.Findings);
        MachineFolder machines = MachineFolder.Read(host, parentFolder, disk.Findings);
        foreach ((MachineSettings settings, VmxDisk node) in machines.RunningFrom(parentPath))
        {
            throw disk.Findings.Refuse(CloneFindings.SourceInUse, parent.Path,
                $"{HostPath.NameOf(settings.Path)} runs from it, as {node.Node}");
        }
        return new LinkedCloneResult
        {
            ParentPath = parentPath,
            TargetPath = targetPath,
            Kind = request.Kind ?? CloneKinds.Delta(disk.Links),
            CapacityBytes = disk.CapacityBytes,
            ParentHint = hint,
            FrozenPaths = [.. parent.Files.Select(host.ResolveLinks).Distinct()
                .Where(path => host.Stat(path)?.Kind == HostEntryKind.File)],
            RecordPath = isBeside ? null : parentPath + CloneRecord.Suffix,
            Findings = disk.Findings,
        };
    }

    private static void ThrowUnlessWritten(string path)
    {
        if (path.AsSpan().IndexOfAny("\"\r\n\0") >= 0)
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "a path with quotes or line breaks can be written neither into a descriptor nor into a "
                + "record of clones");
        }
    }

    /// <summary>What the parent's side of a clone is: the record and the frozen files.</summary>
    private sealed class Sharing(IHost host, LinkedCloneResult plan)
    {
        private readonly List<string> frozen = [];
        private bool isOurRecord;

        public void Begin()
        {
            if (plan.RecordPath is not null)
            {
                isOurRecord = !CloneRecord.Read(host, plan.ParentPath).Contains(plan.TargetPath);
                CloneRecord.Add(host, plan.ParentPath, plan.TargetPath);
            }
            foreach (string path in plan.FrozenPaths)
            {
                if (host.SetReadOnly(path)) { frozen.Add(path); }
            }
        }

        // A clone that has its name stays, and then so does this.
        public void TakeBack(NewDisk clone)
        {
            try
            {
                clone.Dispose();
                if (host.Stat(plan.TargetPath) is not null) { return; }

                // That the clone is gone has to be durable before its record goes.
                host.FlushFolder(HostPath.FolderOf(plan.TargetPath));
                foreach (string path in frozen) { host.SetWritable(path, path); }
                if (isOurRecord) { CloneRecord.Remove(host, plan.ParentPath, plan.TargetPath); }
            }
            catch (BlockException)
            {
                // The first failure is the one worth reporting, and a record without a clone is harmless.
            }
        }
    }
}
