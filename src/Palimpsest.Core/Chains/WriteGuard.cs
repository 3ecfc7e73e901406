using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Locking;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// What must hold before a disk is opened for writing: nobody else writes, and nobody depends on it.
/// </summary>
internal static class WriteGuard
{
    /// <summary>
    /// Takes the locks of the head's files, or refuses. From then on its descriptor is what was read of it.
    /// Disposing gives the locks back.
    /// </summary>
    public static HeldLocks Take(DiskOpenOptions options, Link head, FindingList findings) =>
        Take(options, head, isWriter: true, findings);

    /// <summary>
    /// The same for one who freezes a link, so that others can depend on it: nobody may write to it, any
    /// number may read.
    /// </summary>
    public static HeldLocks TakeForFreezing(DiskOpenOptions options, Link link, FindingList findings) =>
        Take(options, link, isWriter: false, findings);

    private static HeldLocks Take(DiskOpenOptions options, Link head, bool isWriter, FindingList findings)
    {
        IHost host = options.Host;

        // Products put a lock beside the name they opened, which may be a link.
        if (host.Stat(head.Path)?.Kind == HostEntryKind.Link)
        {
            VmwareLock.ThrowIfHeld(options, head.Path, isWriter, findings);
        }
        ThrowIfChanging(options, head, findings);
        var held = new HeldLocks();
        try
        {
            foreach (string path in WrittenFiles(options, head, findings))
            {
                VmwareLock.ThrowIfHeld(options, path, isWriter, findings);
                held.Add(isWriter ? host.LockForWriting(path) : host.LockForFreezing(path));
            }
            ThrowIfChanged(host, head, findings);
            if (isWriter && !options.AllowWriteUnderChildren) { ThrowIfParent(host, head, findings); }
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static List<string> WrittenFiles(DiskOpenOptions options, Link head, FindingList findings)
    {
        var names = new HostNames(options.Host, options.AllowOutside);
        string folder = names.FolderOf(head.Path);
        var paths = new List<string> { options.Host.ResolveLinks(head.Path) };
        foreach (ExtentLine extent in head.Descriptor?.Extents ?? [])
        {
            bool isSelf = head.Format is LinkFormat.MonolithicSparse or LinkFormat.StreamOptimized;
            if (extent.FileName is null || isSelf || extent.Access != ExtentAccess.ReadWrite) { continue; }
            string path = names.ResolveExtent(folder, extent.FileName, head.Path, findings);
            if (!paths.Contains(path)) { paths.Add(path); }
        }
        return paths;
    }

    /// <summary>Refuses while a change in the link's folder is not finished.</summary>
    public static void ThrowIfChanging(DiskOpenOptions options, Link link, FindingList findings) =>
        ThrowIfChanging(options, link.Path, findings);

    /// <summary>
    /// Refuses while a change in the folder of the file <paramref name="path"/> is not finished.
    /// </summary>
    public static void ThrowIfChanging(DiskOpenOptions options, string path, FindingList findings)
    {
        string folder = HostPath.FolderOf(options.Host.ResolveLinks(path));
        ThrowIfChanging(options, folder, path, findings);
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

    // What is written back later is what was read, with changes: it has to be what is there now that nobody
    // else writes.
    private static void ThrowIfChanged(IHost host, Link head, FindingList findings)
    {
        if (head.Descriptor is not { } known) { return; }
        Link current = LinkProbe.Read(host, head.Path, new FindingList());
        if (current.Descriptor is null
            || !current.Descriptor.ToBytes().AsSpan().SequenceEqual(known.ToBytes()))
        {
            throw findings.Refuse(LockFindings.ChangedMeanwhile, head.Path,
                "its descriptor is another one by now");
        }
    }

    private static void ThrowIfParent(IHost host, Link head, FindingList findings)
    {
        if (head.Descriptor?.ContentId is not { } contentId) { return; }
        foreach (Dependent other in new Dependents(host).Of(host.ResolveLinks(head.Path)))
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
