using System.Buffers.Binary;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Formats.Vmdk.SeSparse;

/// <summary>
/// Builds seSparse extents byte by byte from the tables of the format's README, for the reader to be held to;
/// tables are handed out from the last to the first, so that their order is not the disk's.
/// </summary>
internal sealed class SeSparseBuilder
{
    public const long Directory = 16, TableBytes = 64 * 512, Cover = 16L << 20;

    private readonly HostFile file;
    private readonly long tablesSector, grainsSector;
    private readonly Dictionary<long, long> tables = [];
    private long nextTable, nextGrain;

    public SeSparseBuilder(HostFile file, long capacityBytes)
    {
        this.file = file;
        long tableCount = (capacityBytes + Cover - 1) / Cover;
        long directorySectors = ((tableCount * 8) + 511) / 512;
        tablesSector = (Directory + directorySectors + 63) / 64 * 64;
        grainsSector = tablesSector + (tableCount * 64);
        nextTable = tableCount;
        file.SetLength(grainsSector * 512);
        (int Offset, long Value)[] fields =
        [
            (0, 0xCAFEBABE), (8, 0x200000001), (16, capacityBytes / 512), (24, 8), (32, 64),
            (80, 1), (88, 1), (96, 2), (104, 2), (112, 4), (120, 8),
            (128, Directory), (136, directorySectors), (144, tablesSector), (152, tableCount * 64),
            (192, grainsSector), (200, (capacityBytes + 4095) / 4096 * 8),
        ];
        foreach ((int offset, long value) in fields) { Put(offset, (ulong)value); }
        Put(512, 0xCAFECAFE);
    }

    public long TablesOffset => tablesSector * 512;

    /// <summary>Stores 4,096 bytes for a grain of the disk.</summary>
    public void Grain(long virtualGrain, ReadOnlySpan<byte> content)
    {
        ulong number = (ulong)nextGrain++;
        file.Write((grainsSector * 512) + ((long)number * 4096), content);
        Entry(virtualGrain, 0x3000_0000_0000_0000 | ((number & 0xFFF) << 48) | (number >> 12));
    }

    /// <summary>Makes the next grain stored one of this number.</summary>
    public void SkipToGrain(long number) => nextGrain = number;

    /// <summary>Sets the table entry of a grain of the disk.</summary>
    public void Entry(long virtualGrain, ulong entry)
    {
        long table = TableOf(virtualGrain / 4096);
        Put((tablesSector * 512) + (table * TableBytes) + (virtualGrain % 4096 * 8), entry);
    }

    /// <summary>Makes a table without entries.</summary>
    public long TableOf(long tableIndex)
    {
        if (!tables.TryGetValue(tableIndex, out long number))
        {
            number = --nextTable;
            tables.Add(tableIndex, number);
            DirectoryEntry(tableIndex, 0x1000_0000_0000_0000 | (ulong)number);
        }
        return number;
    }

    public void DirectoryEntry(long tableIndex, ulong entry) =>
        Put((Directory * 512) + (tableIndex * 8), entry);

    private void Put(long offset, ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        file.Write(offset, bytes);
    }
}
