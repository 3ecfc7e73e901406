using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Reports;

/// <summary>What <c>qemu-img info --output=json</c> says, in its shape, for scripts that read that.</summary>
public sealed record QemuInfo
{
    /// <summary>Size of the guest's disk in bytes.</summary>
    [JsonPropertyName("virtual-size")]
    public long? VirtualSize { get; init; }

    /// <summary>What was named.</summary>
    [JsonPropertyName("filename")]
    public required string FileName { get; init; }

    /// <summary>Grain of the first sparse extent.</summary>
    [JsonPropertyName("cluster-size")]
    public int? ClusterSize { get; init; }

    /// <summary><c>vmdk</c> or <c>raw</c>.</summary>
    [JsonPropertyName("format")]
    public string? Format { get; init; }

    /// <summary>Bytes the host stores for the head's files.</summary>
    [JsonPropertyName("actual-size")]
    public long? ActualSize { get; init; }

    /// <summary>VMDK's own fields.</summary>
    [JsonPropertyName("format-specific")]
    public QemuFormatSpecific? FormatSpecific { get; init; }

    /// <summary>The parent as it was found.</summary>
    [JsonPropertyName("full-backing-filename")]
    public string? FullBackingFileName { get; init; }

    /// <summary>The parent as the descriptor names it.</summary>
    [JsonPropertyName("backing-filename")]
    public string? BackingFileName { get; init; }

    /// <summary><c>vmdk</c> when there is a parent.</summary>
    [JsonPropertyName("backing-filename-format")]
    public string? BackingFormat { get; init; }

    /// <summary>Always false: QEMU has no such flag for these formats.</summary>
    [JsonPropertyName("dirty-flag")]
    public bool DirtyFlag { get; init; }

    /// <summary>The same facts as <see cref="DiskReport"/> in QEMU's shape.</summary>
    public static QemuInfo From(DiskReport disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        LinkReport? head = disk.Links.Count > 0 ? disk.Links[0] : null;
        LinkReport? parent = disk.Links.Count > 1 ? disk.Links[1] : null;
        return new QemuInfo
        {
            VirtualSize = disk.CapacityBytes,
            FileName = disk.Path,
            ClusterSize = head?.Extents.Select(extent => extent.GrainBytes)
            .FirstOrDefault(grain => grain is not null),
            Format = disk.Format,
            ActualSize = head?.Files.Sum(file => file.AllocatedBytes),
            FormatSpecific = head is { CreateType: not null } ? QemuFormatSpecific.From(head) : null,
            FullBackingFileName = parent?.Path,
            BackingFileName = head?.ParentFileNameHint,
            BackingFormat = head?.ParentFileNameHint is null ? null : "vmdk",
        };
    }
}

/// <summary>QEMU's wrapper around a format's own fields.</summary>
public sealed record QemuFormatSpecific(
    [property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("data")] QemuVmdkData Data)
{
    internal static QemuFormatSpecific From(LinkReport head) => new("vmdk", new QemuVmdkData(
        IdOf(head.ContentId),
        head.ParentContentId is null ? VmdkDescriptor.NoParent : IdOf(head.ParentContentId),
        head.CreateType!, [.. head.Extents.Select(extent => QemuExtent.From(extent, head))]));

    private static uint? IdOf(string? hex) => hex is null ? null : Convert.ToUInt32(hex, 16);
}

/// <summary>VMDK's fields in QEMU's shape.</summary>
public sealed record QemuVmdkData(
    [property: JsonPropertyName("cid")] uint? ContentId,
    [property: JsonPropertyName("parent-cid")] uint? ParentContentId,
    [property: JsonPropertyName("create-type")] string CreateType,
    [property: JsonPropertyName("extents")] IReadOnlyList<QemuExtent> Extents);

/// <summary>
/// An extent in QEMU's shape. The format is empty for a file that holds its own descriptor.
/// </summary>
public sealed record QemuExtent(
    [property: JsonPropertyName("compressed")] bool? IsCompressed,
    [property: JsonPropertyName("virtual-size")] long VirtualSize,
    [property: JsonPropertyName("filename")] string? FileName,
    [property: JsonPropertyName("cluster-size")] int? ClusterSize,
    [property: JsonPropertyName("format")] string Format)
{
    internal static QemuExtent From(ExtentReport extent, LinkReport head)
    {
        bool isText = head.Form == "textDescriptor";
        return new QemuExtent(
            head.Form == "streamOptimized" ? true : null, extent.LengthBytes, extent.Path ?? extent.Name,
            extent.GrainBytes, isText ? extent.Type : "");
    }
}
