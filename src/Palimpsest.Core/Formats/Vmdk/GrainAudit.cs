using System.Numerics;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>How often something was found, and the first place where it was.</summary>
internal sealed class GrainIssue
{
    /// <summary>How often.</summary>
    internal long Count { get; private set; }

    /// <summary>The first time, in words.</summary>
    internal string First { get; private set; } = "";

    /// <summary>Byte offset in the file of the first entry concerned.</summary>
    internal long FirstOffset { get; private set; }

    /// <summary>
    /// Counts one; only the first is put into words, so that a hostile image cannot make it slow.
    /// </summary>
    internal void Note(long fileOffset, long tableIndex, int? entryIndex, long value, GrainGeometry geometry)
    {
        if (Count++ != 0) { return; }
        FirstOffset = fileOffset;
        long virtualOffset = (tableIndex * geometry.TableCoverBytes)
            + ((long)(entryIndex ?? 0) * geometry.GrainBytes);
        First = entryIndex is null
            ? $"table {tableIndex}, which answers from byte {virtualOffset} of the extent, at sector {value}"
            : $"the grain at byte {virtualOffset} of the extent, at sector {value}";
    }

    /// <summary>Makes it a finding when there is any.</summary>
    internal void Report(FindingCode code, string path, string field, FindingList findings)
    {
        if (Count == 0) { return; }
        string message = Count == 1 ? First : $"{Count} times; first: {First}";
        findings.Add(code, path, message, FirstOffset, field);
    }
}

/// <summary>
/// Looks at every directory and table entry of an extent: what is out of the file, within metadata, used
/// twice, different in the two copies, or used by nobody. Fixed memory whatever the image says; reads only.
/// </summary>
internal sealed class GrainAudit
{
    private const int BitmapBits = 64 << 20;

    // An image where many tables are shared is beyond repair, and following each of them could take for ever.
    private const int MaxSharedTables = 64;

    private readonly HostFile file;
    private readonly GrainGeometry geometry;
    private readonly long fileLength;
    private readonly GrainDirectory primary;
    private readonly GrainDirectory? redundant;
    private readonly GrainTableStream tables, redundantTables;
    private uint entryBits;
    private long highestSector;

    private GrainAudit(HostFile file, GrainGeometry geometry)
    {
        this.file = file;
        this.geometry = geometry;
        fileLength = file.Length;
        primary = new GrainDirectory(file, geometry.DirectoryOffset, geometry.TableCount);
        redundant = geometry.RedundantDirectoryOffset is { } offset
            ? new GrainDirectory(file, offset, geometry.TableCount) : null;
        tables = new GrainTableStream(file, geometry, fileLength);
        redundantTables = new GrainTableStream(file, geometry, fileLength);
    }

    internal long AllocatedGrains { get; private set; }

    internal long ZeroGrains { get; private set; }

    internal long LeakedBytes { get; private set; }

    /// <summary>Pieces in which the grains lie in the file, in the order of the disk.</summary>
    internal long Fragments { get; private set; }

    /// <summary>The lowest sector where a grain begins; null when there is none.</summary>
    internal long? LowestGrainSector { get; private set; }

    /// <summary>First byte after the last table or grain.</summary>
    internal long UsedEndBytes { get; private set; }

    internal GrainIssue TableFallback { get; } = new();

    internal GrainIssue TableLost { get; } = new();

    internal GrainIssue RedundantTableLost { get; } = new();

    internal GrainIssue TableUnreadable { get; } = new();

    internal GrainIssue TableShared { get; } = new();

    internal GrainIssue EntriesDiffer { get; } = new();

    internal GrainIssue OutOfFile { get; } = new();

    internal GrainIssue InMetadata { get; } = new();

    internal GrainIssue Shared { get; } = new();

    internal GrainIssue Unaligned { get; } = new();

