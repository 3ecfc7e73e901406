using System.Buffers.Binary;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Formats.Vmdk.SeSparse;
using Palimpsest.Tests.Formats.Vmdk.StreamOptimized;
using Palimpsest.Tests.Simulation;

namespace Palimpsest.Tests.Fuzz;

/// <summary>Small valid disks of every format, with the places in them that mean something.</summary>
internal static class FuzzSeeds
{
    private const string Folder = DiskRecipe.Folder;

    private static readonly (int Offset, int Width)[] sparseHeader =
    [
        (0, 4), (4, 4), (8, 4), (12, 8), (20, 8), (28, 8), (36, 8), (44, 4), (48, 8), (56, 8), (64, 8),
            (72, 1), (73, 1),
        (77, 2),
    ];

    /// <summary>Descriptors with flat, zero and read-only extents, and a chain of them.</summary>
    internal static FuzzImage Descriptor(int seed)
    {
        var random = new Random(seed);
        var host = new SimulatedHost();
        var recipe = new DiskRecipe(host, random);
        string[] kinds =
            [CreateTypes.MonolithicFlat, CreateTypes.TwoGbMaxExtentFlat, CreateTypes.Vmfs,
                CreateTypes.Custom];
        string path = recipe.Base(kinds[seed % kinds.Length], "disk", 64);
        if (seed % 2 == 1) { path = recipe.Delta(CreateTypes.VmfsSparse, "disk-000001", path); }
        FuzzText[] texts =
            [.. host.Files.Where(file => FirstByte(host, file) == '#')
                .Select(file => new FuzzText(file, 0, 0))];
        return ImageOf(host, path, [], texts);
    }

