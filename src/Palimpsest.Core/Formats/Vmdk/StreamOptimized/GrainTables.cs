using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// The file's own index: the grain directory, held in memory (4 bytes per 512 grains), and its tables, loaded
/// when asked for into a small cache. Lock-free: a table is immutable once published.
/// </summary>
internal sealed class GrainTables : IGrainMap
{
    private const int CachedTables = 64, MaxTablesPerFind = 64;
    private readonly HostFile file;
    private readonly long fileSectors;
    private readonly uint[] directory;
    private readonly Table?[] cache = new Table?[CachedTables];

    private GrainTables(HostFile file, long fileSectors, uint[] directory)
    {
        this.file = file;
        this.fileSectors = fileSectors;
        this.directory = directory;
    }

    public string UnreadableReason =>
        "the grain table cannot be read here, or leads out of the file; fetch the disk again if you can";

    /// <summary>
    /// Loads the directory, or returns null and says in <paramref name="problem"/> what is wrong with it.
    /// </summary>
    public static GrainTables? TryLoad(
        HostFile file, StreamShape shape, ulong directorySector, long fileLength, out string? problem)
    {
        ulong fileSectors = (ulong)(fileLength / Sector.Bytes);
        if (directorySector == 0 || directorySector >= fileSectors
            || (ulong)shape.DirectorySectors > fileSectors - directorySector)
        {
            problem = $"the grain directory is said to be {shape.DirectorySectors} sectors at sector "
                + $"{directorySector} of a file of {fileSectors}";
            return null;
        }
        var directory = new uint[shape.TableCount];
        try
        {
            ReadNumbers(file, (long)directorySector * Sector.Bytes, directory);
        }
        catch (BlockException error)
        {
            problem = $"the grain directory cannot be read ({error.Message})";
            return null;
        }
        for (int tableIndex = 0; tableIndex < directory.Length; tableIndex++)
        {
            uint tableSector = directory[tableIndex];
            if (tableSector != 0 && tableSector + (long)StreamShape.TableSectors > (long)fileSectors)
            {
                problem = $"grain table {tableIndex} is said to be at sector {tableSector} of a file of "
                    + $"{fileSectors}";
                return null;
            }
        }
        problem = FindOverlap(directory);
        return problem is not null ? null : new GrainTables(file, (long)fileSectors, directory);
    }

    public GrainSpan Find(long grainIndex, long maxCount)
    {
        GrainSpan span = FindInTable(grainIndex, maxCount);
        for (int more = 1; more < MaxTablesPerFind && span.Count < maxCount; more++)
        {
            long nextGrain = grainIndex + span.Count;
            if (nextGrain % StreamShape.TableEntries != 0) { break; }
            GrainSpan next = FindInTable(nextGrain, maxCount - span.Count);
            if (next.State != span.State) { break; }
            span = span with { Count = span.Count + next.Count };
        }
        return span;
    }

    /// <summary>
    /// Goes through all tables: how many grains are said to lie behind the end of the file, and which one
    /// inside of it lies last (sector of its marker; 0 without any). A table that cannot be read is left to
    /// its reader.
    /// </summary>
    public (long BeyondCount, uint LastMarkerSector) Survey()
    {
        long beyondCount = 0;
        uint last = 0;
        var entries = new uint[StreamShape.TableEntries];
        foreach (uint tableSector in directory)
        {
            if (tableSector == 0) { continue; }
            try
            {
                ReadNumbers(file, (long)tableSector * Sector.Bytes, entries);
            }
            catch (BlockException)
            {
                continue;
            }
            foreach (uint entry in entries)
            {
                if (entry >= fileSectors) { beyondCount++; }
                else if (entry > 1) { last = Math.Max(last, entry); }
            }
        }
        return (beyondCount, last);
    }

    /// <summary>
    /// Tables that share sectors are damage, and would let a small file pretend to index a disk of any size:
    /// without them the number of tables is bounded by the file.
    /// </summary>
    private static string? FindOverlap(uint[] directory)
    {
        long previousEnd = 0;
        foreach (uint tableSector in directory)
        {
            if (tableSector == 0) { continue; }
            if (tableSector < previousEnd) { return FindOverlapUnordered(directory); }
            previousEnd = tableSector + (long)StreamShape.TableSectors;
        }
        return null;
    }

    private static string? FindOverlapUnordered(uint[] directory)
    {
        uint[] ordered = [.. directory];
        Array.Sort(ordered);
        for (int index = 1; index < ordered.Length; index++)
        {
            if (ordered[index - 1] != 0 && ordered[index] - ordered[index - 1] < StreamShape.TableSectors)
            {
                return $"two grain tables share sector {ordered[index]}";
            }
        }
        return null;
    }

    private static void ReadNumbers(HostFile file, long hostOffset, uint[] numbers)
    {
        file.Read(hostOffset, MemoryMarshal.AsBytes(numbers.AsSpan()));
        if (!BitConverter.IsLittleEndian) { BinaryPrimitives.ReverseEndianness(numbers, numbers); }
    }

    /// <summary>A span within one table, or over many tables that do not exist.</summary>
    private GrainSpan FindInTable(long grainIndex, long maxCount)
    {
        int tableIndex = (int)(grainIndex / StreamShape.TableEntries);
        int entryIndex = (int)(grainIndex % StreamShape.TableEntries);
        if (directory[tableIndex] == 0)
        {
            int absent = directory.AsSpan(tableIndex).IndexOfAnyExcept(0u);
            long absentTables = absent < 0 ? directory.Length - tableIndex : absent;
            return new GrainSpan(GrainState.Hole,
                Math.Min(maxCount, (absentTables * StreamShape.TableEntries) - entryIndex));
        }
        int count = (int)Math.Min(maxCount, StreamShape.TableEntries - entryIndex);
        uint[] entries;
        try
        {
            entries = TableAt(tableIndex).Entries;
        }
        catch (BlockException)
        {
            return new GrainSpan(GrainState.Unreadable, count);
        }
        uint first = entries[entryIndex];
        GrainState state = StateOf(first);
        int length = 1;
        while (length < count && StateOf(entries[entryIndex + length]) == state) { length++; }
        return new GrainSpan(state, length, state == GrainState.Stored ? first : 0);
    }

    private GrainState StateOf(uint entry) => entry switch
    {
        0 => GrainState.Hole,
        1 => GrainState.Zero,
        _ => entry < fileSectors ? GrainState.Stored : GrainState.Unreadable,
    };

    private Table TableAt(int tableIndex)
    {
        ref Table? slot = ref cache[tableIndex % CachedTables];
        if (Volatile.Read(ref slot) is { } table && table.Index == tableIndex) { return table; }
        var entries = new uint[StreamShape.TableEntries];
        ReadNumbers(file, (long)directory[tableIndex] * Sector.Bytes, entries);
        table = new Table(tableIndex, entries);
        Volatile.Write(ref slot, table);
        return table;
    }

    private sealed record Table(int Index, uint[] Entries);
}
