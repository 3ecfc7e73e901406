using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Builds streams byte by byte from the format's tables, without the engine's structures, so that what is
/// expected of a reader does not come from the reader's own code.
/// </summary>
internal sealed class StreamRecipe(long capacitySectors)
{
    public const int GrainBytes = 65536, GrainSectors = 128;
    private readonly List<(long Grain, byte[] Content)> grains = [];
    private readonly SortedSet<long> zeroed = [];

    public long CapacitySectors { get; } = capacitySectors;

    /// <summary>Byte offset of each grain's marker in the last build.</summary>
    public Dictionary<long, int> MarkerOffsets { get; } = [];

    /// <summary>Byte offset of the footer's marker, the directory's marker in the last build.</summary>
    public int FooterOffset { get; private set; }

    public int DirectoryMarkerOffset { get; private set; }

    public List<int> TableOffsets { get; } = [];

    public bool WithProgressMarkers { get; init; }

    public StreamRecipe Grain(long grain, byte[] content)
    {
        grains.Add((grain, content));
        return this;
    }

    public StreamRecipe Zeroed(long grain)
    {
        zeroed.Add(grain);
        return this;
    }

    /// <summary>A grain that compresses to about a third, different for every seed.</summary>
    public static byte[] Content(int seed, int length = GrainBytes)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        random.NextBytes(bytes);
        for (int index = 0; index < length; index++) { bytes[index] = (byte)"etaoinsh"[bytes[index] & 7]; }
        return bytes;
    }

    public static byte[] Compress(byte[] content)
    {
        var target = new MemoryStream();
        using (var zlib = new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(content);
        }
        return target.ToArray();
    }

    /// <summary>The disk the recipe stands for.</summary>
    public byte[] Disk()
    {
        var disk = new byte[CapacitySectors * 512];
        foreach ((long grain, byte[] content) in grains)
        {
            content.AsSpan(0, (int)Math.Min(content.Length, disk.Length - (grain * GrainBytes)))
                .CopyTo(disk.AsSpan((int)(grain * GrainBytes)));
        }
        return disk;
    }

    /// <summary>The stream dialect: tables behind their grains, footer, end.</summary>
    public byte[] BuildStream()
    {
        var file = new MemoryStream();
        file.Write(Header(ulong.MaxValue));
        WriteDescriptor(file);
        var directory = new uint[TableCount];
        var table = new uint[512];
        bool tableUsed = false;
        long tableIndex = grains.Count == 0 ? 0 : grains[0].Grain / 512;
        foreach (long grain in zeroed.Where(grain => grain / 512 == tableIndex))
        {
            table[grain % 512] = 1;
            tableUsed = true;
        }
        foreach ((long grain, byte[] content) in grains)
        {
            if (grain / 512 != tableIndex)
            {
                directory[tableIndex] = WriteTable(file, table);
                table = new uint[512];
                tableIndex = grain / 512;
            }
            tableUsed = true;
            table[grain % 512] = WriteGrain(file, grain, content);
        }
        if (tableUsed) { directory[tableIndex] = WriteTable(file, table); }
        DirectoryMarkerOffset = (int)file.Length;
        uint directorySectors = (uint)(((TableCount * 4) + 511) / 512);
        WriteMarker(file, directorySectors, 2);
        uint directorySector = (uint)(file.Length / 512);
        WriteNumbers(file, directory);
        FooterOffset = (int)file.Length;
        WriteMarker(file, 1, 3);
        file.Write(Header(directorySector));
        file.Write(new byte[512]);
        return file.ToArray();
    }

    /// <summary>The random-access dialect: tables in front, no footer.</summary>
    public byte[] BuildRandomAccess()
    {
        uint directorySectors = (uint)(((TableCount * 4) + 511) / 512);
        var file = new MemoryStream();
        long overHead = (21 + directorySectors + (TableCount * 4) + 127) / 128 * 128;
        file.Write(Header(21, overHead));
        WriteDescriptor(file, overHead);
        var tables = new uint[TableCount * 512];
        foreach (long grain in zeroed) { tables[grain] = 1; }
        foreach ((long grain, byte[] content) in grains) { tables[grain] = WriteGrain(file, grain, content); }
        file.Write(new byte[512]);
        file.Position = 21 * 512;
        var directory = new uint[TableCount];
        for (int index = 0; index < TableCount; index++)
        {
            directory[index] = 21 + directorySectors + (uint)(index * 4);
        }
        WriteNumbers(file, directory);
        TableOffsets.Add((int)file.Position);
        WriteNumbers(file, tables);
        return file.ToArray();
    }

    /// <summary>
    /// Opens bytes as a file that the reader owns; the name is gone, the content stays until closed.
    /// </summary>
    public static HostFile AsFile(byte[] bytes)
    {
        string path = Path.Combine(Path.GetTempPath(), "stream-" + Guid.NewGuid().ToString("N") + ".vmdk");
        File.WriteAllBytes(path, bytes);
        LocalFile file = LocalFile.Open(path, HostAccess.ReadWrite);
        File.Delete(path);
        return file;
    }

    public static StreamOptimizedReader Open(byte[] bytes, FindingList? findings = null) =>
        StreamOptimizedReader.Open(AsFile(bytes), findings ?? new FindingList());

    private int TableCount => (int)((CapacitySectors + 65535) / 65536);

    private byte[] Header(ulong directorySector, long overHead = 128)
    {
        var header = new byte[512];
        "KDMV"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 0x30001);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(12), CapacitySectors);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(20), GrainSectors);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(28), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(36), 20);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), 512);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), directorySector);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(64), overHead);
        new byte[] { 0x0A, 0x20, 0x0D, 0x0A }.CopyTo(header, 73);
        header[77] = 1;
        return header;
    }

    private static void WriteDescriptor(MemoryStream file, long overHead = 128)
    {
        file.Write(Encoding.ASCII.GetBytes(
            "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n"));
        file.SetLength(overHead * 512);
        file.Position = file.Length;
    }

    private uint WriteGrain(MemoryStream file, long grain, byte[] content)
    {
        if (WithProgressMarkers && grain % 3 == 0) { WriteMarker(file, (ulong)grain, 4); }
        byte[] compressed = Compress(content);
        var marker = new byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(marker, grain * GrainSectors);
        BinaryPrimitives.WriteInt32LittleEndian(marker.AsSpan(8), compressed.Length);
        MarkerOffsets[grain] = (int)file.Length;
        uint sector = (uint)(file.Length / 512);
        file.Write(marker);
        file.Write(compressed);
        Pad(file);
        return sector;
    }

    private uint WriteTable(MemoryStream file, uint[] table)
    {
        WriteMarker(file, 4, 1);
        uint sector = (uint)(file.Length / 512);
        TableOffsets.Add((int)file.Length);
        WriteNumbers(file, table);
        return sector;
    }

    private static void WriteMarker(MemoryStream file, ulong value, uint type)
    {
        var sector = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(sector, value);
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(12), type);
        file.Write(sector);
    }

    private static void WriteNumbers(MemoryStream file, uint[] numbers)
    {
        var bytes = new byte[4];
        foreach (uint number in numbers)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
            file.Write(bytes);
        }
        long end = (file.Position + 511) / 512 * 512;
        if (file.Length < end) { file.SetLength(end); }
        file.Position = end;
    }

    private static void Pad(MemoryStream file)
    {
        file.SetLength((file.Length + 511) / 512 * 512);
        file.Position = file.Length;
    }
}