    /// <summary>Hosted sparse, descriptor inside, some grains written and some zeroed.</summary>
    internal static FuzzImage HostedSparse(int seed)
    {
        var host = new SimulatedHost();
        string path = Written(host, CreateTypes.MonolithicSparse, seed);
        byte[] file = host.Get(path);
        var fields = new List<FuzzField>();
        AddHeader(fields, path, 0);
        foreach (int place in (int[])[48, 56])
        {
            int directory = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(place)) * 512;
            AddTables(fields, path, file, directory, 2, 20);
        }
        return ImageOf(host, path, fields, [new FuzzText(path, 512, 20 * 512)]);
    }

    /// <summary>An ESX delta behind its descriptor, alone or over a base.</summary>
    internal static FuzzImage Cowd(int seed)
    {
        var host = new SimulatedHost();
        string path = Written(host, CreateTypes.VmfsSparse, seed);
        string data = host.Files.First(file => file.EndsWith("-delta.vmdk", StringComparison.Ordinal));
        byte[] file = host.Get(data);
        var fields = new List<FuzzField>();
        for (int offset = 0; offset < 32; offset += 4) { fields.Add(new FuzzField(data, offset, 4)); }
        fields.AddRange(
            [new FuzzField(data, 1636, 4), new FuzzField(data, 1640, 4), new FuzzField(data, 1648, 4)]);
        AddTables(fields, data, file, 4 * 512, 1, 40);
        return ImageOf(host, path, fields, [new FuzzText(path, 0, 0)]);
    }

    /// <summary>A space-efficient delta behind its descriptor.</summary>
    internal static FuzzImage SeSparse(int seed)
    {
        const string Data = Folder + "disk-sesparse.vmdk", Text = Folder + "disk.vmdk";
        const int Sectors = 4096;
        var random = new Random(seed);
        var host = new SimulatedHost();
        SeSparseBuilder builder;
        using (HostFile file = host.Open(Data, HostAccess.CreateNew))
        {
            builder = new SeSparseBuilder(file, Sectors * 512);
            byte[] grain = new byte[4096];
            for (int i = 0; i < 6; i++)
            {
                random.NextBytes(grain);
                builder.Grain(random.Next(Sectors / 8), grain);
            }
            builder.Entry(9, 0x2000_0000_0000_0000);
            builder.Entry(10, 0x1000_0000_0000_0000);
        }
        PutText(host, Text, CreateTypes.SeSparse, Sectors, ExtentType.SeSparse, "disk-sesparse.vmdk");
        var fields = new List<FuzzField>();
        for (int offset = 0; offset < 208; offset += 8) { fields.Add(new FuzzField(Data, offset, 8)); }
        for (int offset = 512; offset < 544; offset += 8) { fields.Add(new FuzzField(Data, offset, 8)); }
        int directory = (int)SeSparseBuilder.Directory * 512;
        for (int i = 0; i < 3; i++) { fields.Add(new FuzzField(Data, directory + (i * 8), 8)); }
        for (int i = 0; i < 40; i++)
        {
            fields.Add(new FuzzField(Data, (int)builder.TablesOffset + (i * 8), 8));
        }
        return ImageOf(host, Text, fields, [new FuzzText(Text, 0, 0)]);
    }

    /// <summary>A compressed stream, in either dialect.</summary>
    internal static FuzzImage Stream(int seed)
    {
        const string Path = Folder + "disk.vmdk";
        var recipe = new StreamRecipe(128 * 6) { WithProgressMarkers = seed % 4 == 3 };
        foreach (int grain in (int[])[0, 2, 3, 5])
        {
            // Mostly one letter: small files make fast cases.
            byte[] content = new byte[StreamRecipe.GrainBytes];
            content.AsSpan(grain * 100, 3000).Fill((byte)(grain + 1));
            recipe.Grain(grain, content);
        }
        bool isStream = seed % 2 == 0;
        byte[] file = isStream ? recipe.BuildStream() : recipe.BuildRandomAccess();
        TextOf(CreateTypes.StreamOptimized, recipe.CapacitySectors, ExtentType.Sparse, "call-me-stream.vmdk")
            .CopyTo(file.AsSpan(512));
        var host = new SimulatedHost();
        host.Put(Path, file);
        var fields = new List<FuzzField>();
        AddHeader(fields, Path, 0);
        foreach (int marker in recipe.MarkerOffsets.Values)
        {
            fields.AddRange([new FuzzField(Path, marker, 8), new FuzzField(Path, marker + 8, 4)]);
            for (int i = 0; i < 8; i++) { fields.Add(new FuzzField(Path, marker + 12 + i, 1)); }
        }
        foreach (int table in recipe.TableOffsets)
        {
            for (int i = 0; i < 8; i++) { fields.Add(new FuzzField(Path, table + (i * 4), 4)); }
        }
        if (isStream)
        {
            AddHeader(fields, Path, recipe.FooterOffset + 512);
            foreach (int marker in (int[])[recipe.FooterOffset, recipe.DirectoryMarkerOffset,
                file.Length - 512])
            {
                fields.AddRange([new(Path, marker, 8), new(Path, marker + 8, 4), new(Path, marker + 12, 4)]);
            }
            fields.Add(new FuzzField(Path, recipe.DirectoryMarkerOffset + 512, 4));
        }
        else
        {
            fields.Add(new FuzzField(Path, 21 * 512, 4));
        }
        return ImageOf(host, Path, fields, [new FuzzText(Path, 512, 20 * 512)]);
    }

    private static string Written(SimulatedHost host, string kind, int seed)
    {
        var random = new Random(seed);
        var recipe = new DiskRecipe(host, random);
        const int Sectors = 256;
        string path = seed % 2 == 0
            ? recipe.Base(kind, "disk", Sectors)
            : recipe.Delta(kind, "disk-000001", recipe.Base(CreateTypes.MonolithicFlat, "disk", Sectors));
        using Disk disk = DiskRecipe.OpenForWriting(host, path);
        byte[] bytes = new byte[3000];
        for (int i = 0; i < 5; i++)
        {
            random.NextBytes(bytes);
            disk.Device!.Write(random.Next((Sectors * 512) - bytes.Length), bytes);
        }
        disk.Device!.WriteZeroes(0, 65536, Palimpsest.Core.Blocks.ZeroMode.MayPunch);
        return path;
    }

    private static void AddHeader(List<FuzzField> fields, string path, int offset) =>
        fields.AddRange(
            sparseHeader.Select(field => new FuzzField(path, offset + field.Offset, field.Width)));

    private static void AddTables(
        List<FuzzField> fields, string path, byte[] file, int directory, int directoryEntries,
            int tableEntries)
    {
        for (int i = 0; i < directoryEntries; i++)
        {
            fields.Add(new FuzzField(path, directory + (i * 4), 4));
        }
        int table = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(directory)) * 512;
        for (int i = 0; i < tableEntries; i++) { fields.Add(new FuzzField(path, table + (i * 4), 4)); }
    }

    private static void PutText(
        SimulatedHost host, string path, string createType, long sectors, ExtentType type, string fileName) =>
        host.Put(path, TextOf(createType, sectors, type, fileName));

    private static byte[] TextOf(string createType, long sectors, ExtentType type, string fileName) =>
        new DescriptorTemplate
        {
            CreateType = createType,
            Extents = [new ExtentLine(ExtentAccess.ReadWrite, sectors, type, fileName)],
            AdapterType = "lsilogic",
        }.ToBytes();

    private static FuzzImage ImageOf(
        SimulatedHost host, string path, IReadOnlyList<FuzzField> fields, IReadOnlyList<FuzzText> texts)
    {
        // A seed that does not open would test nothing behind the first check.
        Disk.Open(path, new DiskOpenOptions { Host = host }).Dispose();
        return new FuzzImage(path, host.Files.ToDictionary(file => file, host.Get), fields, texts);
    }

    private static char FirstByte(SimulatedHost host, string path) => (char)host.Get(path)[0];
}
