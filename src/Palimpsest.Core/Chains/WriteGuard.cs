using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// What must hold before a disk is opened for writing: nobody else writes, and nobody depends on it.
/// </summary>
internal static class WriteGuard
{
    /// <summary>Takes the locks of the head's files, or refuses. Disposing gives them back.</summary>
    public static HeldLocks Take(DiskOpenOptions options, Link head, FindingList findings)
    {
        var held = new HeldLocks();
        try
        {
            Take(options, head, findings, held);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void Take(DiskOpenOptions options, Link head, FindingList findings, HeldLocks held)
    {
        IHost host = options.Host;
        ThrowIfLockedByVmware(host, head.Path, findings);
        ThrowIfChanging(options, head, findings);
        var names = new HostNames(host, options.AllowOutside);
        string folder = names.FolderOf(head.Path);
        var paths = new List<string> { host.ResolveLinks(head.Path) };
        foreach (ExtentLine extent in head.Descriptor?.Extents ?? [])
        {
            bool isSelf = head.Format is LinkFormat.MonolithicSparse or LinkFormat.StreamOptimized;
            if (extent.FileName is null || isSelf || extent.Access != ExtentAccess.ReadWrite) { continue; }
            string path = names.ResolveExtent(folder, extent.FileName, head.Path, findings);
            if (!paths.Contains(path)) { paths.Add(path); }
        }
        foreach (string path in paths)
        {
            ThrowIfLockedByVmware(host, path, findings);
            held.Add(host.LockForWriting(path));
        }
        if (!options.AllowWriteUnderChildren) { ThrowIfParent(host, head, paths[0], findings); }
    }

    /// <summary>Refuses while a change in the link's folder is not finished.</summary>
    public static void ThrowIfChanging(DiskOpenOptions options, Link link, FindingList findings)
    {
        string folder = HostPath.FolderOf(options.Host.ResolveLinks(link.Path));
        ThrowIfChanging(options, folder, link.Path, findings);
    }

    /// <summary>Refuses <paramref name="path"/> while a change in a folder is not finished.</summary>
    public static void ThrowIfChanging(
        DiskOpenOptions options, string folder, string path, FindingList findings)
    {
        if (ChangeFile.TryRead(options.Host, folder, options.AllowOutside, findings) is { } change)
        {
            throw findings.Refuse(ChangeFindings.ChangeInTheWay, path,
                $"{change.Verb} of {change.Disk} is not finished");
        }
    }

    /// <summary>Refuses while a VMware product holds <paramref name="path"/>.</summary>
    public static void ThrowIfLockedByVmware(IHost host, string path, FindingList findings)
    {
        string lockFolder = path + ".lck";
        if (host.Stat(lockFolder)?.Kind != HostEntryKind.Folder) { return; }
        string? lockFile = host.List(lockFolder)
            .FirstOrDefault(name => name.EndsWith(".lck", StringComparison.Ordinal));
        if (lockFile is not null)
        {
            throw findings.Refuse(ChainFindings.VmwareLock, path, $"{lockFolder}/{lockFile} exists");
        }
    }

    private static void ThrowIfParent(IHost host, Link head, string path, FindingList findings)
    {
        if (head.Descriptor?.ContentId is not { } contentId) { return; }
        foreach (Dependent other in new Dependents(host).Of(path))
        {
            if (other.Descriptor is null)
            {
                throw findings.Refuse(ChangeFindings.CloneNotFound, head.Path, $"{other.Path} is recorded as its clone");
            }
            if (other.Descriptor.ParentContentId == contentId)
            {
                throw findings.Refuse(ChainFindings.HasChildren, head.Path, other.IsClone
                    ? $"{other.Path} is a linked clone of it" : $"{HostPath.NameOf(other.Path)} is a snapshot on top of it");
            }
        }
    }
}

/// <summary>Locks held together.</summary>
internal sealed class HeldLocks : IDisposable
{
    private readonly List<IDisposable> locks = [];

    public void Add(IDisposable taken) => locks.Add(taken);

    public void Dispose() => Blocks.ConcatReader.DisposeAll(locks);
}
