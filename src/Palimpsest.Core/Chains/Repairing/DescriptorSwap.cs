using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Repairing;

/// <summary>
/// Replaces a descriptor's whole text, in a file of its own or inside an extent, so that it can be taken
/// back.
/// </summary>
internal static class DescriptorSwap
{
    /// <summary>The text as it is now, without the NUL that fills an area inside an extent.</summary>
    public static byte[] Read(IHost host, DescriptorPlace place, FindingList findings)
    {
        using HostFile file = host.Open(place.Path, HostAccess.Read);
        long length = place.AreaBytes ?? file.Length;
        if (length > VmdkDescriptor.MaximumBytes)
        {
            throw findings.Refuse(DescriptorFindings.TooLarge, place.Path, $"it has {length} bytes");
        }
        byte[] bytes = new byte[length];
        file.Read(place.OffsetBytes, bytes);
        int end = place.IsEmbedded ? Array.IndexOf(bytes, (byte)0) : -1;
        return end < 0 ? bytes : bytes[..end];
    }

    // Crash order: (1) the old text as a file of its own; (2) the undo file; (3) the new text, in one step.
    // Each one is durable before the next begins, so a cut leaves the old or the new text, and of the new one
    // the way back.

    /// <summary>Writes the new text, and returns the paths of the kept copy and of the undo file.</summary>
    public static (string KeptPath, string UndoPath) Do(IHost host, DescriptorPlace place, TextChange text)
    {
        string path = host.ResolveLinks(place.Path);
        string kept = KeptCopy.Write(host, path, DiskRepair.KeptSuffix, text.Old.Span);
        var undo = new UndoFile(HostPath.NameOf(path), 0, []) { Text = text };
        string undoPath = KeptCopy.Write(host, path, DiskRepair.UndoSuffix, undo.ToBytes());
        DescriptorStore.Write(host, place, text.New.ToArray());
        return (kept, undoPath);
    }

    /// <summary>
    /// Puts the old text back, in one step. Where it is back already, or was left half-way inside an extent,
    /// the same call finishes.
    /// </summary>
    public static void TakeBack(IHost host, string path, TextChange text, FindingList findings)
    {
        Link link = LinkProbe.Read(host, path, findings);
        byte[]? now = link.DescriptorPlace is { } found ? Read(host, found, findings) : null;
        bool isKnown = now is not null
            && (now.AsSpan().SequenceEqual(text.New.Span) || now.AsSpan().SequenceEqual(text.Old.Span));
        if (!isKnown)
        {
            throw findings.Refuse(RepairFindings.UndoOutdated, path,
                "its descriptor is neither what the repair wrote nor what was there before");
        }
        DescriptorStore.Write(host, link.DescriptorPlace!, text.Old.ToArray());
    }
}
