using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Rebasing;

/// <summary>How a delta is moved to another parent.</summary>
public sealed record RebaseRequest
{
    /// <summary>The delta.</summary>
    public required string Path { get; init; }

    /// <summary>The parent it is to stand on; null to stand alone.</summary>
    public string? ParentPath { get; init; }

    /// <summary>
    /// Changes only the descriptor, and does not look at either parent's content: the guest sees whatever that gives.
    /// </summary>
    public bool IsUnsafe { get; init; }

    /// <summary>Finds out what would be done, and changes nothing.</summary>
    public bool IsDryRun { get; init; }
}

/// <summary>What a rebase did, or would do.</summary>
/// <param name="OldParentHint">The hint before; null when it stood alone.</param>
/// <param name="NewParentHint">The hint afterwards; null when it stands alone.</param>
/// <param name="NewParentContentId">parentCID afterwards.</param>
/// <param name="CopiedBytes">Bytes brought from the old parent into the delta, of a dry run at most; 0 of an unsafe one.</param>
/// <param name="KeptPath">A copy of the old descriptor, where one was kept.</param>
/// <param name="Findings">What was found on the way.</param>
public sealed record RebaseResult(
    string? OldParentHint, string? NewParentHint, uint NewParentContentId, long CopiedBytes, string? KeptPath,
    FindingList Findings);

/// <summary>Moves a delta to another parent, or makes it stand alone; its guest sees what it saw before.</summary>
/// <remarks>
/// Crash order. (1) Where the new parent differs from the old one, and the delta holds nothing, the old content is
/// brought into the delta: on the old parent that changes nothing. (2) A flush. (3) The clone record of a new parent in
/// another folder. (4) The descriptor, in one step: now it stands on the new parent. (5) The clone record of the old
/// parent. A cut anywhere leaves the same content, and the same command finishes.
/// </remarks>
public static class DiskRebase
{
    private const string KeptSuffix = "before-rebase";

    /// <summary>Rebases, or says what that would take.</summary>
    /// <exception cref="ImageException">Refused; the finding says why.</exception>
    /// <exception cref="BlockException">The host failed, or somebody else holds the disk.</exception>
    public static RebaseResult Run(RebaseRequest request, DiskOpenOptions options,
        IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        var findings = new FindingList();
        IHost host = options.Host;
        Link delta = LinkProbe.Read(host, request.Path, findings);
        findings.ThrowIfRefused();
        ThrowUnlessDelta(delta, findings);

        // The content stays, so others may depend on it.
        using HeldLocks? locks = request.IsDryRun ? null
            : WriteGuard.Take(options with { AllowWriteUnderChildren = true }, delta, findings);
        using Disk? parent = request.ParentPath is { } path ? Disk.Open(path, options with { IsWritable = false }) : null;
        Link? parentLink = parent?.Links[0];
        if (parentLink is not null) { ThrowUnlessParent(host, delta, parent!, findings); }
        string? hint = parentLink is null ? null : HintFor(host, delta.Path, parentLink.Path);
        uint parentId = parentLink?.Descriptor!.ContentId ?? VmdkDescriptor.NoParent;
        long copied = request.IsUnsafe ? 0 : Fill(delta, parent?.Reader, options, request, findings, progress, cancellation);
        string? kept = request.IsDryRun ? null : Repoint(request, delta, parentLink, hint, parentId, options);
        return new RebaseResult(delta.Descriptor!.ParentFileNameHint, hint, parentId, copied, kept, findings);
    }

    private static void ThrowUnlessDelta(Link delta, FindingList findings)
    {
        bool isSparse = delta.Descriptor is { Extents.Count: > 0 } descriptor
            && delta.Format is LinkFormat.MonolithicSparse or LinkFormat.TextDescriptor
            && descriptor.Extents.All(line => line.Access == ExtentAccess.ReadWrite
                && line.Type is ExtentType.Sparse or ExtentType.VmfsSparse);
        if (!isSparse)
        {
            throw findings.Refuse(RebaseFindings.NotADelta, delta.Path,
                delta.Descriptor is null ? "it has no descriptor" : $"it is {delta.Descriptor.CreateType}");
        }
    }

    private static void ThrowUnlessParent(IHost host, Link delta, Disk parent, FindingList findings)
    {
        Link link = parent.Links[0];
        string own = host.ResolveLinks(delta.Path);
        if (parent.Links.Any(other => host.ResolveLinks(other.Path) == own))
        {
            throw findings.Refuse(RebaseFindings.WouldLoop, link.Path, $"its chain goes through {delta.Path}");
        }
        if (link.Descriptor?.ContentId is null or VmdkDescriptor.NoParent)
        {
            throw findings.Refuse(RebaseFindings.NotAParent, link.Path, "it has no descriptor with a CID");
        }
        if (host.ResolveLinks(link.Path).AsSpan().IndexOfAny("\"\r\n") >= 0)
        {
            throw findings.Refuse(RebaseFindings.NotAParent, link.Path,
                "its name has quotes or line breaks, which a descriptor cannot hold");
        }
        if (parent.CapacityBytes != delta.Descriptor!.CapacityBytes)
        {
            throw findings.Refuse(RebaseFindings.NotAParent, link.Path,
                $"it has {parent.CapacityBytes} bytes, and {delta.Path} {delta.Descriptor.CapacityBytes}");
        }
    }

