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
    // Crash order: the new id is durable before the first byte of new content is written. A cut between the
    // two leaves a disk with its old content under a new id: children refuse it, which is the safe side.

    /// <summary>
    /// Writes a new random id into the descriptor of <paramref name="link"/>; a raw image has none.
    /// </summary>
    public static void Renew(IHost host, Link link)
    {
        if (link.Descriptor is null || link.DescriptorPlace is null) { return; }
        var editor = new DescriptorEditor(link.Descriptor);
        editor.SetContentId(DescriptorTemplate.NewContentId());

        // The change tracking file does not know of what is written here; with it, a backup would skip the
        // change.
        editor.Remove("changeTrackPath");
        DescriptorStore.Write(host, link.DescriptorPlace, editor.ToBytes());
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
