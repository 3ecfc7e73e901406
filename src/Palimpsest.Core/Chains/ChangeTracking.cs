using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// The change tracking of a link: a file that says which blocks changed, for backups that take only those. It knows
/// nothing of what is written here, so with the first write it has to go.
/// </summary>
internal static class ChangeTracking
{
    /// <summary>
    /// Deletes the tracking file that <paramref name="link"/>, as it was read, names, and tells so.
    /// </summary>
    /// <remarks>
    /// Crash order: the descriptor no longer names the file, durably, before this is called. A cut between
    /// the two leaves a file that nothing names; the other order could leave a name that leads nowhere, and
    /// VMware does not start such a machine.
    /// </remarks>
    public static void Reset(IHost host, Link link, FindingList findings)
    {
        if (link.Descriptor?.ChangeTrackPath is not { Length: > 0 } written) { return; }
        if (FileOf(host, link) is not { } path)
        {
            Tell(link, findings,
                $"\"{DescriptorParser.Printable(written)}\", which it named, is no change tracking "
                + "file, and was not touched");
            return;
        }
        host.Delete(path);
        host.FlushFolder(HostPath.FolderOf(path));
        Tell(link, findings, $"{HostPath.NameOf(path)} was deleted");
    }

    /// <summary>Tells that a change which is planned ends the tracking of <paramref name="link"/>.</summary>
    public static void Announce(Link link, FindingList findings)
    {
        if (link.Descriptor?.ChangeTrackPath is { Length: > 0 } written)
        {
            Tell(link, findings,
                $"\"{DescriptorParser.Printable(written)}\" does not hold what the change writes");
        }
    }

    /// <summary>Tells which tracking ends with the steps that an interrupted change has left.</summary>
    public static void Announce(IHost host, string folder, ChainChange change, FindingList findings)
    {
        foreach (string name in change.Steps.OfType<DeleteFilesStep>().SelectMany(step => step.Paths))
        {
            string path = HostPath.Combine(folder, name);
            if (IsTracking(host, path))
            {
                findings.Add(ChangeTrackingFindings.Reset, path,
                    "it goes with the change that is finished now");
            }
        }
    }

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

    private static void Tell(Link link, FindingList findings, string message) =>
        findings.Add(ChangeTrackingFindings.Reset, link.Path, message, field: "changeTrackPath");

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
