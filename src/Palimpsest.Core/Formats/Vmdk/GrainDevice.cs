using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// Writes an extent of grains found through tables: what the hosted sparse and the COWD device share. Owns
/// its file; thread-safe: writes into grains that exist go in parallel, those that allocate one after the
/// other.
/// </summary>
/// <remarks>
/// Crash order. Before the first change the header says "not closed", durably. Grain data is written at once,
/// in space no durable table names; changed table entries stay in memory. <see cref="Flush"/>, or too many
/// changes, then: (1) flush data and the zero-filled new tables, (2) the entries, in both copies of a table,
/// (3) flush, (4) directory entries of new tables, (5) flush. A cut at any point leaves each entry old or
/// new, and both are true: the space an old entry names is not used again before the table without it is
/// durable.
/// </remarks>
public abstract class GrainDevice : ISparseLayer, IBlockDevice
{
    private const int MaxChangedBytes = 4 << 20, MaxTablesPerChange = 64, MaxFreeRanges = 65536;
    private static readonly byte[] zeros = new byte[256 << 10];

    private readonly HostFile file;
    private readonly GrainMap map;
    private readonly bool hasParent;
    private readonly Lock allocation = new();

    // Held shared while data moves to or from a place that was looked up; taken alone before freed space is
    // reused.
    private readonly ReaderWriterLockSlim inFlight = new(LockRecursionPolicy.NoRecursion);
    private readonly Dictionary<long, NewTable> newTables = [];
    private readonly List<GrainRange> freeRanges = [], freedDurably = [], freedInMemory = [];
    private readonly long virginStart;
    private long allocationEnd;
    private volatile bool isMarkedUnclean;
    private bool isDisposed;

    private protected GrainDevice(HostFile file, GrainMap map, bool hasParent, long allocationEnd)
    {
        this.file = file;
        this.map = map;
        this.hasParent = hasParent;
        this.allocationEnd = allocationEnd;
        virginStart = file.Length;
    }

    private readonly record struct GrainRange(long HostOffset, long GrainCount, bool IsNew);

    private readonly record struct NewTable(uint Sector, uint RedundantSector);

    /// <inheritdoc/>
    public long Length => map.Geometry.CapacityBytes;

    /// <inheritdoc/>
    public int GrainBytes => map.Geometry.GrainBytes;

    /// <summary>The file written to.</summary>
    private protected HostFile File => file;

    /// <summary>Allocation unit of grains in the file: 1, or the grain size, in bytes.</summary>
    private protected abstract int GrainAlignmentBytes { get; }

