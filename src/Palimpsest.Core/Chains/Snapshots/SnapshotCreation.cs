using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>A snapshot that is to be taken.</summary>
public sealed record SnapshotCreation
{
    /// <summary>A disk's head, a <c>.vmx</c> file, or a machine's folder.</summary>
    public required string Path { get; init; }

    /// <summary>Display name; null for one made of its number.</summary>
    public string? Name { get; init; }

    /// <summary>Description; null for none.</summary>
    public string? Description { get; init; }

    /// <summary>createType of the new deltas; null for what suits the link they stand on.</summary>
    public string? Kind { get; init; }

    /// <summary>True leaves the frozen files' permissions as they are.</summary>
    public bool KeepsPermissions { get; init; }

    /// <summary>When it is taken.</summary>
    public DateTime TimeUtc { get; init; } = DateTime.UtcNow;
}

/// <summary>Plans snapshots: the heads are frozen, and empty deltas are put on them.</summary>
public sealed class SnapshotCreator(SnapshotCreation request, DiskOpenOptions options)
{
    /// <summary>The kinds of deltas that can be chosen.</summary>
    public static IReadOnlyList<string> DeltaKinds => NewDelta.Kinds;

    /// <summary>VMware's limit for the links of a chain.</summary>
    internal const int MaximumLinks = 32;

    // Three quarters of the limit: time to merge some.
    private const int ManyLinks = 24;

    /// <summary>What taking the snapshot would do. Changes nothing.</summary>
    /// <exception cref="ImageException">Refused; the finding says why.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public ChangePlan Plan()
    {
        var findings = new FindingList();
        SnapshotScope scope = new ScopeFinder(options, findings).Find(request.Path);
        scope.ThrowUnlessChangeable(options, findings);
        ThrowUnlessHead(scope, findings);
        var names = new DeltaNames(options.Host, scope.Machines);
        var files = new LinkFiles(options);
        var assembly = new ChangeAssembly(scope, options, findings);
        foreach (ScopeDisk disk in scope.Disks)
        {
            if (disk.Failure is not null) { throw disk.Failure; }
            ThrowIfTooLong(disk, findings);
            Link head = disk.Chain[0];
            string name = names.Next(HostPath.NameOf(disk.HeadPath));
            IReadOnlyList<string> frozen = files.Of(head);

            // Owner and mode are those of the head while it can still be written to; it is frozen last.
            assembly.Add(NewDelta.Step(name, disk.Chain, request.Kind, head, findings)
                with { PermissionsLike = HostPath.NameOf(disk.HeadPath) });
            assembly.Lock(frozen);
            assembly.Expect(head);
            if (!request.KeepsPermissions) { assembly.Freeze(frozen); }
            if (disk.Attachment is { } attachment) { assembly.Repoint(attachment, name); }
            assembly.HeadPath = HostPath.Combine(scope.Folder, name);
        }
        if (scope.Settings is not null) { assembly.List = AddToList(scope, findings); }
        SayWhatIsLeftOut(scope, findings);
        return assembly.ToPlan("snapshot create");
    }

    private static void ThrowUnlessHead(SnapshotScope scope, FindingList findings)
    {
        ScopeDisk first = scope.Disks[0];
        bool isDisk = scope.NamedPath != scope.Settings?.Path;
        if (isDisk && first.HeadPath != scope.NamedPath)
        {
            throw findings.Refuse(SnapshotFindings.NotTheHead, scope.NamedPath,
                $"{HostPath.NameOf(first.HeadPath)} is the head of its chain");
        }
        if (first.IsIndependent)
        {
            throw findings.Refuse(SnapshotFindings.NothingTakesPart, scope.NamedPath,
                $"its mode is {first.Attachment!.Mode}");
        }
    }

    private static void ThrowIfTooLong(ScopeDisk disk, FindingList findings)
    {
        int linkCount = disk.Chain.Count + 1;
        if (linkCount > MaximumLinks)
        {
            throw findings.Refuse(SnapshotFindings.TooManyLinks, disk.HeadPath,
                $"it has {disk.Chain.Count} links");
        }
        if (linkCount >= ManyLinks)
        {
            findings.Add(SnapshotFindings.ManyLinks, disk.HeadPath,
                $"{linkCount} links with the new one, and {MaximumLinks} is the limit");
        }
    }

    private (IReadOnlyList<KeyEdit> Edits, string Purpose) AddToList(SnapshotScope scope,
        FindingList findings)
    {
        var editor = new SnapshotListEditor(scope.List, findings);
        int uid = editor.Add(new NewSnapshot(request.Name, request.Description, request.TimeUtc,
            [.. scope.Disks.Select(disk => (disk.Attachment!.FileName, (string?)disk.Attachment.Node))]));
        return (editor.Edits(), $"add snapshot number {uid}, \"{request.Name ?? $"Snapshot {uid}"}\"");
    }

    private static void SayWhatIsLeftOut(SnapshotScope scope, FindingList findings)
    {
        if (!scope.IsPart) { return; }
        findings.Add(SnapshotFindings.OnlyThisDisk, scope.NamedPath, "not in it: " + string.Join(", ",
            scope.Others.Select(disk => $"{disk.BareName} at {disk.Node}")));
    }
}
