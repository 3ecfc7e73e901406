using Palimpsest.Core.Blocks;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Chains;

/// <summary>What a file turned out to be.</summary>
public enum LinkFormat
{
    /// <summary>Bytes without a descriptor.</summary>
    Raw,

    /// <summary>A text descriptor with extents of any type.</summary>
    TextDescriptor,

    /// <summary>Hosted sparse, descriptor inside.</summary>
    MonolithicSparse,

    /// <summary>Compressed stream, descriptor inside.</summary>
    StreamOptimized,
}

/// <summary>One extent of a link, opened.</summary>
/// <param name="Line">What the descriptor says.</param>
/// <param name="Path">The file; null for extents without one.</param>
/// <param name="VirtualOffset">Where the extent begins in the link, in bytes.</param>
/// <param name="Reader">Its bytes: a layer where the type has holes that fall through, else the bytes
/// themselves.</param>
public sealed record LinkExtent(ExtentLine Line, string? Path, long VirtualOffset, IBlockReader Reader);

/// <summary>Where a descriptor's text lies: a whole text file, or an area inside a sparse extent.</summary>
/// <param name="Path">The file.</param>
/// <param name="OffsetBytes">Start of the area; 0 for a text file.</param>
/// <param name="AreaBytes">Room of an embedded area; null for a text file, which has no fixed size.</param>
public sealed record DescriptorPlace(string Path, long OffsetBytes, long? AreaBytes)
{
    /// <summary>True when the text lies inside an extent.</summary>
    public bool IsEmbedded => AreaBytes is not null;
}

/// <summary>One link of a chain: a descriptor with its extents, seen as a moment in time.</summary>
public sealed class Link
{
    internal Link(string path, LinkFormat format, VmdkDescriptor? descriptor, DescriptorPlace? place)
    {
        Path = path;
        Format = format;
        Descriptor = descriptor;
        DescriptorPlace = place;
    }

    /// <summary>The file that was named.</summary>
    public string Path { get; }

    /// <summary>What it is.</summary>
    public LinkFormat Format { get; }

    /// <summary>Its descriptor; null for a raw image.</summary>
    public VmdkDescriptor? Descriptor { get; }

    /// <summary>Where the descriptor lies; null for a raw image.</summary>
    public DescriptorPlace? DescriptorPlace { get; }

    /// <summary>The extents, as far as they were opened.</summary>
    public IReadOnlyList<LinkExtent> Extents { get; internal set; } = [];

    /// <summary>Size in bytes of the guest's disk, as this link declares it.</summary>
    public long CapacityBytes { get; internal set; }

    /// <summary>All files of the link: the descriptor's and the extents', each once.</summary>
    public IReadOnlyList<string> Files
    {
        get
        {
            var files = new List<string> { Path };
            foreach (LinkExtent extent in Extents)
            {
                if (extent.Path is not null && !files.Contains(extent.Path)) { files.Add(extent.Path); }
            }
            return files;
        }
    }
}
