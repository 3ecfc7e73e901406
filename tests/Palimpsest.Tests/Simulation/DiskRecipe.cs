using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Simulation;

/// <summary>
/// Small disks of every kind that can be written, on a simulated host, in the folder <c>/vm</c>.
/// </summary>
internal sealed class DiskRecipe(SimulatedHost host, Random random)
{
    internal const string Folder = "/vm/";

    /// <summary>Kinds a base disk can have.</summary>
    internal static readonly string[] BaseKinds =
    [
        CreateTypes.MonolithicFlat, CreateTypes.TwoGbMaxExtentFlat, CreateTypes.Vmfs, CreateTypes.Custom,
        CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse,
    ];

    /// <summary>Kinds a delta can have.</summary>
    internal static readonly string[] DeltaKinds =
        [CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse];

    /// <summary>
    /// Makes a base disk, empty but for flat extents, which hold random bytes. Returns the path to open.
    /// </summary>
    internal string Base(string kind, string name, long sectorCount) => Make(kind, name, sectorCount, null);

    /// <summary>Makes an empty delta over a disk and returns the path to open.</summary>
    internal string Delta(string kind, string name, string parentPath)
    {
        using Disk parent = Disk.Open(parentPath, new DiskOpenOptions { Host = host });
        return Make(kind, name, parent.CapacityBytes / Sector.Bytes, parent);
    }

    /// <summary>Opens a disk for writing although a delta may depend on it.</summary>
    internal static Disk OpenForWriting(SimulatedHost host, string path) => Disk.Open(path,
        new DiskOpenOptions { Host = host, IsWritable = true, AllowWriteUnderChildren = true });

    private string Make(string kind, string name, long sectorCount, Disk? parent)
    {
        string path = $"{Folder}{name}.vmdk";
        IReadOnlyList<ExtentLine> extents = kind switch
        {
            CreateTypes.MonolithicFlat => [Flat(name + "-flat.vmdk", sectorCount, 0, ExtentType.Flat)],
            CreateTypes.Vmfs => [Flat(name + "-flat.vmdk", sectorCount, 0, ExtentType.Vmfs)],
            CreateTypes.TwoGbMaxExtentFlat => [.. Split(sectorCount, 4)
                .Select((part, i) => Flat($"{name}-f{i + 1:d3}.vmdk", part, 0, ExtentType.Flat))],
            CreateTypes.Custom => [.. Split(sectorCount, 6).Select((part, i) => CustomExtent(name, part, i))],
            CreateTypes.TwoGbMaxExtentSparse => [.. Split(sectorCount, 3)
                .Select((part, i) => Sparse($"{name}-s{i + 1:d3}.vmdk", part))],
            CreateTypes.VmfsSparse => [EsxDelta(name + "-delta.vmdk", sectorCount)],
            CreateTypes.MonolithicSparse =>
                [new ExtentLine(ExtentAccess.ReadWrite, sectorCount, ExtentType.Sparse, name + ".vmdk")],
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        byte[] text = new DescriptorTemplate
        {
            CreateType = kind,
            Extents = extents,
            ParentContentId = parent?.Links[0].Descriptor!.ContentId ?? VmdkDescriptor.NoParent,
            ParentFileNameHint = parent is null ? null : HostPath.NameOf(parent.Path),
            AdapterType = parent is null ? "lsilogic" : null,
        }.ToBytes();
        if (kind == CreateTypes.MonolithicSparse) { CreateSparse(path, sectorCount, text); }
        else { host.Put(path, text); }
        return path;
    }

    // All sorts of extents side by side: at an offset of a file, zeros, read-only, not accessible, sparse.
    private ExtentLine CustomExtent(string name, long sectorCount, int index) => (index % 6) switch
    {
        0 => Flat(name + "-offset.bin", sectorCount, 7, ExtentType.Flat),
        1 => new ExtentLine(ExtentAccess.ReadWrite, sectorCount, ExtentType.Zero, null),
        2 => Flat(name + "-fixed.bin", sectorCount, 0,
            ExtentType.Flat) with { Access = ExtentAccess.ReadOnly },
        3 => Sparse(name + "-part.vmdk", sectorCount),
        4 => Flat(name + "-hidden.bin", sectorCount, 0,
            ExtentType.Flat) with { Access = ExtentAccess.NoAccess },
        _ => Flat(name + "-rest.bin", sectorCount, 0, ExtentType.Flat),
    };

    private ExtentLine Flat(string fileName, long sectorCount, long offsetSectors, ExtentType type)
    {
        byte[] bytes = new byte[(offsetSectors + sectorCount) * Sector.Bytes];
        random.NextBytes(bytes);
        host.Put(Folder + fileName, bytes);
        return new ExtentLine(ExtentAccess.ReadWrite, sectorCount, type, fileName, offsetSectors);
    }

    private ExtentLine Sparse(string fileName, long sectorCount)
    {
        CreateSparse(Folder + fileName, sectorCount, null);
        return new ExtentLine(ExtentAccess.ReadWrite, sectorCount, ExtentType.Sparse, fileName);
    }

    private ExtentLine EsxDelta(string fileName, long sectorCount)
    {
        using HostFile file = host.Open(Folder + fileName, HostAccess.CreateNew);
        CowdFile.Create(file, new CowdCreation
        {
            CapacityBytes = sectorCount * Sector.Bytes,
            GrainBytes = Sector.Bytes << random.Next(6),
        });
        return new ExtentLine(ExtentAccess.ReadWrite, sectorCount, ExtentType.VmfsSparse, fileName);
    }

    private void CreateSparse(string path, long sectorCount, byte[]? text)
    {
        using HostFile file = host.Open(path, HostAccess.CreateNew);
        HostedSparseFile.Create(file, new HostedSparseCreation
        {
            CapacityBytes = sectorCount * Sector.Bytes,
            GrainBytes = 4096 << random.Next(5),
            EmbeddedDescriptor = text,
        });
    }

    private IEnumerable<long> Split(long sectorCount, int count)
    {
        for (int left = count; left > 1; left--)
        {
            long part = random.NextInt64(1, Math.Max(2, (sectorCount - left) * 2 / left));
            yield return part;
            sectorCount -= part;
        }
        yield return sectorCount;
    }
}