    /// <summary>True when the format has an entry that means zeros even above a parent.</summary>
    private protected abstract bool CanZero { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        inFlight.EnterReadLock();
        try { map.Read(offset, target); }
        finally { inFlight.ExitReadLock(); }
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length) => map.GetRun(offset, length);

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        map.CheckRange(offset, source.Length);
        inFlight.EnterReadLock();
        try
        {
            while (!source.IsEmpty)
            {
                BlockRun run = map.GetRun(offset, source.Length, out BlockException? failure);
                int done = run.Kind switch
                {
                    RunKind.Data => WriteInPlace(run, source),
                    RunKind.Unreadable => throw map.Unreadable(offset, failure),
                    _ => Allocate(offset, source[..(int)run.LengthBytes]),
                };
                offset += done;
                source = source[done..];
            }
        }
        finally { inFlight.ExitReadLock(); }
    }

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, ZeroMode mode)
    {
        map.CheckRange(offset, length);
        inFlight.EnterReadLock();
        try
        {
            if (mode == ZeroMode.OnlyIfFast) { RefuseSlowZeroes(offset, length); }
            while (length > 0)
            {
                BlockRun run = map.GetRun(offset, length, out BlockException? failure);
                long done = run.Kind switch
                {
                    RunKind.Zero => run.LengthBytes,
                    RunKind.Hole when !hasParent => run.LengthBytes,
                    RunKind.Unreadable => throw map.Unreadable(offset, failure),
                    _ => ZeroRun(offset, run, mode),
                };
                offset += done;
                length -= done;
            }
        }
        finally { inFlight.ExitReadLock(); }
    }

    /// <inheritdoc/>
    public void Discard(long offset, long length)
    {
        map.CheckRange(offset, length);

        // Above a parent an entry of 0 would let the parent's old content show through again.
        if (hasParent) { return; }
        inFlight.EnterReadLock();
        try
        {
            while (length > 0)
            {
                BlockRun run = map.GetRun(offset, length);
                long done = run.LengthBytes;
                if (run.Kind == RunKind.Data
                    && TryWholeGrains(offset, done, out long start, out long grainCount))
                {
                    done = start - offset + Unmap(start, grainCount, entry: 0);
                }
                offset += done;
                length -= done;
            }
        }
        finally { inFlight.ExitReadLock(); }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        lock (allocation) { Commit(); }
        if (freedDurably.Count == 0) { return; }

        // Whoever looked up a place before the commit is done with it once this lock is held.
        inFlight.EnterWriteLock();
        try
        {
            lock (allocation)
            {
                int room = Math.Max(0, MaxFreeRanges - freeRanges.Count);
                freeRanges.AddRange(freedDurably.Take(room));
                freedDurably.Clear();
            }
        }
        finally { inFlight.ExitWriteLock(); }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isDisposed) { return; }
        isDisposed = true;
        try
        {
            if (isMarkedUnclean)
            {
                // Tables first and durable, then the word that they are.
                Flush();
                MarkClean();
                file.Flush();
            }
        }
        finally
        {
            file.Dispose();
            inFlight.Dispose();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes to the header that the extent is being written to. The caller flushes.</summary>
    private protected abstract void MarkUnclean();

    /// <summary>Writes to the header that the extent was closed. The caller flushes.</summary>
    private protected abstract void MarkClean();

    /// <summary>Writes to the header, durably, that entries of 1 are in use.</summary>
    private protected abstract void AnnounceZeroEntries();

    /// <summary>Told, before tables are written, how far the file is in use.</summary>
    private protected abstract void ReserveUpTo(long allocationEndBytes);

    private int WriteInPlace(in BlockRun run, ReadOnlySpan<byte> source)
    {
        EnsureMarkedUnclean();
        int count = (int)run.LengthBytes;
        file.Write(run.HostOffset, source[..count]);
        return count;
    }

    private void EnsureMarkedUnclean()
    {
        if (isMarkedUnclean) { return; }
        lock (allocation)
        {
            if (isMarkedUnclean) { return; }
            MarkUnclean();
            file.Flush();
            isMarkedUnclean = true;
        }
    }

    // Returns how many bytes were written; the caller comes again for the rest.
    private int Allocate(long offset, ReadOnlySpan<byte> source)
    {
        EnsureMarkedUnclean();
        lock (allocation)
        {
            BlockRun run = map.GetRun(offset, source.Length, out BlockException? failure);
            if (run.Kind == RunKind.Data) { return WriteInPlace(run, source); }
            if (run.Kind == RunKind.Unreadable) { throw map.Unreadable(offset, failure); }
            int count = (int)Math.Min(run.LengthBytes, MaxTablesPerChange * map.Geometry.TableCoverBytes);
            long firstGrain = offset / GrainBytes;
            long grainCount = ((offset + count - 1) / GrainBytes) - firstGrain + 1;
            EnsureTables(firstGrain, grainCount);
            GrainRange range = TakeGrains(grainCount);
            int inGrain = (int)(offset % GrainBytes);
            count = (int)Math.Min(count, (range.GrainCount * GrainBytes) - inGrain);
            Fill(range, inGrain, source[..count]);
            map.SetEntries(firstGrain, range.GrainCount, (uint)(range.HostOffset / Sector.Bytes),
                (uint)map.Geometry.GrainSectors);
            CommitIfMuch();
            return count;
        }
    }

    // Writes the data and makes sure that the rest of its first and last grain is zero.
    private void Fill(GrainRange range, int inGrain, ReadOnlySpan<byte> source)
    {
        long end = range.HostOffset + (range.GrainCount * GrainBytes);
        long dataEnd = range.HostOffset + inGrain + source.Length;
        bool isVirgin = range.IsNew && range.HostOffset >= virginStart;
        try
        {
            if (!isVirgin) { WriteZeroBytes(range.HostOffset, inGrain); }
            file.Write(range.HostOffset + inGrain, source);
            if (!isVirgin) { WriteZeroBytes(dataEnd, end - dataEnd); }
            else if (dataEnd < end) { file.SetLength(end); }
        }
        catch (BlockException) when (range.IsNew)
        {
            GiveBack(range.HostOffset);
            throw;
        }
        if (range.IsNew) { map.SetFileLength(Math.Max(end, virginStart)); }
    }

    private void GiveBack(long hostOffset)
    {
        // Bytes that did get written would be taken for zeros later; if they cannot be cut off, they are left
        // unused.
        if (hostOffset < virginStart) { return; }
        try
        {
            file.SetLength(hostOffset);
        }
        catch (BlockException)
        {
            return;
        }
        allocationEnd = hostOffset;
    }

    private GrainRange TakeGrains(long wanted)
    {
        if (freeRanges.Count > 0)
        {
            GrainRange range = freeRanges[^1];
            long taken = Math.Min(wanted, range.GrainCount);
            freeRanges.RemoveAt(freeRanges.Count - 1);
            if (taken < range.GrainCount)
            {
                long restOffset = range.HostOffset + (taken * GrainBytes);
                freeRanges.Add(new GrainRange(restOffset, range.GrainCount - taken, IsNew: false));
            }
            return new GrainRange(range.HostOffset, taken, IsNew: false);
        }
        return new GrainRange(TakeEnd(wanted * GrainBytes, GrainAlignmentBytes), wanted, IsNew: true);
    }

    private long TakeEnd(long lengthBytes, int alignmentBytes)
    {
        long start = (allocationEnd + alignmentBytes - 1) / alignmentBytes * alignmentBytes;
        if ((start + lengthBytes) / Sector.Bytes >= uint.MaxValue)
        {
            throw new BlockException(BlockErrorKind.NoSpace, file.Path, start,
                "the extent file would pass 2 TiB, more than its sector numbers can say; "
                + "convert the disk to one with more extents, or to a flat one");
        }
        allocationEnd = start + lengthBytes;
        return start;
    }

    private void EnsureTables(long firstGrain, long grainCount)
    {
        GrainGeometry geometry = map.Geometry;
        long last = (firstGrain + grainCount - 1) / geometry.EntriesPerTable;
        for (long tableIndex = firstGrain / geometry.EntriesPerTable; tableIndex <= last; tableIndex++)
        {
            if (newTables.ContainsKey(tableIndex)) { continue; }
            (uint sector, uint redundantSector) = map.PointersOf(tableIndex);
            if (IsTable(sector) && (map.Redundant is null || IsTable(redundantSector))) { continue; }
            if (sector != 0 || redundantSector != 0) { throw TableDamaged(tableIndex); }
            int copies = map.Redundant is null ? 1 : 2;
            long hostOffset = TakeEnd(copies * geometry.TableBytes, Sector.Bytes);
            long end = hostOffset + (copies * geometry.TableBytes);
            if (hostOffset < virginStart) { WriteZeroBytes(hostOffset, end - hostOffset); }
            if (end > virginStart) { file.SetLength(end); }
            map.SetFileLength(Math.Max(end, virginStart));
            sector = (uint)(hostOffset / Sector.Bytes);
            newTables.Add(tableIndex, new NewTable(sector,
                copies == 1 ? 0 : sector + (uint)(geometry.TableBytes / Sector.Bytes)));
        }
    }

    private bool IsTable(uint sector) => map.Geometry.IsTable(sector, Math.Max(virginStart, allocationEnd));

    private BlockException TableDamaged(long tableIndex) => new(BlockErrorKind.Corrupt, file.Path,
        map.Primary.EntryOffset(tableIndex),
        $"a copy of grain table {tableIndex} cannot be found, so nothing is written there; "
        + "run 'vmdk repair' first");

    private long ZeroRun(long offset, in BlockRun run, ZeroMode mode)
    {
        bool unmaps = mode != ZeroMode.KeepAllocated || run.Kind == RunKind.Hole;
        if (unmaps && (!hasParent || CanZero)
            && TryWholeGrains(offset, run.LengthBytes, out long start, out long count))
        {
            if (start == offset) { return Unmap(start, count, hasParent ? 1u : 0u); }
            return ZeroBytes(offset, run.Truncate(start - offset), mode);
        }
        return ZeroBytes(offset, run, mode);
    }

    private long ZeroBytes(long offset, in BlockRun run, ZeroMode mode)
    {
        if (run.Kind == RunKind.Hole)
        {
            return Allocate(offset, zeros.AsSpan(0, (int)Math.Min(zeros.Length, run.LengthBytes)));
        }
        EnsureMarkedUnclean();
        if (mode != ZeroMode.KeepAllocated && file.TryPunchHole(run.HostOffset, run.LengthBytes))
        {
            return run.LengthBytes;
        }
        if (!file.TryZeroRange(run.HostOffset, run.LengthBytes))
        {
            WriteZeroBytes(run.HostOffset, run.LengthBytes);
        }
        return run.LengthBytes;
    }

    private void WriteZeroBytes(long hostOffset, long length)
    {
        for (long done = 0; done < length; done += zeros.Length)
        {
            file.Write(hostOffset + done, zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - done)));
        }
    }

    private void RefuseSlowZeroes(long offset, long length)
    {
        while (length > 0)
        {
            BlockRun run = map.GetRun(offset, length, out BlockException? failure);
            bool isWhole = TryWholeGrains(offset, run.LengthBytes, out long start, out long grainCount)
                && start == offset && start + (grainCount * GrainBytes) >= offset + run.LengthBytes;
            bool isFast = run.Kind switch
            {
                RunKind.Zero => true,
                RunKind.Hole => !hasParent || (CanZero && isWhole),
                RunKind.Data => isWhole && (!hasParent || CanZero),
                _ => throw map.Unreadable(offset, failure),
            };
            if (!isFast)
            {
                throw new BlockException(BlockErrorKind.Unsupported, file.Path, null,
                    "zeroing this range needs data written, and only a fast way was asked for");
            }
            offset += run.LengthBytes;
            length -= run.LengthBytes;
        }
    }

    // The whole grains within a range; the last grain of the extent is whole when the range reaches the end.
    private bool TryWholeGrains(long offset, long length, out long start, out long grainCount)
    {
        start = (offset + GrainBytes - 1) / GrainBytes * GrainBytes;
        long end = offset + length == Length ? Length + GrainBytes - 1 : offset + length;
        grainCount = (end / GrainBytes) - (start / GrainBytes);
        return grainCount > 0;
    }

    // Sets the entries of whole grains to 0 or 1 and frees what they named. Returns the bytes of the range
    // dealt with.
    private long Unmap(long start, long grainCount, uint entry)
    {
        EnsureMarkedUnclean();
        lock (allocation)
        {
            if (entry != 0) { AnnounceZeroEntries(); }
            long wanted = Math.Min(grainCount, MaxTablesPerChange * (long)map.Geometry.EntriesPerTable);
            BlockRun run = map.GetRun(
                start, Math.Min(wanted * GrainBytes, Length - start), out BlockException? failure);
            bool reachesEnd = start + run.LengthBytes == Length;
            long count = (run.LengthBytes + (reachesEnd ? GrainBytes - 1 : 0)) / GrainBytes;
            if (count == 0 || run.Kind == RunKind.Unreadable) { throw map.Unreadable(start, failure); }
            long firstGrain = start / GrainBytes;
            EnsureTables(firstGrain, count);
            map.SetEntries(firstGrain, count, entry, 0);
            if (run.Kind == RunKind.Data)
            {
                // A grain that is cut short by the end of the file is not taken for whole, so it is not used
                // again.
                long wholeInFile = Math.Min(count,
                    (Math.Max(virginStart, allocationEnd) - run.HostOffset) / GrainBytes);
                file.TryPunchHole(run.HostOffset, Math.Min(run.LengthBytes, count * GrainBytes));
                Free(run.HostOffset, wholeInFile);
            }
            CommitIfMuch();
            return Math.Min(count * GrainBytes, Length - start);
        }
    }

    // Beyond the bound freed space is left unused; its storage was given back by the hole.
    private void Free(long hostOffset, long grainCount)
    {
        if (grainCount > 0 && freedInMemory.Count + freedDurably.Count < MaxFreeRanges)
        {
            freedInMemory.Add(new GrainRange(hostOffset, grainCount, IsNew: false));
        }
    }

    private void CommitIfMuch()
    {
        if ((long)map.ChangedTables.Count * map.Geometry.TableBytes > MaxChangedBytes) { Commit(); }
    }

    // Under the allocation lock. See the remarks of the class for the order.
    private void Commit()
    {
        if (map.ChangedTables.Count > 0 || newTables.Count > 0) { ReserveUpTo(allocationEnd); }
        file.Flush();
        if (map.ChangedTables.Count > 0) { WriteTables(); }
        if (newTables.Count > 0)
        {
            foreach ((long tableIndex, NewTable table) in newTables)
            {
                map.WritePointers(tableIndex, table.Sector, table.RedundantSector);
            }
            newTables.Clear();
            file.Flush();
        }
        map.AcceptChanges();
        freedDurably.AddRange(freedInMemory);
        freedInMemory.Clear();
    }

    private void WriteTables()
    {
        foreach ((long tableIndex, uint[] entries) in map.ChangedTables)
        {
            (uint sector, uint redundantSector) = newTables.TryGetValue(tableIndex, out NewTable table)
                ? (table.Sector, table.RedundantSector)
                : map.PointersOf(tableIndex);
            GrainEntries.Write(file, (long)sector * Sector.Bytes, entries);
            if (redundantSector != 0 && redundantSector != sector)
            {
                GrainEntries.Write(file, (long)redundantSector * Sector.Bytes, entries);
            }
        }
        file.Flush();
    }
}
