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

    /// <summary>
    /// The disks that name the file <paramref name="linkPath"/> (links resolved) as their parent, whether or not
    /// they still fit it.
    /// </summary>
    public IReadOnlyList<Dependent> Of(string linkPath)
    {
        var found = DisksIn(HostPath.FolderOf(linkPath))
            .Where(disk => disk.Path != linkPath && IsChild(disk, linkPath)).ToList();
        foreach (string clonePath in CloneRecord.Read(host, linkPath))
        {
            if (found.Exists(disk => disk.Path == clonePath)) { continue; }
            var clone = new Dependent(clonePath, TryDescriptor(clonePath), IsClone: true);
            if (IsChild(clone, linkPath)) { found.Add(clone); }
            else if (TryWholeDescriptor(clonePath) is null) { found.Add(clone with { Descriptor = null }); }
        }
        return found;
    }

    /// <summary>
    /// True when a disk names the file <paramref name="linkPath"/> (links resolved) as its parent.
    /// </summary>
    public bool IsChild(Dependent disk, string linkPath)
    {
        if (disk.Descriptor is not { HasParent: true, ParentFileNameHint: { Length: > 0 } hint }) { return false; }
        string folder = HostPath.FolderOf(disk.Path), name = hint.Replace('\\', '/');

        // As the chain is opened: where the hint leads, else the bare name beside the child.
        string hinted = HostPath.Combine(folder, name);
        return (TryResolve(hinted) ?? TryResolve(HostPath.Combine(folder, HostPath.NameOf(name)))) == linkPath;
    }

    /// <summary>
    /// The descriptor of a disk; null for whatever cannot be read as a link: its own problems are not another
    /// disk's.
    /// </summary>
    public VmdkDescriptor? TryDescriptor(string path) => TryDescriptor(path, new FindingList());

    /// <summary>
    /// The same, and null also where the descriptor is damaged: what it does not say may have been lost.
    /// </summary>
    public VmdkDescriptor? TryWholeDescriptor(string path)
    {
        var findings = new FindingList();
        return TryDescriptor(path, findings) is { } descriptor && findings.Worst is not Severity.Refusal
            ? descriptor : null;
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
            if (TryDescriptor(path) is { } descriptor) { disks.Add(new Dependent(path, descriptor, false)); }
        }
        disksByFolder.Add(folder, disks);
        return disks;
    }

    private VmdkDescriptor? TryDescriptor(string path, FindingList findings)
    {
        try
        {
            return host.Stat(path)?.Kind == HostEntryKind.File
                ? LinkProbe.Read(host, path, findings).Descriptor : null;
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return null;
        }
    }
}
