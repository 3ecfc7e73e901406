using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>One link of a chain.</summary>
/// <param name="Depth">0 for the head.</param>
/// <param name="Path">The file that holds its descriptor, or the raw image.</param>
/// <param name="Form">
/// <c>textDescriptor</c>, <c>monolithicSparse</c>, <c>streamOptimized</c> or <c>raw</c>.
/// </param>
/// <param name="CreateType">As written.</param>
/// <param name="CapacityBytes">Size it declares; null when that cannot be known.</param>
/// <param name="ContentId"><c>CID</c> in eight digits.</param>
/// <param name="ParentContentId"><c>parentCID</c> in eight digits; null when there is no parent.</param>
/// <param name="ParentFileNameHint">As written.</param>
/// <param name="Encoding">Character set of the descriptor.</param>
/// <param name="Extents">
/// The extents in order, from the descriptor; with their files as far as they were opened.
/// </param>
/// <param name="Files">The files, the descriptor's first.</param>
public sealed record LinkReport(
    int Depth, string Path, string Form, string? CreateType, long? CapacityBytes, string? ContentId,
    string? ParentContentId, string? ParentFileNameHint, string? Encoding,
    IReadOnlyList<ExtentReport> Extents,
    IReadOnlyList<FileReport> Files)
{
    internal static LinkReport From(Link link, int depth, IHost host)
    {
        VmdkDescriptor? descriptor = link.Descriptor;
        return new LinkReport(
            depth, link.Path, WordFor(link.Format), descriptor?.CreateType, CapacityOf(link),
            Hex(descriptor?.ContentId),
            descriptor is { HasParent: true } ? Hex(descriptor.ParentContentId) : null,
            descriptor?.ParentFileNameHint, descriptor?.EncodingName,
            ExtentsOf(link), [.. link.Files.Select(path => FileReport.Of(host, path))]);
    }

    internal static string WordFor(LinkFormat format) => format switch
    {
        LinkFormat.Raw => "raw",
        LinkFormat.TextDescriptor => "textDescriptor",
        LinkFormat.MonolithicSparse => "monolithicSparse",
        _ => "streamOptimized",
    };

    // The sum was checked when the descriptor was validated, unless that is what it was refused for.
    private static long? CapacityOf(Link link)
    {
        if (link.Descriptor is null) { return link.CapacityBytes; }
        long sectors = 0;
        foreach (ExtentLine line in link.Descriptor.Extents)
        {
            if (line.SectorCount > (long.MaxValue / Sector.Bytes) - sectors) { return null; }
            sectors += line.SectorCount;
        }
        return link.Descriptor.Extents.Count == 0 ? null : sectors * Sector.Bytes;
    }

    internal static string? Hex(uint? contentId) => contentId?.ToString("x8");

    private static ExtentReport[] ExtentsOf(Link link)
    {
        if (link.Descriptor is null) { return [.. link.Extents.Select(ExtentReport.From)]; }
        var reports = new List<ExtentReport>();
        long? virtualOffset = 0;
        foreach (ExtentLine line in link.Descriptor.Extents)
        {
            LinkExtent? opened = reports.Count < link.Extents.Count ? link.Extents[reports.Count] : null;
            reports.Add(opened is null ? ExtentReport.From(line, virtualOffset) : ExtentReport.From(opened));
            virtualOffset = virtualOffset is { } start && start <= long.MaxValue - line.LengthBytes
                ? start + line.LengthBytes : null;
        }
        return [.. reports];
    }
}

/// <summary>One extent.</summary>
/// <param name="Access"><c>RW</c>, <c>RDONLY</c> or <c>NOACCESS</c>.</param>
/// <param name="Type"><c>FLAT</c>, <c>SPARSE</c> and so on.</param>
/// <param name="VirtualOffset">Where it begins in the disk, in bytes.</param>
/// <param name="LengthBytes">Its size.</param>
/// <param name="Name">The file name as the descriptor has it.</param>
/// <param name="Path">The file it was found in; null when it was not opened or has none.</param>
/// <param name="FileOffset">Where the data of a flat extent begins in the file, in bytes.</param>
/// <param name="GrainBytes">Unit of allocation of a sparse extent.</param>
public sealed record ExtentReport(
    string Access, string Type, long? VirtualOffset, long LengthBytes, string? Name, string? Path,
    long? FileOffset,
    int? GrainBytes)
{
    internal static ExtentReport From(LinkExtent extent) => From(extent.Line, extent.VirtualOffset) with
    {
        Path = extent.Path,
        GrainBytes = (extent.Reader as ISparseLayer)?.GrainBytes,
    };

    internal static ExtentReport From(ExtentLine line, long? virtualOffset) => new(
        ExtentLine.TextOf(line.Access),
        line.Type == ExtentType.Unknown ? line.TypeText : ExtentLine.TextOf(line.Type),
        virtualOffset, line.LengthBytes, line.FileName, null,
        line.Type is ExtentType.Flat or ExtentType.Vmfs ? line.OffsetSectors * Sector.Bytes : null, null);
}

/// <summary>A file of the host.</summary>
/// <param name="Path">Its path.</param>
/// <param name="ApparentBytes">Its length; null when it cannot be looked at.</param>
/// <param name="AllocatedBytes">What the host stores for it; null when it does not say.</param>
/// <param name="Inode">Its inode; null when the host has none.</param>
public sealed record FileReport(string Path, long? ApparentBytes, long? AllocatedBytes, ulong? Inode)
{
    /// <summary>Looks at a file, links followed.</summary>
    public static FileReport Of(IHost host, string path)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            if (host is not LocalHost)
            {
                return new FileReport(path, host.Stat(path)?.LengthBytes, null, null);
            }
            return LocalHost.TryStat(path, 0) is { } stat
                ? new FileReport(path, (long)stat.SizeBytes, (long)stat.AllocatedSectors * Sector.Bytes,
                    stat.Inode)
                : new FileReport(path, null, null, null);
        }
        catch (BlockException)
        {
            // Only the numbers are lost; a file that cannot be read shows itself when it is opened.
            return new FileReport(path, null, null, null);
        }
    }
}