    /// <summary>True when writing is safe: every entry can be followed and nothing is used twice.</summary>
    internal bool IsSound =>
        (TableFallback.Count | TableLost.Count | RedundantTableLost.Count | TableUnreadable.Count
        | TableShared.Count | EntriesDiffer.Count | OutOfFile.Count | InMetadata.Count | Shared.Count) == 0;

    /// <summary>True when something is wrong that no copy can mend.</summary>
    internal bool HasUnmendable =>
        (TableLost.Count | TableShared.Count | OutOfFile.Count | InMetadata.Count | Shared.Count) != 0;

    /// <summary>Audits an extent.</summary>
    internal static GrainAudit Run(HostFile file, GrainGeometry geometry)
    {
        var audit = new GrainAudit(file, geometry);
        audit.FindSharedTables();
        if (audit.TableShared.Count > MaxSharedTables) { return audit; }
        audit.WalkEntries();
        audit.FindSharedGrains();
        return audit;
    }

    private int TableSectors => geometry.TableBytes / Sector.Bytes;

    private void FindSharedTables()
    {
        (long lowest, long highest) = (long.MaxValue, -1);
        for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
        {
            foreach (uint sector in (ReadOnlySpan<uint>)[primary[tableIndex], RedundantSector(tableIndex)])
            {
                if (!geometry.IsTable(sector, fileLength)) { continue; }
                lowest = Math.Min(lowest, sector);
                highest = Math.Max(highest, sector);
            }
        }
        highestSector = highest < 0 ? geometry.FirstGrainSector : highest + TableSectors;
        if (highest < 0) { return; }
        var claims = new ClaimMap(Math.Min(BitmapBits, highest + TableSectors - lowest));
        for (long start = lowest; start <= highest; start += BitmapBits)
        {
            claims.Begin(start);
            for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
            {
                uint sector = primary[tableIndex];
                uint other = RedundantSector(tableIndex);
                if (geometry.IsTable(sector, fileLength)) { ClaimTable(claims, tableIndex, sector); }
                if (other != sector && geometry.IsTable(other, fileLength))
                {
                    ClaimTable(claims, tableIndex, other);
                }
                if (TableShared.Count > MaxSharedTables) { return; }
            }
        }
    }

    private void ClaimTable(ClaimMap claims, long tableIndex, uint sector)
    {
        if (!claims.Claim(sector, TableSectors))
        {
            TableShared.Note(primary.EntryOffset(tableIndex), tableIndex, null, sector, geometry);
        }
    }

    private uint RedundantSector(long tableIndex) => redundant is null ? 0 : redundant[tableIndex];

    private void WalkEntries()
    {
        long previous = -1;
        for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
        {
            uint sector = primary[tableIndex];
            uint other = RedundantSector(tableIndex);
            bool isTable = geometry.IsTable(sector, fileLength);
            bool isOther = geometry.IsTable(other, fileLength);
            NoteDirectory(tableIndex, sector, isTable, other, isOther);
            if (!isTable && !isOther) { continue; }
            var content = isTable ? tables.Load(sector, out ReadOnlySpan<uint> entries)
                : redundantTables.Load(other, out entries);
            if (isTable && isOther && other != sector)
            {
                CompareCopies(tableIndex, sector, content, ref entries, other);
            }
            else if (content == GrainTableStream.Content.Unreadable)
            {
                TableUnreadable.Note(primary.EntryOffset(tableIndex), tableIndex, null, sector, geometry);
            }
            WalkTable(tableIndex, isTable ? sector : other, entries, ref previous);
        }
    }

    private void NoteDirectory(long tableIndex, uint sector, bool isTable, uint other, bool isOther)
    {
        if (isTable == isOther || (redundant is null && isTable))
        {
            bool isLost = !isTable && sector != 0;
            if (isLost)
            {
                TableLost.Note(primary.EntryOffset(tableIndex), tableIndex, null, sector, geometry);
            }
            else if (!isTable && other != 0)
            {
                RedundantTableLost.Note(redundant!.EntryOffset(tableIndex), tableIndex, null, other,
                    geometry);
            }
        }
        else if (isTable)
        {
            RedundantTableLost.Note(redundant!.EntryOffset(tableIndex), tableIndex, null, other, geometry);
        }
        else
        {
            TableFallback.Note(primary.EntryOffset(tableIndex), tableIndex, null, sector, geometry);
        }
    }

