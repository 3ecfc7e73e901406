using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Cloning;

/// <summary>How a disk that depends, or is said to depend, on a link stands to it.</summary>
public enum DependentState
{
    /// <summary>It names the link, and expects the content id that the link has.</summary>
    Fits,

    /// <summary>It names the link, and expects another content id: the link was changed under it.</summary>
    Outdated,

    /// <summary>It is there and names another parent, or none.</summary>
    Elsewhere,

    /// <summary>Something is there that cannot be read as a link.</summary>
    Unreadable,

    /// <summary>Nothing is there.</summary>
    Missing,
}

/// <summary>A disk that depends, or is said to depend, on a link.</summary>
/// <param name="Path">The disk, with its whole path.</param>
/// <param name="IsRecorded">True for a recorded linked clone; false for a disk in the link's own
/// folder.</param>
/// <param name="State">How it stands to the link.</param>
public sealed record LinkDependent(string Path, bool IsRecorded, DependentState State);

/// <summary>A link and what depends on it.</summary>
/// <param name="Path">The link, links resolved.</param>
/// <param name="Dependents">The disks in its folder first, then the recorded clones.</param>
public sealed record SharedLink(string Path, IReadOnlyList<LinkDependent> Dependents);

/// <summary>Tells who shares whose base, and forgets clones that are gone.</summary>
public static class CloneList
{
    /// <summary>The links of a disk's chain, head first, or all links of a folder, by name.</summary>
    /// <exception cref="BlockException">The host failed at the named file, or a record is too
    /// large.</exception>
    public static IReadOnlyList<SharedLink> Of(string path, DiskOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        IHost host = options.Host;
        string real = host.ResolveLinks(path);
        var dependents = new Dependents(host);
        bool isFolder = host.Stat(real)?.Kind == HostEntryKind.Folder;
        IEnumerable<(string Path, VmdkDescriptor? Descriptor)> links =
            isFolder ? LinksIn(host, real, dependents) : LinksOf(path, options);
        return [.. links.Select(link => Look(host, link.Path, link.Descriptor?.ContentId, dependents))];
    }

    // Crash order: one file, replaced or deleted in one step.

    /// <summary>
    /// Removes a clone that is gone, or stands elsewhere by now, from the record of a link.
    /// </summary>
    /// <returns>The path that was removed, as it was recorded.</returns>
    /// <exception cref="ImageException">The clone is still there and stands on the link, or may do
    /// so.</exception>
    /// <exception cref="BlockException"><c>Refused</c>: no such clone is recorded. <c>Locked</c>.</exception>
    public static string Forget(string clonePath, string linkPath, bool isDryRun, DiskOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(clonePath);
        ArgumentException.ThrowIfNullOrEmpty(linkPath);
        ArgumentNullException.ThrowIfNull(options);
        IHost host = options.Host;
        string real = host.ResolveLinks(linkPath);
        using IDisposable held = host.LockForFreezing(real);
        string wanted = WholePath(host, clonePath);
        IReadOnlyList<string> recorded = CloneRecord.Read(host, real);
        string clone = recorded.FirstOrDefault(path => path == clonePath || path == wanted)
            ?? throw new BlockException(BlockErrorKind.Refused, real, null,
                $"no linked clone {wanted} is recorded; vmdk clone --list shows those that are");
        LinkDependent found = Look(host, clone, real, null, new Dependents(host));
        if (found.State is not (DependentState.Missing or DependentState.Elsewhere))
        {
            string what = found.State == DependentState.Unreadable
                ? "is there, and what it stands on cannot be read" : "stands on it";
            throw new FindingList().Refuse(CloneFindings.StillThere, real, $"{clone} {what}");
        }
        if (!isDryRun) { CloneRecord.Remove(host, real, clone); }
        return clone;
    }

    private static IEnumerable<(string Path, VmdkDescriptor? Descriptor)> LinksIn(
        IHost host, string folder, Dependents dependents)
    {
        foreach (string name in host.List(folder))
        {
            if (!name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)) { continue; }
            string path = HostPath.Combine(folder, name);
            if (dependents.TryDescriptor(path) is { } descriptor) { yield return (path, descriptor); }
        }
    }

    private static IEnumerable<(string Path, VmdkDescriptor? Descriptor)> LinksOf(string path,
        DiskOpenOptions options)
    {
        using DiskInspection inspection = Disk.Inspect(path, options with { IsWritable = false });
        if (inspection.Links.Count == 0) { throw inspection.Refusal!; }
        return [.. inspection.Links.Select(link => (options.Host.ResolveLinks(link.Path), link.Descriptor))];
    }

    private static SharedLink Look(IHost host, string linkPath, uint? contentId, Dependents dependents)
    {
        IEnumerable<LinkDependent> beside = dependents.Of(linkPath).Where(other => !other.IsClone)
            .Select(other => new LinkDependent(other.Path, false, StateOf(other.Descriptor!, contentId)));
        IEnumerable<LinkDependent> recorded = CloneRecord.Read(host, linkPath)
            .Select(clone => Look(host, clone, linkPath, contentId, dependents));
        return new SharedLink(linkPath, [.. beside, .. recorded]);
    }

    private static LinkDependent Look(
        IHost host, string clonePath, string linkPath, uint? contentId, Dependents dependents)
    {
        VmdkDescriptor? descriptor = dependents.TryDescriptor(clonePath);
        bool isChild = dependents.IsChild(new Dependent(clonePath, descriptor, IsClone: true), linkPath);
        DependentState state = isChild ? StateOf(descriptor!, contentId)
            : dependents.TryWholeDescriptor(clonePath) is not null ? DependentState.Elsewhere
            : IsThere(host, clonePath) ? DependentState.Unreadable : DependentState.Missing;
        return new LinkDependent(clonePath, true, state);
    }

    private static DependentState StateOf(VmdkDescriptor child, uint? contentId) =>
        contentId is not null && child.ParentContentId == contentId
            ? DependentState.Fits : DependentState.Outdated;

    // What cannot be looked at may be there.
    private static bool IsThere(IHost host, string path)
    {
        try
        {
            return host.Stat(path) is not null;
        }
        catch (BlockException)
        {
            return true;
        }
    }

    // The clone may be gone, and its folder with it.
    private static string WholePath(IHost host, string path)
    {
        string folder = HostPath.FolderOf(path);
        return host.Stat(folder) is null ? path
            : HostPath.Combine(host.ResolveLinks(folder), HostPath.NameOf(path));
    }
}
