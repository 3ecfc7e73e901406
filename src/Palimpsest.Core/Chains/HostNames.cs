using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>Where a name in a file leads.</summary>
/// <param name="Path">Real path of the file; null when there is none, or none that may be followed.</param>
/// <param name="IsOutside">True when nothing was found because the name leads out of the folder.</param>
/// <param name="IsByBareName">
/// True when nothing is there as named, or that may not be followed, and a file of the same bare name is.
/// </param>
internal readonly record struct NamedFile(string? Path, bool IsOutside, bool IsByBareName);

/// <summary>
/// Turns names from descriptors into paths. Names are hostile: <c>..</c>, absolute paths and links that lead
/// out of the disk's folder are refused unless the user allowed them.
/// </summary>
internal sealed class HostNames(IHost host, bool allowOutside)
{
    /// <summary>
    /// The folder in which a disk's names are looked up: where the file really lies, links resolved.
    /// </summary>
    public string FolderOf(string path) => HostPath.FolderOf(host.ResolveLinks(path));

    /// <summary>
    /// The real path of an extent's file, or a refusal: outside of the folder, missing, or not a file at all.
    /// </summary>
    public string ResolveExtent(string folder, string name, string descriptorPath, FindingList findings)
    {
        string path = HostPath.Combine(folder, name);
        if (!allowOutside && LeavesFolder(name))
        {
            throw findings.Refuse(DescriptorFindings.NameOutsideFolder, descriptorPath,
                $"the extent \"{Formats.Vmdk.Descriptor.DescriptorParser.Printable(name)}\" lies outside");
        }
        if (TryResolve(path) is not { } real)
        {
            throw findings.Refuse(DescriptorFindings.ExtentMissing, descriptorPath,
                $"the extent \"{Formats.Vmdk.Descriptor.DescriptorParser.Printable(name)}\" is not in "
                + $"{folder}");
        }
        if (!allowOutside && !IsInside(folder, real))
        {
            throw findings.Refuse(DescriptorFindings.NameOutsideFolder, descriptorPath,
                $"the extent \"{Formats.Vmdk.Descriptor.DescriptorParser.Printable(name)}\" is a link that "
                + "leads outside");
        }
        ThrowUnlessFile(real, findings);
        return real;
    }

    /// <summary>Where a child's parent is: as hinted, else by its bare name in the child's folder.</summary>
    public string ResolveParent(string folder, string hint, string childPath, FindingList findings)
    {
        NamedFile found = FindBeside(folder, hint);

        // A linked clone may have the bare name of its parent elsewhere; it is not its own parent for that.
        bool isItself = found.IsByBareName && LeavesFolder(hint.Replace('\\', '/'))
            && found.Path == host.ResolveLinks(childPath);
        if (found.Path is { } real && !isItself)
        {
            ThrowUnlessFile(real, findings);
            return real;
        }
        string shown = Formats.Vmdk.Descriptor.DescriptorParser.Printable(hint);
        if (found.IsOutside || isItself)
        {
            throw findings.Refuse(DescriptorFindings.NameOutsideFolder, childPath,
                $"the parent \"{shown}\" lies outside, and there is no file of that name in {folder}");
        }
        throw findings.Refuse(ChainFindings.ParentMissing, childPath,
            $"the parent \"{shown}\" is not in {folder}");
    }

    /// <summary>
    /// Where the file is that another one names: as named, else by its bare name in <paramref
    /// name="folder"/>.
    /// </summary>
    public NamedFile FindBeside(string folder, string name)
    {
        string normal = name.Replace('\\', '/'), bare = HostPath.NameOf(normal);
        if (bare.Length == 0) { return default; }
        bool isOutside = !allowOutside && LeavesFolder(normal);
        if (!isOutside && TryResolve(HostPath.Combine(folder, normal)) is { } named)
        {
            if (allowOutside || IsInside(folder, named)) { return new NamedFile(named, false, false); }
            isOutside = true;
        }
        string? beside = TryResolve(HostPath.Combine(folder, bare));
        if (beside is null || allowOutside || IsInside(folder, beside))
        {
            return new NamedFile(beside, isOutside && beside is null, beside is not null);
        }
        return new NamedFile(null, true, false);
    }

    /// <summary>Refuses folders, pipes, sockets and character devices: opening one could hang.</summary>
    public void ThrowUnlessFile(string realPath, FindingList findings)
    {
        HostEntryKind? kind = host.Stat(realPath)?.Kind;
        if (kind is not (HostEntryKind.File or HostEntryKind.BlockDevice))
        {
            throw findings.Refuse(ChainFindings.NotAFile, realPath, kind == HostEntryKind.Folder
                ? "it is a folder" : "it is a pipe, a socket or a character device");
        }
    }

    // Null where nothing is there or can be: a link may lead to nothing or in circles, a name be too long.
    private string? TryResolve(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal)) { return null; }
        try
        {
            return host.Stat(path) is null ? null : host.ResolveLinks(path);
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.NotFound or BlockErrorKind.Refused)
        {
            return null;
        }
    }

    private static bool LeavesFolder(string name)
    {
        string normal = name.Replace('\\', '/');
        bool isDrive = normal.Length >= 2 && normal[1] == ':' && char.IsAsciiLetter(normal[0]);
        return normal.StartsWith('/') || isDrive || normal.Split('/').Contains("..");
    }

    private static bool IsInside(string folder, string realPath) =>
        folder == "/" || realPath.StartsWith(folder + "/", StringComparison.Ordinal);
}
