using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// Answers where the bytes of a two-level sparse extent are, for readers and devices alike: tables are cached
/// in fixed memory, tables that were never written are recognised by the host's holes without being read, and
/// changed tables stay here until a device makes them durable. Thread-safe; one short lock, never held while
/// guest data moves. Does not own the file.
/// </summary>
internal sealed class GrainMap
{
    private const uint ZeroEntry = 1;
    private const int PageEntries = 16384, SlotCount = 80;

    // Bounds of one GetRun: enough to make runs of a large disk few, small enough for a filter above that
    // asks again and again.
    private const int MaxHoleTables = 4096, MaxStepsPerRun = 64;

    private readonly Lock sync = new();
    private readonly HostFile file;
    private readonly GrainDirectory primary;
    private readonly GrainDirectory? redundant;
    private readonly Page?[] slots = new Page?[SlotCount];
    private readonly Dictionary<long, uint[]> changedTables = [];
    private readonly int tablesPerPage;
    private readonly long coverBytes;
    private long holeStart, holeEnd, fileLength;

    // Why the host could not say where the table is that was asked for last, or what is in it. Never kept
    // longer than one question: the next one asks the host again.
    private BlockException? hostFailure;

    /// <summary>Creates the map of a validated extent.</summary>
    internal GrainMap(HostFile file, GrainGeometry geometry)
    {
        this.file = file;
        Geometry = geometry;
        coverBytes = geometry.TableCoverBytes;
        tablesPerPage = PageEntries / geometry.EntriesPerTable;
        fileLength = file.Length;
        primary = new GrainDirectory(file, geometry.DirectoryOffset, geometry.TableCount);
        if (geometry.RedundantDirectoryOffset is { } redundantOffset)
        {
            redundant = new GrainDirectory(file, redundantOffset, geometry.TableCount);
        }
    }

    private enum TableState
    {
        Present,
        Hole,
        Lost,
    }

    /// <summary>The shape of the extent.</summary>
    internal GrainGeometry Geometry { get; }

    /// <summary>The directory that is read.</summary>
    internal GrainDirectory Primary => primary;

    /// <summary>The second directory, if there is one.</summary>
    internal GrainDirectory? Redundant => redundant;

    /// <summary>
    /// Tables changed and not yet written, by index. Only the device that changes them may walk this.
    /// </summary>
    internal IReadOnlyDictionary<long, uint[]> ChangedTables => changedTables;

    /// <summary>The first run at <paramref name="offset"/>; see <see cref="IBlockReader.GetRun"/>.</summary>
    internal BlockRun GetRun(long offset, long length) => GetRun(offset, length, out _);

