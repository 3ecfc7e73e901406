using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>A disk that depends on a link: the link's content must not change under it.</summary>
/// <param name="Path">The dependent disk.</param>
/// <param name="Descriptor">Its descriptor; null for a recorded clone that is not to be found.</param>
/// <param name="IsClone">True for a linked clone that is recorded beside the link.</param>
internal sealed record Dependent(string Path, VmdkDescriptor? Descriptor, bool IsClone);

/// <summary>Finds the disks that depend on links: those in the link's folder, and recorded linked clones.</summary>
/// <remarks>Reads each folder once; make a new one when files may have changed.</remarks>
internal sealed class Dependents(IHost host)
{
    private readonly Dictionary<string, List<Dependent>> disksByFolder = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ILookup<string?, Dependent>> childrenByFolder =
        new(StringComparer.Ordinal);

    /// <summary>
    /// The disks that name the file <paramref name="linkPath"/> (links resolved) as their parent, whether or not
    /// they still fit it.
    /// </summary>
    /// <exception cref="BlockException">A file that may be such a disk cannot be read.</exception>
    public IReadOnlyList<Dependent> Of(string linkPath)
    {
        var found = ChildrenIn(HostPath.FolderOf(linkPath))[linkPath].Where(disk => disk.Path != linkPath)
            .ToList();
        foreach (string clonePath in CloneRecord.Read(host, linkPath))
        {
            if (found.Exists(disk => disk.Path == clonePath)) { continue; }
            if (CloneAt(clonePath, linkPath) is { } clone) { found.Add(clone); }
        }
        return found;
    }

    // Null when it stands on something else by now. What cannot be read may stand on the link, and counts.
    private Dependent? CloneAt(string clonePath, string linkPath)
    {
        var clone = new Dependent(clonePath, TryDescriptor(clonePath), IsClone: true);
        return IsChild(clone, linkPath) ? clone
            : TryWholeDescriptor(clonePath) is null ? clone with { Descriptor = null } : null;
    }

    /// <summary>
    /// True when a disk names the file <paramref name="linkPath"/> (links resolved) as its parent.
    /// </summary>
    public bool IsChild(Dependent disk, string linkPath) => ParentOf(disk) == linkPath;

    /// <summary>
    /// The disks in its folder that name the file <paramref name="filePath"/> as an extent's.
    /// </summary>
    public IEnumerable<string> Naming(string filePath)
    {
        string folder = HostPath.FolderOf(filePath);
        return DisksIn(folder).Where(disk => IsExtent(disk.Descriptor!, folder, filePath))
            .Select(disk => disk.Path);
    }

    // A file with its descriptor inside is its own extent, whatever old name the line still has.
    private static bool IsExtent(VmdkDescriptor descriptor, string folder, string filePath) =>
        !string.Equals(descriptor.CreateType, CreateTypes.MonolithicSparse,
        StringComparison.OrdinalIgnoreCase)
        && !string.Equals(descriptor.CreateType, CreateTypes.StreamOptimized,
        StringComparison.OrdinalIgnoreCase)
        && descriptor.Extents.Any(line => line.FileName is { } name
        && HostPath.Combine(folder, name) == filePath);

    private ILookup<string?, Dependent> ChildrenIn(string folder)
    {
        if (!childrenByFolder.TryGetValue(folder, out ILookup<string?, Dependent>? children))
        {
            childrenByFolder.Add(folder, children = DisksIn(folder)
                .ToLookup(ParentOf, StringComparer.Ordinal));
        }
        return children;
    }

    private string? ParentOf(Dependent disk)
    {
        if (disk.Descriptor is not { HasParent: true, ParentFileNameHint: { Length: > 0 } hint })
        {
            return null;
        }
        string folder = HostPath.FolderOf(disk.Path), name = hint.Replace('\\', '/');

        // As the chain is opened: where the hint leads, else the bare name beside the child.
        string hinted = HostPath.Combine(folder, name);
        return TryResolve(hinted) ?? TryResolve(HostPath.Combine(folder, HostPath.NameOf(name)));
    }

    /// <summary>
    /// The descriptor of a disk; null for whatever cannot be read as a link: its own problems are not another
    /// disk's.
    /// </summary>
    public VmdkDescriptor? TryDescriptor(string path)
    {
        try
        {
            return TryDescriptor(path, new FindingList());
        }
        catch (BlockException)
        {
            return null;
        }
    }

    /// <summary>
    /// The same, and null also where the descriptor is damaged: what it does not say may have been lost.
    /// </summary>
    public VmdkDescriptor? TryWholeDescriptor(string path)
    {
        var findings = new FindingList();
        try
        {
            return TryDescriptor(path, findings) is { } descriptor && findings.Worst is not Severity.Refusal
                ? descriptor : null;
        }
        catch (BlockException)
        {
            return null;
        }
    }

    private string? TryResolve(string path)
    {
        try
        {
            return path.Contains('\0', StringComparison.Ordinal) || host.Stat(path) is null
                ? null : host.ResolveLinks(path);
        }
        catch (BlockException)
        {
            return null;
        }
    }

    private List<Dependent> DisksIn(string folder)
    {
        if (disksByFolder.TryGetValue(folder, out List<Dependent>? known)) { return known; }
        var disks = new List<Dependent>();
        foreach (string name in host.List(folder))
        {
            if (!name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)) { continue; }
            string path = HostPath.Combine(folder, name);
            if (TryDescriptor(path, new FindingList()) is { } descriptor) { disks.Add(new Dependent(path, descriptor, false)); }
        }
        disksByFolder.Add(folder, disks);
        return disks;
    }

    // What is no link is no child. What the host cannot read may well be one.
    private VmdkDescriptor? TryDescriptor(string path, FindingList findings)
    {
        try
        {
            return host.Stat(path)?.Kind == HostEntryKind.File
                ? LinkProbe.Read(host, path, findings).Descriptor : null;
        }
        catch (ImageException)
        {
            return null;
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.NotFound or BlockErrorKind.OutOfRange)
        {
            return null;
        }
        catch (BlockException error)
        {
            throw new BlockException(error.Kind, error.Path, error.OffsetBytes,
                $"it may depend on the disk that would change, and cannot be looked at: {error.Message}", error);
        }
    }
}