    private static string HintFor(IHost host, string deltaPath, string parentPath)
    {
        string parent = host.ResolveLinks(parentPath);
        return HostPath.FolderOf(parent) == HostPath.FolderOf(host.ResolveLinks(deltaPath))
            ? HostPath.NameOf(parent) : parent;
    }

    private static long Fill(Link delta, IBlockReader? newParent, DiskOpenOptions options, RebaseRequest request,
        FindingList findings, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        using DiskInspection chain = Disk.Inspect(delta.Path, options with { IsWritable = false });
        foreach (Finding finding in chain.Findings.Items) { findings.Add(finding); }
        if (chain.Refusal is { } refusal) { throw refusal; }
        WriteGuard.ThrowIfChanging(options, delta, findings);
        using var stack = new MergeStack(options, chain.Links, 0, isWritable: !request.IsDryRun, findings);
        using var hole = newParent is null ? new HoleReader(stack.Target.Length) : null;
        var filler = new DeltaFiller(stack.Target, newParent ?? hole!, request.IsDryRun ? null : stack.Device,
            chain.Links.Count > 1);
        long copied = filler.Run(progress, cancellation);
        if (!request.IsDryRun) { stack.Device.Flush(); }
        return copied;
    }

    private static string? Repoint(RebaseRequest request, Link delta, Link? parent, string? hint, uint parentId,
        DiskOpenOptions options)
    {
        IHost host = options.Host;
        string own = host.ResolveLinks(delta.Path);
        string? kept = request.IsUnsafe
            ? KeptCopy.Write(host, own, KeptSuffix, delta.Descriptor!.ToBytes()) : null;
        if (parent is not null) { RecordClone(host, host.ResolveLinks(parent.Path), own); }
        var editor = new DescriptorEditor(delta.Descriptor!);
        editor.SetParentContentId(parentId);
        if (hint is null)
        {
            editor.Remove("parentFileNameHint");
            if (!request.IsUnsafe) { TakeDatabase(editor, delta, options); }
        }
        else { editor.Set("parentFileNameHint", hint); }
        DescriptorStore.Write(host, delta.DescriptorPlace!, editor.ToBytes());
        ForgetClone(host, delta, own, parent is null ? null : host.ResolveLinks(parent.Path));
        return kept;
    }

    // A delta leaves adapter, geometry and the like to its base (VMware, Virtual Disk Format 5.0); standing alone it
    // needs its own.
    private static void TakeDatabase(DescriptorEditor editor, Link delta, DiskOpenOptions options)
    {
        using DiskInspection chain = Disk.Inspect(delta.Path, options with { IsWritable = false });
        foreach (Link link in chain.Links.Skip(1))
        {
            foreach ((string key, string value) in link.Descriptor?.DatabaseEntries ?? [])
            {
                bool isOwn = key.StartsWith("uuid", StringComparison.OrdinalIgnoreCase)
                    || key.Equals("longContentID", StringComparison.OrdinalIgnoreCase)
                    || key.Equals("thinProvisioned", StringComparison.OrdinalIgnoreCase);
                if (!isOwn) { editor.SetIfAbsent("ddb." + key, value); }
            }
        }
        editor.SetIfAbsent("ddb.uuid", DescriptorTemplate.NewUuid());
    }

    private static void RecordClone(IHost host, string parentPath, string clonePath)
    {
        if (HostPath.FolderOf(parentPath) == HostPath.FolderOf(clonePath)) { return; }
        IReadOnlyList<string> clones = CloneRecord.Read(host, parentPath);
        if (!clones.Contains(clonePath)) { CloneRecord.Write(host, parentPath, [.. clones, clonePath]); }
    }

    private static void ForgetClone(IHost host, Link delta, string own, string? newParent)
    {
        if (delta.Descriptor!.ParentFileNameHint is not { Length: > 0 } hint) { return; }
        string old = HostPath.Combine(HostPath.FolderOf(own), hint.Replace('\\', '/'));
        if (old.Contains('\0', StringComparison.Ordinal) || host.Stat(old) is null) { return; }
        old = host.ResolveLinks(old);
        IReadOnlyList<string> clones = CloneRecord.Read(host, old);
        if (old != newParent && clones.Contains(own)) { CloneRecord.Write(host, old, [.. clones.Where(path => path != own)]); }
    }
}
