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
        if (!options.AllowWriteUnderChildren) { ThrowIfParent(host, head, folder, findings); }
    }

    private static void ThrowIfLockedByVmware(IHost host, string path, FindingList findings)
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

    private static void ThrowIfParent(IHost host, Link head, string folder, FindingList findings)
    {
        if (head.Descriptor?.ContentId is not { } contentId) { return; }
        string ownName = HostPath.NameOf(head.Path);
        foreach (string name in host.List(folder))
        {
            if (name == ownName || !name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)) { continue; }
            if (TryDescriptor(host, HostPath.Combine(folder, name)) is { } other
                && other.ParentContentId == contentId && other.ParentFileNameHint is { } hint
                && HostPath.NameOf(hint.Replace('\\', '/')) == ownName)
            {
                throw findings.Refuse(ChainFindings.HasChildren, head.Path,
                    $"{name} is a snapshot on top of it");
            }
        }
    }

    // Whatever cannot be read as a link is not a child; its own problems are not this disk's.
    private static VmdkDescriptor? TryDescriptor(IHost host, string path)
    {
        try
        {
            return host.Stat(path)?.Kind == HostEntryKind.File
                ? LinkProbe.Read(host, path, new FindingList()).Descriptor : null;
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return null;
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
