using System.Security.Cryptography;
using System.Text;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>What a new descriptor is to say.</summary>
public sealed record DescriptorTemplate
{
    /// <summary>The virtual hardware version that all current products know.</summary>
    public const string CommonHardwareVersion = "14";

    /// <summary><c>createType</c>.</summary>
    public required string CreateType { get; init; }

    /// <summary>The extents, in order.</summary>
    public required IReadOnlyList<ExtentLine> Extents { get; init; }

    /// <summary>The content id; a random one by default, as VMware does.</summary>
    public uint ContentId { get; init; } = NewContentId();

    /// <summary>The parent's content id.</summary>
    public uint ParentContentId { get; init; } = VmdkDescriptor.NoParent;

    /// <summary><c>parentFileNameHint</c> of a delta.</summary>
    public string? ParentFileNameHint { get; init; }

    /// <summary>
    /// <c>ddb.adapterType</c>; null leaves adapter and geometry to the parent, as a delta does.
    /// </summary>
    public string? AdapterType { get; init; }

    /// <summary>Cylinders, heads and sectors; null when there is no adapter.</summary>
    public DiskGeometry? Geometry { get; init; }

    /// <summary>True writes <c>ddb.thinProvisioned = "1"</c>, a key of ESXi's own flat disks.</summary>
    public bool IsThin { get; init; }

    /// <summary><c>ddb.uuid</c>; null writes none (deltas).</summary>
    public string? Uuid { get; init; }

    /// <summary>First 24 digits of <c>ddb.longContentID</c>.</summary>
    public string LongContentIdHead { get; init; } =
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    /// <summary>Virtual hardware version for <c>ddb.virtualHWVersion</c>.</summary>
    public string HardwareVersion { get; init; } = CommonHardwareVersion;

    /// <summary>A random content id that is none of the reserved ones.</summary>
    public static uint NewContentId()
    {
        while (true)
        {
            uint id = (uint)RandomNumberGenerator.GetInt32(int.MaxValue) << 1 | (
                uint)RandomNumberGenerator.GetInt32(2);
            if (id is not (0 or 0xFFFFFFFE or VmdkDescriptor.NoParent)) { return id; }
        }
    }

    /// <summary>A new disk uuid in VMware's form and with VMware's leading digits.</summary>
    public static string NewUuid()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(16);
        (bytes[0], bytes[1], bytes[2], bytes[3]) = (0x60, 0x00, 0xC2, (byte)(0x90 | (bytes[3] & 0x0F)));
        string[] words = [.. bytes.Select(value => value.ToString("x2"))];
        return string.Join(' ', words[..8]) + "-" + string.Join(' ', words[8..]);
    }

    /// <summary>The text, in the order in which VMware writes it, UTF-8.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append("# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\n");
        text.Append($"CID={ContentId:x8}\nparentCID={ParentContentId:x8}\ncreateType=\"{CreateType}\"\n");
        if (ParentFileNameHint is not null) { text.Append($"parentFileNameHint=\"{ParentFileNameHint}\"\n"); }
        text.Append("\n# Extent description\n");
        foreach (ExtentLine extent in Extents) { text.Append(extent.ToLine()).Append('\n'); }
        text.Append("\n# The Disk Data Base \n#DDB\n\n");
        AppendDatabase(text);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private void AppendDatabase(StringBuilder text)
    {
        if (AdapterType is not null) { text.Append($"ddb.adapterType = \"{AdapterType}\"\n"); }
        if (Geometry is { } geometry)
        {
            text.Append($"ddb.geometry.cylinders = \"{geometry.Cylinders}\"\n");
            text.Append($"ddb.geometry.heads = \"{geometry.Heads}\"\n");
            text.Append($"ddb.geometry.sectors = \"{geometry.SectorsPerTrack}\"\n");
        }
        text.Append($"ddb.longContentID = \"{LongContentIdHead}{ContentId:x8}\"\n");
        if (IsThin) { text.Append("ddb.thinProvisioned = \"1\"\n"); }
        if (Uuid is not null) { text.Append($"ddb.uuid = \"{Uuid}\"\n"); }
        if (AdapterType is not null) { text.Append($"ddb.virtualHWVersion = \"{HardwareVersion}\"\n"); }
    }
}
