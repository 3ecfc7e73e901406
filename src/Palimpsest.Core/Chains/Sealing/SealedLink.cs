using System.Text.Json.Serialization;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>One file of a sealed link, as it was.</summary>
/// <param name="Name">Path from the folder of the sealed disk, with <c>/</c>.</param>
/// <param name="LengthBytes">Length; 0 for a block device.</param>
/// <param name="ModifiedUtc">Time of the last change of content.</param>
/// <param name="AllocatedBytes">Storage that the host charged for it; null where it does not say.</param>
/// <param name="Inode">Its number on the host; null on hosts without.</param>
/// <param name="Mode">Permission bits in octal, as they are under the seal; null on hosts without.</param>
/// <param name="ModeBeforeFreeze">
/// Permission bits to give back when the file is to be written again; null when sealing took none off.
/// </param>
/// <param name="IsDevice">True for a block device, whose times say nothing.</param>
public sealed record SealedFile(
    string Name, long LengthBytes, DateTime ModifiedUtc, long? AllocatedBytes = null, ulong? Inode = null,
    string? Mode = null, string? ModeBeforeFreeze = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsDevice = false)
{
    private const int WriteBits = 0x92;

    /// <summary>What the host says of a file now.</summary>
    /// <exception cref="Findings.BlockException"><c>NotFound</c>.</exception>
    internal static SealedFile Of(IHost host, string folder, string path)
    {
        string realPath = host.ResolveLinks(path);
        HostEntry entry = host.Stat(realPath)
            ?? throw new Findings.BlockException(
                Findings.BlockErrorKind.NotFound, path, null, "there is no such file");
        return new SealedFile(
            Path.GetRelativePath(folder, realPath), entry.LengthBytes, entry.ModifiedUtc,
            entry.AllocatedBytes, entry.Inode, entry.Mode is { } mode ? InOctal(mode) : null,
            IsDevice: entry.Kind == HostEntryKind.BlockDevice);
    }

    /// <summary>The record of the file without its write permission; itself where there is none.</summary>
    internal SealedFile Frozen()
    {
        if (Mode is null || IsDevice) { return this; }
        int mode = Convert.ToInt32(Mode, 8);
        return (mode & WriteBits) == 0 ? this : this with
        {
            Mode = InOctal(mode & ~WriteBits), ModeBeforeFreeze = Mode,
        };
    }

    private static string InOctal(int mode) => Convert.ToString(mode, 8).PadLeft(4, '0');
}

/// <summary>One link under a seal, as it was.</summary>
/// <param name="Name">Path from the folder of the sealed disk, with <c>/</c>.</param>
/// <param name="Files">Its files: that of the descriptor first, then the extents'.</param>
/// <param name="ContentId">Its CID, eight hex digits; null for one without.</param>
public sealed record SealedLink(string Name, IReadOnlyList<SealedFile> Files, string? ContentId = null)
{
    /// <summary>The links of an open disk as they are now, head first.</summary>
    internal static SealedLink[] Of(IHost host, IReadOnlyList<Link> links)
    {
        string folder = FolderOf(host, links);
        return
        [
            .. links.Select(link => new SealedLink(
                Path.GetRelativePath(folder, host.ResolveLinks(link.Path)),
                [.. link.Files.Select(path => SealedFile.Of(host, folder, path))],
                link.Descriptor?.ContentId is { } id ? $"{id:x8}" : null)),
        ];
    }

    /// <summary>The folder that names count from: where the head really lies.</summary>
    internal static string FolderOf(IHost host, IReadOnlyList<Link> links) =>
        HostPath.FolderOf(host.ResolveLinks(links[0].Path));
}
