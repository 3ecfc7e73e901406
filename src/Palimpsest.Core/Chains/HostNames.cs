using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

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
        string name = hint.Replace('\\', '/');
        bool isOutside = LeavesFolder(name);
        string shown = Formats.Vmdk.Descriptor.DescriptorParser.Printable(hint);
        string[] candidates =
        [
            HostPath.Combine(folder, isOutside && !allowOutside ? HostPath.NameOf(name) : name),
            HostPath.Combine(folder, HostPath.NameOf(name)),
        ];
        foreach (string candidate in candidates)
        {
            if (HostPath.NameOf(candidate).Length == 0 || TryResolve(candidate) is not { } real) { continue; }
            if (!allowOutside && !IsInside(folder, real)) { isOutside = true; continue; }

            // A linked clone may have the bare name of its parent elsewhere; it is not its own parent for
            // that.
            if (isOutside && !allowOutside && real == host.ResolveLinks(childPath)) { continue; }
            ThrowUnlessFile(real, findings);
            return real;
        }
        if (isOutside && !allowOutside)
        {
            throw findings.Refuse(DescriptorFindings.NameOutsideFolder, childPath,
                $"the parent \"{shown}\" lies outside, and there is no file of that name in {folder}");
        }
        throw findings.Refuse(ChainFindings.ParentMissing, childPath,
            $"the parent \"{shown}\" is not in {folder}");
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

    // Null where nothing is there, and where a link leads to nothing.
    private string? TryResolve(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal) || host.Stat(path) is null) { return null; }
        try
        {
            return host.ResolveLinks(path);
        }
        catch (BlockException error) when (error.Kind == BlockErrorKind.NotFound)
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
