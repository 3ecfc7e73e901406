using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// The change tracking of a link: a file that says which blocks changed, for backups that take only those. It knows
/// nothing of what is written here, so with the first write it has to go.
/// </summary>
internal static class ChangeTracking
{
    /// <summary>
    /// The file that the link's <c>changeTrackPath</c> names, in the link's own folder; null when there is none, or when
    /// what is there is no change tracking file.
    /// </summary>
    public static string? FileOf(IHost host, Link link)
    {
        if (link.Descriptor?.ChangeTrackPath is not { Length: > 0 } written) { return null; }
        string name = HostPath.NameOf(written.Replace('\\', '/'));
        string path = HostPath.Combine(HostPath.FolderOf(host.ResolveLinks(link.Path)), name);
        return name.Length > 0 && !name.Contains('\0', StringComparison.Ordinal) && IsTracking(host, path) ? path : null;
    }

    // The name comes from the descriptor: whatever else it leads to is not touched.
    private static bool IsTracking(IHost host, string path)
    {
        if (host.Stat(path) is not { Kind: HostEntryKind.File, LengthBytes: >= 4 }) { return false; }
        try
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            Span<byte> start = stackalloc byte[4];
            file.Read(0, start);
            return FileSignatures.Of(start) == FileSignature.ChangeTracking;
        }
        catch (BlockException)
        {
            return false;
        }
    }
}