    private void CompareCopies(
        long tableIndex,
        uint sector,
        GrainTableStream.Content content,
        ref ReadOnlySpan<uint> entries,
        uint other)
    {
        var otherContent = redundantTables.Load(other, out ReadOnlySpan<uint> otherEntries);
        if (content == GrainTableStream.Content.Unreadable
            || otherContent == GrainTableStream.Content.Unreadable)
        {
            TableUnreadable.Note(primary.EntryOffset(tableIndex), tableIndex, null, sector, geometry);
            if (content == GrainTableStream.Content.Unreadable) { entries = otherEntries; }
            return;
        }
        if (entries.SequenceEqual(otherEntries)) { return; }
        for (int index = 0; index < geometry.UsedEntries(tableIndex); index++)
        {
            uint value = entries.IsEmpty ? 0 : entries[index];
            if (value != (otherEntries.IsEmpty ? 0 : otherEntries[index]))
            {
                EntriesDiffer.Note(EntryOffset(sector, index), tableIndex, index, value, geometry);
            }
        }
    }

    private static long EntryOffset(uint tableSector, int index) =>
        ((long)tableSector * Sector.Bytes) + ((long)index * GrainGeometry.EntryBytes);

    private void WalkTable(long tableIndex, uint tableSector, ReadOnlySpan<uint> entries, ref long previous)
    {
        int count = Math.Min(entries.Length, geometry.UsedEntries(tableIndex));
        for (int index = 0; index < count; index++)
        {
            uint value = entries[index];
            if (value == 0)
            {
                int next = entries[index..count].IndexOfAnyExcept(0u);
                if (next < 0) { return; }
                index += next - 1;
                continue;
            }
            if (value == 1 && geometry.HasZeroEntries) { ZeroGrains++; continue; }
            long offset = EntryOffset(tableSector, index);
            if (value < geometry.FirstGrainSector)
            {
                InMetadata.Note(offset, tableIndex, index, value, geometry);
            }
            else if (((long)value * Sector.Bytes) + BytesOfGrain(tableIndex, index) > fileLength)
            {
                OutOfFile.Note(offset, tableIndex, index, value, geometry);
            }
            else
            {
                AllocatedGrains++;
                entryBits |= value;
                LowestGrainSector = Math.Min(LowestGrainSector ?? value, value);
                highestSector = Math.Max(highestSector, (long)value + geometry.GrainSectors);
                if (value != previous + geometry.GrainSectors) { Fragments++; }
                if (value % (uint)geometry.GrainSectors != 0)
                {
                    Unaligned.Note(offset, tableIndex, index, value, geometry);
                }
                previous = value;
            }
        }
    }

    private long BytesOfGrain(long tableIndex, int index) => Math.Min(geometry.GrainBytes,
        geometry.CapacityBytes - (tableIndex * geometry.TableCoverBytes)
            - ((long)index * geometry.GrainBytes));

    // The second look: which unit of the file is used by whom. The unit is the largest that all grains are
    // aligned to.
    private void FindSharedGrains()
    {
        UsedEndBytes = Math.Min(fileLength, highestSector * Sector.Bytes);
        int unitSectors = 1 << BitOperations.TrailingZeroCount(entryBits | (uint)geometry.GrainSectors);
        long firstUnit = geometry.FirstGrainSector / unitSectors;
        long endUnit = (fileLength / Sector.Bytes / unitSectors) + 1;
        long claimed = 0;
        var claims = new ClaimMap(Math.Min(BitmapBits, endUnit - firstUnit));
        for (long start = firstUnit; start < endUnit; start += BitmapBits)
        {
            claims.Begin(start);
            ClaimMetadata(claims, unitSectors);
            for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
            {
                ClaimGrains(claims, unitSectors, tableIndex);
            }
            claimed += claims.Count();
        }
        long availableBytes = fileLength - (firstUnit * unitSectors * Sector.Bytes);
        LeakedBytes = Math.Max(0, availableBytes - (claimed * unitSectors * Sector.Bytes));
    }

