using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// Gives a link a new content id before its content changes, so that a child which expects the old content is
/// told.
/// </summary>
internal static class ContentIdUpdate
{
    // Crash order: (1) the new id is durable, and the change tracking no longer named; (2) the tracking file
    // goes; (3) the first byte of new content. A cut between (1) and (3) leaves a disk with its old content
    // under a new id: children refuse it, which is the safe side.

    /// <summary>
    /// Writes a new random id into the descriptor of <paramref name="link"/>, and ends its change tracking,
    /// with a finding; a raw image has neither.
    /// </summary>
    public static void Renew(IHost host, Link link, FindingList findings)
    {
        if (link.Descriptor is null || link.DescriptorPlace is null) { return; }
        var editor = new DescriptorEditor(link.Descriptor);
        editor.SetContentId(DescriptorTemplate.NewContentId());
        editor.Remove("changeTrackPath");
        DescriptorStore.Write(host, link.DescriptorPlace, editor.ToBytes());
        ChangeTracking.Reset(host, link, findings);
    }
}

/// <summary>Writes a descriptor back to where it lies.</summary>
internal static class DescriptorStore
{
    /// <summary>
    /// Replaces a text file atomically, or the text inside an extent. What is as it should be is not written again.
    /// </summary>
    public static void Write(IHost host, DescriptorPlace place, byte[] text)
    {
        if (place.IsEmbedded)
        {
            using HostFile extent = host.Open(place.Path, HostAccess.ReadWrite);
            EmbeddedDescriptor.Replace(extent, text);
            return;
        }
        string path = host.ResolveLinks(place.Path);
        if (!Holds(host, path, text)) { AtomicFile.Replace(host, path, text); }
    }

    private static bool Holds(IHost host, string path, byte[] text)
    {
        using HostFile file = host.Open(path, HostAccess.Read);
        if (file.Length != text.Length) { return false; }
        byte[] current = new byte[text.Length];
        file.Read(0, current);
        return current.AsSpan().SequenceEqual(text);
    }
}