    /// <summary>
    /// As <see cref="GetRun(long, long)"/>; <paramref name="failure"/> says why a run is unreadable when the
    /// host failed, and is null otherwise. For <see cref="Unreadable"/>.
    /// </summary>
    internal BlockRun GetRun(long offset, long length, out BlockException? failure)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Geometry.CapacityBytes - offset);
        lock (sync)
        {
            AskAgain();
            BlockRun run = RunAt(offset, length);
            failure = run.Kind == RunKind.Unreadable ? hostFailure : null;
            for (int step = 1; step < MaxStepsPerRun; step++)
            {
                long nextOffset = offset + run.LengthBytes;
                if (run.LengthBytes == length || nextOffset % coverBytes != 0) { break; }
                BlockRun next = RunAt(nextOffset, length - run.LengthBytes);
                if (!run.Continues(next)) { break; }
                run = run with { LengthBytes = run.LengthBytes + next.LengthBytes };
            }
            return run;
        }
    }

    /// <summary>Fills the target; see <see cref="IBlockReader.Read"/>.</summary>
    internal void Read(long offset, Span<byte> target)
    {
        CheckRange(offset, target.Length);
        while (!target.IsEmpty)
        {
            BlockRun run = GetRun(offset, target.Length, out BlockException? failure);
            Span<byte> part = target[..(int)run.LengthBytes];
            switch (run.Kind)
            {
                case RunKind.Data: file.Read(run.HostOffset, part); break;
                case RunKind.Unreadable: throw Unreadable(offset, failure);
                default: part.Clear(); break;
            }
            offset += part.Length;
            target = target[part.Length..];
        }
    }

    /// <summary>Throws when a range is not within the capacity.</summary>
    internal void CheckRange(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Geometry.CapacityBytes - offset);
    }

    /// <summary>
    /// The error for a range whose place in the file cannot be known: the host's own, if it failed, with the
    /// offset where it did.
    /// </summary>
    internal BlockException Unreadable(long virtualOffset, BlockException? failure) => failure is null
        ? new(BlockErrorKind.Corrupt, file.Path, null,
            $"the grain tables name no sound place in the file for byte {virtualOffset} of the extent; "
            + "run 'vmdk check' on it before anything is written")
        : new(failure.Kind, failure.Path, failure.OffsetBytes,
            $"the host cannot read the grain table for byte {virtualOffset} of the extent", failure);

    /// <summary>Tells the map that the file has grown.</summary>
    internal void SetFileLength(long lengthBytes)
    {
        lock (sync) { fileLength = lengthBytes; }
    }

    /// <summary>
    /// Where the table is that answers for an index: 0 when there is none yet, <see
    /// cref="GrainDirectory.Unusable"/> when neither copy of the directory says so.
    /// </summary>
    internal uint FindTable(long tableIndex)
    {
        uint sector = primary[tableIndex];
        if (Geometry.IsTable(sector, fileLength)) { return sector; }
        uint otherSector = redundant is null ? 0 : redundant[tableIndex];
        if (Geometry.IsTable(otherSector, fileLength)) { return otherSector; }
        return sector == 0 ? 0 : GrainDirectory.Unusable;
    }

    /// <summary>
    /// What both copies of the directory name for a table; 0 for a copy that does not exist.
    /// </summary>
    /// <exception cref="BlockException">The host cannot read one of the copies.</exception>
    internal (uint Sector, uint RedundantSector) PointersOf(long tableIndex)
    {
        lock (sync)
        {
            AskAgain();
            BlockException? failure = primary.FailureAt(tableIndex) ?? redundant?.FailureAt(tableIndex);
            if (failure is not null) { throw Unreadable(tableIndex * coverBytes, failure); }
            return (primary[tableIndex], redundant is null ? 0 : redundant[tableIndex]);
        }
    }

    /// <summary>Writes what both copies of the directory name for a table.</summary>
    internal void WritePointers(long tableIndex, uint sector, uint redundantSector)
    {
        lock (sync)
        {
            primary.Write(tableIndex, sector);
            redundant?.Write(tableIndex, redundantSector);
        }
    }

    /// <summary>
    /// Sets entries of consecutive grains in memory: the first value, then each one step further.
    /// </summary>
    internal void SetEntries(long firstGrain, long grainCount, uint firstValue, uint step)
    {
        lock (sync)
        {
            AskAgain();
            long grain = firstGrain;
            while (grain < firstGrain + grainCount)
            {
                uint[] entries = ChangeTable(grain / Geometry.EntriesPerTable);
                int index = (int)(grain % Geometry.EntriesPerTable);
                int count = (int)Math.Min(entries.Length - index, firstGrain + grainCount - grain);
                uint value = firstValue + ((uint)(grain - firstGrain) * step);
                for (int done = 0; done < count; done++, value += step) { entries[index + done] = value; }
                grain += count;
            }
        }
    }

    /// <summary>Forgets the list of changed tables, which the device has just made durable.</summary>
    internal void AcceptChanges()
    {
        lock (sync)
        {
            foreach ((long tableIndex, uint[] entries) in changedTables)
            {
                Page? page = slots[tableIndex / tablesPerPage % SlotCount];
                if (page is not null && page.Index == tableIndex / tablesPerPage)
                {
                    entries.CopyTo(EntriesIn(page, tableIndex));
                    page.Loaded |= 1u << (int)(tableIndex % tablesPerPage);
                }
            }
            changedTables.Clear();
            holeStart = holeEnd = 0;
        }
    }

    private void AskAgain()
    {
        hostFailure = null;
        primary.ForgetFailures();
        redundant?.ForgetFailures();
    }

    private uint[] ChangeTable(long tableIndex)
    {
        if (changedTables.TryGetValue(tableIndex, out uint[]? changed)) { return changed; }
        ReadOnlySpan<uint> entries = EntriesOf(tableIndex, out TableState state);
        if (state == TableState.Lost) { throw Unreadable(tableIndex * coverBytes, hostFailure); }
        changed = new uint[Geometry.EntriesPerTable];
        if (state == TableState.Present) { entries.CopyTo(changed); }
        changedTables.Add(tableIndex, changed);
        return changed;
    }

    private BlockRun RunAt(long offset, long length)
    {
        long tableIndex = offset / coverBytes;
        long tableStart = tableIndex * coverBytes;
        ReadOnlySpan<uint> entries = EntriesOf(tableIndex, out TableState state);
        if (state == TableState.Hole)
        {
            long wanted = GrainGeometry.CountTables(offset - tableStart + length, coverBytes);
            long holeBytes = (CountHoleTables(tableIndex, wanted) * coverBytes) - (offset - tableStart);
            return new BlockRun(Math.Min(holeBytes, length), RunKind.Hole);
        }
        long end = Math.Min(tableStart + coverBytes, offset + length);
        if (state == TableState.Lost) { return new BlockRun(end - offset, RunKind.Unreadable); }

        int first = (int)((offset - tableStart) / Geometry.GrainBytes);
        int last = (int)((end - 1 - tableStart) / Geometry.GrainBytes);
        entries = entries.Slice(first, last - first + 1);
        long firstStart = tableStart + ((long)first * Geometry.GrainBytes);
        uint value = entries[0];
        if (value == 0 || (value == ZeroEntry && Geometry.HasZeroEntries))
        {
            int equal = entries.IndexOfAnyExcept(value);
            if (equal >= 0) { end = firstStart + ((long)equal * Geometry.GrainBytes); }
            return new BlockRun(end - offset, value == 0 ? RunKind.Hole : RunKind.Zero);
        }
        if (value < Geometry.FirstGrainSector)
        {
            return new BlockRun(Math.Min(firstStart + Geometry.GrainBytes, end) - offset, RunKind.Unreadable);
        }
        int contiguous = GrainEntries.ContiguousCount(entries, (uint)Geometry.GrainSectors);
        end = Math.Min(end, firstStart + ((long)contiguous * Geometry.GrainBytes));
        long hostOffset = ((long)value * Sector.Bytes) + (offset - firstStart);
        if (hostOffset >= fileLength) { return new BlockRun(end - offset, RunKind.Unreadable); }
        return new BlockRun(Math.Min(end - offset, fileLength - hostOffset), RunKind.Data, 0, file,
            hostOffset);
    }

    private ReadOnlySpan<uint> EntriesOf(long tableIndex, out TableState state)
    {
        state = TableState.Present;
        if (changedTables.Count != 0 && changedTables.TryGetValue(tableIndex, out uint[]? changed))
        {
            return changed;
        }
        uint sector = FindTable(tableIndex);
        if (sector is 0 or GrainDirectory.Unusable)
        {
            state = sector == 0 ? TableState.Hole : TableState.Lost;
            if (sector != 0)
            {
                hostFailure = primary.FailureAt(tableIndex) ?? redundant?.FailureAt(tableIndex);
            }
            return default;
        }
        long pageIndex = tableIndex / tablesPerPage;
        ref Page? page = ref slots[pageIndex % SlotCount];
        page ??= new Page();
        if (page.Index != pageIndex)
        {
            page.Index = pageIndex;
            page.Loaded = 0;
        }
        if ((page.Loaded & (1u << (int)(tableIndex % tablesPerPage))) == 0)
        {
            state = Load(page, tableIndex, sector);
            if (state != TableState.Present) { return default; }
        }
        return EntriesIn(page, tableIndex);
    }

    private Span<uint> EntriesIn(Page page, long tableIndex) => page.Entries.AsSpan(
        (int)(tableIndex % tablesPerPage) * Geometry.EntriesPerTable, Geometry.EntriesPerTable);

    private TableState Load(Page page, long tableIndex, uint sector)
    {
        long hostOffset = (long)sector * Sector.Bytes;
        if (LiesInHostHole(hostOffset)) { return TableState.Hole; }
        int slot = (int)(tableIndex % tablesPerPage);
        int count = CountAdjacentTables(tableIndex, sector, tablesPerPage - slot);
        try
        {
            long dataOffset = file.NextData(hostOffset);
            if (dataOffset >= hostOffset + Geometry.TableBytes)
            {
                (holeStart, holeEnd) = (hostOffset, dataOffset);
                return TableState.Hole;
            }
            GrainEntries.Read(file, hostOffset,
                page.Entries.AsSpan(slot * Geometry.EntriesPerTable, count * Geometry.EntriesPerTable));
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.Io or BlockErrorKind.OutOfRange)
        {
            count = 1;
            hostFailure = null;
            if (!TryRead(sector, EntriesIn(page, tableIndex))
                && !(redundant is not null && redundant[tableIndex] != sector
                    && TryRead(redundant[tableIndex], EntriesIn(page, tableIndex))))
            {
                return TableState.Lost;
            }
        }
        page.Loaded |= (uint)((1UL << count) - 1) << slot;
        return TableState.Present;
    }

    private bool TryRead(uint sector, Span<uint> entries)
    {
        if (!Geometry.IsTable(sector, fileLength)) { return false; }
        try
        {
            GrainEntries.Read(file, (long)sector * Sector.Bytes, entries);
            return true;
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.Io or BlockErrorKind.OutOfRange)
        {
            if (error.Kind == BlockErrorKind.Io) { hostFailure ??= error; }
            return false;
        }
    }

    private int CountAdjacentTables(long tableIndex, uint sector, int limit)
    {
        int count = 1;
        while (count < limit && tableIndex + count < Geometry.TableCount
            && FindTable(tableIndex + count) == sector + ((long)count * Geometry.TableBytes / Sector.Bytes))
        {
            count++;
        }
        return count;
    }

    private bool LiesInHostHole(long hostOffset) =>
        hostOffset >= holeStart && hostOffset + Geometry.TableBytes <= holeEnd;

    // The first table is known to be one.
    private long CountHoleTables(long tableIndex, long wanted)
    {
        long limit = Math.Min(Math.Min(wanted, MaxHoleTables), Geometry.TableCount - tableIndex);
        long count = 1;
        while (count < limit)
        {
            ReadOnlySpan<uint> sectors = primary.EntriesFrom(tableIndex + count);
            foreach (uint sector in sectors)
            {
                bool isHole = sector == 0
                    ? redundant is null || FindTable(tableIndex + count) == 0
                    : LiesInHostHole((long)sector * Sector.Bytes);
                if (!isHole || (changedTables.Count != 0 && changedTables.ContainsKey(tableIndex + count)))
                {
                    return count;
                }
                if (++count == limit) { break; }
            }
        }
        return count;
    }

    private sealed class Page
    {
        internal uint[] Entries { get; } = new uint[PageEntries];

        internal long Index { get; set; } = -1;

        internal uint Loaded { get; set; }
    }
}
