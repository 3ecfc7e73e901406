using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>Finds out what a file is and reads its descriptor, without opening any extent.</summary>
internal static class LinkProbe
{
    /// <summary>
    /// The link that <paramref name="path"/> is, with its descriptor parsed, or a refusal by name.
    /// </summary>
    public static Link Read(IHost host, string path, FindingList findings)
    {
        using HostFile file = host.Open(path, HostAccess.Read);
        long length = file.Length;
        if (length == 0) { throw findings.Refuse(FlatFindings.Empty, path, "it has no bytes"); }
        var start = new byte[Math.Min(length, FileSignatures.ProbeBytes)];
        file.Read(0, start);
        switch (FileSignatures.Of(start))
        {
            case FileSignature.Descriptor:
                return ReadText(file, path, findings);
            case FileSignature.HostedSparse:
                return ReadEmbedded(file, start, path, findings);
            case FileSignature.UnfinishedSparse:
                throw findings.Refuse(SparseFindings.UnfinishedConversion, path,
                    "the magic number is written in lower case");
            case FileSignature.Cowd:
                throw findings.Refuse(ChainFindings.BareDelta, path, "it begins with a COWD header");
            case FileSignature.SeSparse:
                throw findings.Refuse(ChainFindings.BareDelta, path, "it begins with an seSparse header");
            case FileSignature.ChangeTracking:
                throw findings.Refuse(ChainFindings.ChangeTrackingFile, path,
                    "it begins with the change tracking magic");
            default:
                return ReadRaw(length, path, findings);
        }
    }

    private static Link ReadText(HostFile file, string path, FindingList findings)
    {
        long length = file.Length;
        if (length > VmdkDescriptor.MaximumBytes)
        {
            throw findings.Refuse(DescriptorFindings.TooLarge, path, $"it has {length} bytes");
        }
        var text = new byte[length];
        file.Read(0, text);
        VmdkDescriptor descriptor = DescriptorParser.Parse(text, path, findings);
        return new Link(path, LinkFormat.TextDescriptor, descriptor, new DescriptorPlace(path, 0, null));
    }

    private static Link ReadEmbedded(HostFile file, byte[] start, string path, FindingList findings)
    {
        if (start.Length < SparseHeader.SizeBytes)
        {
            throw findings.Refuse(SparseFindings.BadShape, path, $"the file has {start.Length} bytes",
                start.Length);
        }
        var header = MemoryMarshal.Read<SparseHeader>(start);
        if (header.DescriptorOffset == 0 || header.DescriptorSize == 0)
        {
            throw findings.Refuse(ChainFindings.BareDelta, path,
                "it begins with a sparse header that has no descriptor inside");
        }
        ulong offset = header.DescriptorOffset, size = header.DescriptorSize;
        ulong fileSectors = (ulong)(file.Length / Sector.Bytes);
        if (offset >= fileSectors || size > fileSectors - offset
            || size > VmdkDescriptor.MaximumBytes / Sector.Bytes)
        {
            throw findings.Refuse(SparseFindings.DescriptorOutOfFile, path,
                $"{size} sectors at sector {offset} of a file of {fileSectors}", 0x1C, "descriptorOffset");
        }
        var place = new DescriptorPlace(path, (long)offset * Sector.Bytes, (long)size * Sector.Bytes);
        var text = new byte[place.AreaBytes!.Value];
        file.Read(place.OffsetBytes, text);
        if (text[0] == 0)
        {
            throw findings.Refuse(DescriptorFindings.EmptyDescriptor, path,
                "the embedded descriptor begins with a NUL",
                place.OffsetBytes);
        }
        VmdkDescriptor descriptor = DescriptorParser.Parse(text, path, findings);
        bool isStream = ((SparseFlags)(uint)header.Flags & SparseFlags.Compressed) != 0;
        LinkFormat format = header.Capacity == 0 && descriptor.CapacityBytes > 0 ? LinkFormat.TextDescriptor
            : isStream ? LinkFormat.StreamOptimized : LinkFormat.MonolithicSparse;
        return new Link(path, format, descriptor, place);
    }

    private static Link ReadRaw(long length, string path, FindingList findings)
    {
        if (length < Sector.Bytes)
        {
            throw findings.Refuse(FlatFindings.TooSmall, path, $"it has {length} bytes");
        }
        findings.Add(FlatFindings.OpenedRaw, path, $"{length} bytes are taken as the disk itself");
        return new Link(path, LinkFormat.Raw, null,
            null) { CapacityBytes = length - (length % Sector.Bytes) };
    }
}