    private void ClaimMetadata(ClaimMap claims, int unitSectors)
    {
        long directoryBytes = geometry.TableCount * GrainGeometry.EntryBytes;
        claims.ClaimSectors(geometry.DirectoryOffset / Sector.Bytes, Sector.CountFor(directoryBytes),
            unitSectors);
        if (geometry.RedundantDirectoryOffset is { } offset)
        {
            claims.ClaimSectors(offset / Sector.Bytes, Sector.CountFor(directoryBytes), unitSectors);
        }
        for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
        {
            uint sector = primary[tableIndex];
            uint other = RedundantSector(tableIndex);
            if (geometry.IsTable(sector, fileLength))
            {
                claims.ClaimSectors(sector, TableSectors, unitSectors);
            }
            if (geometry.IsTable(other, fileLength))
            {
                claims.ClaimSectors(other, TableSectors, unitSectors);
            }
        }
    }

    private void ClaimGrains(ClaimMap claims, int unitSectors, long tableIndex)
    {
        uint sector = primary[tableIndex];
        if (!geometry.IsTable(sector, fileLength)) { sector = RedundantSector(tableIndex); }
        if (!geometry.IsTable(sector, fileLength)) { return; }
        if (tables.Load(sector, out ReadOnlySpan<uint> entries) == GrainTableStream.Content.Unreadable)
        {
            uint other = RedundantSector(tableIndex);
            if (!geometry.IsTable(other, fileLength)) { return; }
            redundantTables.Load(other, out entries);
        }
        int count = Math.Min(entries.Length, geometry.UsedEntries(tableIndex));
        int unitsPerGrain = geometry.GrainSectors / unitSectors;
        for (int index = 0; index < count; index++)
        {
            uint value = entries[index];
            if (value < geometry.FirstGrainSector || (value == 1 && geometry.HasZeroEntries)
                || ((long)value * Sector.Bytes) + BytesOfGrain(tableIndex, index) > fileLength)
            {
                continue;
            }
            if (!claims.Claim(value / unitSectors, unitsPerGrain))
            {
                Shared.Note(EntryOffset(sector, index), tableIndex, index, value, geometry);
            }
        }
    }

    /// <summary>
    /// A window of bits over units of the file. What lies outside of the window is passed over.
    /// </summary>
    private sealed class ClaimMap(long bitCount)
    {
        private readonly ulong[] words = new ulong[(bitCount + 63) / 64];
        private long firstUnit;

        internal void Begin(long unit)
        {
            firstUnit = unit;
            words.AsSpan().Clear();
        }

        /// <summary>False when any of the units was claimed before.</summary>
        internal bool Claim(long unit, long unitCount)
        {
            long start = Math.Max(unit - firstUnit, 0);
            long end = Math.Min(unit - firstUnit + unitCount, bitCount);
            bool isFree = true;
            for (long bit = start; bit < end; bit++)
            {
                ulong mask = 1UL << (int)(bit & 63);
                isFree &= (words[bit >> 6] & mask) == 0;
                words[bit >> 6] |= mask;
            }
            return isFree;
        }

        internal void ClaimSectors(long sector, long sectorCount, int unitSectors)
        {
            long first = sector / unitSectors;
            Claim(first, ((sector + sectorCount - 1) / unitSectors) - first + 1);
        }

        internal long Count()
        {
            long count = 0;
            foreach (ulong word in words) { count += BitOperations.PopCount(word); }
            return count;
        }
    }
}
