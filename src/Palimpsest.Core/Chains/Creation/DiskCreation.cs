using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>When the storage of a new flat disk is taken from the host.</summary>
public enum DiskAllocation
{
    /// <summary>When it is written: the file begins as one hole.</summary>
    Thin,

    /// <summary>At once, and the host promises zeros without having written them.</summary>
    Lazy,

    /// <summary>At once, with every zero written.</summary>
    Eager,
}

/// <summary>What a delta stands on.</summary>
/// <param name="FileNameHint"><c>parentFileNameHint</c>, as it is written.</param>
/// <param name="ContentId">CID of the parent.</param>
public sealed record DeltaParent(string FileNameHint, uint ContentId);

/// <summary>What a new disk shall be.</summary>
public sealed record DiskCreation
{
    /// <summary>The name for a raw image instead of a createType.</summary>
    public const string RawKind = "raw";

    /// <summary>Path of the descriptor, or of the one file of kinds that have no other.</summary>
    public required string Path { get; init; }

    /// <summary>Size of the guest's disk in bytes: whole sectors, at least one.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>A createType, or <see cref="RawKind"/>.</summary>
    public string Kind { get; init; } = CreateTypes.MonolithicFlat;

    /// <summary><c>ddb.adapterType</c>: lsilogic, buslogic, ide, pvscsi.</summary>
    public string AdapterType { get; init; } = "lsilogic";

    /// <summary>When storage is taken; only flat kinds know more than thin.</summary>
    public DiskAllocation Allocation { get; init; }

    /// <summary>At most 512 bytes for sector 0.</summary>
    public ReadOnlyMemory<byte> BootSector { get; init; }

    /// <summary>Geometry to declare; null computes it from capacity and adapter.</summary>
    public DiskGeometry? Geometry { get; init; }

    /// <summary><c>ddb.virtualHWVersion</c>.</summary>
    public string HardwareVersion { get; init; } = DescriptorTemplate.CommonHardwareVersion;

    /// <summary>
    /// What <c>ddb.thinProvisioned</c> of a vmfs disk says; null goes by <see cref="Allocation"/>.
    /// </summary>
    public bool? IsThinProvisioned { get; init; }

    /// <summary>The link below, for a delta; null for a disk that stands alone.</summary>
    public DeltaParent? Parent { get; init; }

    /// <summary>The CID; null for a random one.</summary>
    public uint? ContentId { get; init; }

    /// <summary>A file whose owner and mode the new ones get; null leaves them as created.</summary>
    public string? PermissionsLike { get; init; }

    /// <summary>Where the files go.</summary>
    public IHost Host { get; init; } = LocalHost.Instance;
}
