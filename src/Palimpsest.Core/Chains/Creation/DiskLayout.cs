using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>Which files a kind of disk consists of, what they are called and how large each is.</summary>
/// <param name="Kind">The createType, spelled as descriptors spell it, or raw.</param>
/// <param name="Extents">The extent lines, in order.</param>
/// <param name="HasDescriptorFile">False when the descriptor lies inside the one extent, or there is
/// none.</param>
internal sealed record DiskLayout(string Kind, IReadOnlyList<ExtentLine> Extents, bool HasDescriptorFile)
{
    /// <summary>Sectors in an extent of the split kinds, as Workstation cuts them: 2047 MiB.</summary>
    public const long SplitExtentSectors = 4_192_256;

    private static readonly string[] Kinds =
    [
        CreateTypes.MonolithicFlat, CreateTypes.TwoGbMaxExtentFlat, CreateTypes.Vmfs,
        CreateTypes.MonolithicSparse,
        CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse, CreateTypes.StreamOptimized,
        DiskCreation.RawKind,
    ];

    /// <summary>True when the data lies in flat files.</summary>
    public bool IsFlat => Extents[0].Type is ExtentType.Flat or ExtentType.Vmfs;

    /// <summary>
    /// The layout for a new disk; refuses kinds that cannot be written and names no descriptor can hold.
    /// </summary>
    public static DiskLayout For(string kind, string path, long capacityBytes)
    {
        string? known = Kinds.FirstOrDefault(name => name.Equals(kind, StringComparison.OrdinalIgnoreCase));
        if (known is null)
        {
            throw new BlockException(BlockErrorKind.Unsupported, null, null,
                $"disks of kind \"{kind}\" cannot be written; choose one of {string.Join(", ", Kinds)}");
        }
        string name = HostPath.NameOf(path);
        if (name.AsSpan().IndexOfAny("\"\r\n\0") >= 0)
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "a descriptor cannot hold a name with quotes or line breaks; choose another name");
        }
        string stem = name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase) ? name[..^5] : name;
        long sectors = capacityBytes / Sector.Bytes;
        return known switch
        {
            CreateTypes.MonolithicFlat => Single(known, ExtentType.Flat, $"{stem}-flat.vmdk", sectors, true),
            CreateTypes.Vmfs => Single(known, ExtentType.Vmfs, $"{stem}-flat.vmdk", sectors, true),
            CreateTypes.VmfsSparse =>
                Single(known, ExtentType.VmfsSparse, $"{stem}-delta.vmdk", sectors, true),
            CreateTypes.TwoGbMaxExtentFlat => new(known, Split(ExtentType.Flat, stem, 'f', sectors, 1), true),
            CreateTypes.TwoGbMaxExtentSparse =>
                new(known, Split(ExtentType.Sparse, stem, 's', sectors, 1), true),
            DiskCreation.RawKind => Single(known, ExtentType.Flat, name, sectors, false),
            _ => Single(known, ExtentType.Sparse, name, sectors, false),
        };
    }

    /// <summary>
    /// Extents of at most <see cref="SplitExtentSectors"/> each, numbered from
    /// <paramref name="firstNumber"/>.
    /// </summary>
    public static IReadOnlyList<ExtentLine> Split(
        ExtentType type, string stem, char letter, long sectors, int firstNumber)
    {
        var extents = new List<ExtentLine>();
        for (long done = 0; done < sectors; done += SplitExtentSectors)
        {
            string name = $"{stem}-{letter}{firstNumber + extents.Count:D3}.vmdk";
            extents.Add(new ExtentLine(
                ExtentAccess.ReadWrite, Math.Min(SplitExtentSectors, sectors - done), type, name));
        }
        return extents;
    }

    private static DiskLayout Single(string kind, ExtentType type, string name, long sectors,
        bool hasDescriptorFile) =>
            new(kind, [new ExtentLine(ExtentAccess.ReadWrite, sectors, type, name)], hasDescriptorFile);
}
