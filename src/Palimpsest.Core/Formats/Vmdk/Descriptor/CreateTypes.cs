namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>The <c>createType</c> words, as they are spelled in descriptors.</summary>
public static class CreateTypes
{
    /// <summary>One hosted sparse file with its descriptor inside.</summary>
    public const string MonolithicSparse = "monolithicSparse";

    /// <summary>A text descriptor and one flat file.</summary>
    public const string MonolithicFlat = "monolithicFlat";

    /// <summary>A text descriptor and hosted sparse files of about 2 GB.</summary>
    public const string TwoGbMaxExtentSparse = "twoGbMaxExtentSparse";

    /// <summary>A text descriptor and flat files of about 2 GB.</summary>
    public const string TwoGbMaxExtentFlat = "twoGbMaxExtentFlat";

    /// <summary>One compressed file, written once.</summary>
    public const string StreamOptimized = "streamOptimized";

    /// <summary>A text descriptor and one flat file on a datastore, thick or thin.</summary>
    public const string Vmfs = "vmfs";

    /// <summary>An ESX delta.</summary>
    public const string VmfsSparse = "vmfsSparse";

    /// <summary>A space-efficient delta.</summary>
    public const string SeSparse = "seSparse";

    /// <summary>Any mixture of extents.</summary>
    public const string Custom = "custom";

    /// <summary>
    /// Types whose extents are read one by one. Names that VMware's tools use for the same layouts included.
    /// </summary>
    private static readonly string[] Readable =
    [
        MonolithicSparse, MonolithicFlat, TwoGbMaxExtentSparse, TwoGbMaxExtentFlat, StreamOptimized, Vmfs,
        VmfsSparse,
        SeSparse, Custom, "2GbMaxExtentSparse", "2GbMaxExtentFlat", "vmfsSeSparse", "vmfsPreallocated",
        "vmfsEagerZeroedThick", "vmfsThin", "vmfsThick",
    ];

    /// <summary>Types that are recognised and refused by name.</summary>
    private static readonly string[] Refused =
    [
        "fullDevice", "partitionedDevice", "vmfsRDM", "vmfsRawDeviceMap", "vmfsRDMP",
        "vmfsPassthroughRawDeviceMap",
        "vmfsRaw", "vsanSparse",
    ];

    /// <summary>True for a flat disk on a datastore, by any of its names.</summary>
    public static bool IsVmfs(string? createType) => createType is not null
        && createType.StartsWith(Vmfs, StringComparison.OrdinalIgnoreCase)
        && IsReadable(createType) && !createType.EndsWith("Sparse", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for a type this tool opens.</summary>
    public static bool IsReadable(string createType) =>
        Readable.Contains(createType, StringComparer.OrdinalIgnoreCase);

    /// <summary>True for a type that is known to need something outside of files.</summary>
    public static bool IsRefused(string createType) =>
        Refused.Contains(createType, StringComparer.OrdinalIgnoreCase);
}
