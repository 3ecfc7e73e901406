using System.Buffers.Binary;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// Makes the two copies of tables and directories equal again, on paper: plans writes from what is sound in
/// one copy to what is not in the other. Where neither copy says something sound nothing is planned. Reads
/// only.
/// </summary>
internal sealed class GrainMerge
{
    // More differences than this are mended by running the repair again.
    internal const int MaxWrites = 65536;

    private readonly GrainGeometry geometry;
    private readonly long fileLength;
    private readonly GrainDirectory primary, redundant;
    private readonly GrainTableStream tables, redundantTables;
    private readonly bool mayAppend;
    private readonly List<PlannedWrite> writes;
    private readonly HashSet<uint> usedByPrimary = [];
    private long appendOffset;

    private GrainMerge(HostFile file, GrainGeometry geometry, bool mayAppend, List<PlannedWrite> writes)
    {
        this.geometry = geometry;
        this.mayAppend = mayAppend;
        this.writes = writes;
        fileLength = file.Length;
        primary = new GrainDirectory(file, geometry.DirectoryOffset, geometry.TableCount);
        redundant = new GrainDirectory(file, geometry.RedundantDirectoryOffset!.Value, geometry.TableCount);
        tables = new GrainTableStream(file, geometry, fileLength);
        redundantTables = new GrainTableStream(file, geometry, fileLength);
        appendOffset = (fileLength + geometry.GrainBytes - 1) / geometry.GrainBytes * geometry.GrainBytes;
    }

    /// <summary>
    /// Adds to <paramref name="writes"/> what makes both copies equal. <paramref name="mayAppend"/> is false
    /// when lost grains are thought to lie past the end of the file, where a new table must not go.
    /// </summary>
    internal static void Plan(HostFile file, GrainGeometry geometry, bool mayAppend,
        List<PlannedWrite> writes)
    {
        if (geometry.RedundantDirectoryOffset is null) { return; }
        var merge = new GrainMerge(file, geometry, mayAppend, writes);
        merge.CollectUsed();
        for (long tableIndex = 0; tableIndex < geometry.TableCount && writes.Count < MaxWrites; tableIndex++)
        {
            merge.PlanTable(tableIndex);
        }
    }

    // An entry that only the second copy has is taken over only when nobody else uses the grain it names.
    private void CollectUsed()
    {
        const int MaxCandidates = 1 << 20;
        var candidates = new HashSet<uint>();
        for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
        {
            if (candidates.Count > MaxCandidates) { break; }
            if (!TryLoadBoth(tableIndex, out ReadOnlySpan<uint> entries, out ReadOnlySpan<uint> others)
                || entries.SequenceEqual(others))
            {
                continue;
            }
            int used = geometry.UsedEntries(tableIndex);
            for (int index = 0; index < used; index++)
            {
                uint value = At(entries, index);
                uint other = At(others, index);
                if (value != other && other > 1) { candidates.Add(other); }
            }
        }
        if (candidates.Count == 0) { return; }
        for (long tableIndex = 0; tableIndex < geometry.TableCount; tableIndex++)
        {
            uint sector = primary[tableIndex];
            if (!geometry.IsTable(sector, fileLength)) { continue; }
            tables.Load(sector, out ReadOnlySpan<uint> entries);
            foreach (uint value in entries)
            {
                if (candidates.Contains(value)) { usedByPrimary.Add(value); }
            }
        }
    }

    private bool TryLoadBoth(long tableIndex, out ReadOnlySpan<uint> entries, out ReadOnlySpan<uint> others)
    {
        entries = others = default;
        (uint sector, uint other) = (primary[tableIndex], redundant[tableIndex]);
        return sector != other && geometry.IsTable(sector, fileLength) && geometry.IsTable(other, fileLength)
            && tables.Load(sector, out entries) != GrainTableStream.Content.Unreadable
            && redundantTables.Load(other, out others) != GrainTableStream.Content.Unreadable;
    }

    private void PlanTable(long tableIndex)
    {
        (uint sector, uint other) = (primary[tableIndex], redundant[tableIndex]);
        bool isTable = geometry.IsTable(sector, fileLength);
        bool isOther = geometry.IsTable(other, fileLength);
        if (isTable != isOther)
        {
            PlanMissingCopy(tableIndex, isTable ? tables : redundantTables, isTable ? sector : other,
                isTable ? redundant : primary, isTable ? "redundant directory" : "directory");
            return;
        }
        if (!isTable || sector == other) { return; }
        if (TryLoadBoth(tableIndex, out ReadOnlySpan<uint> entries, out ReadOnlySpan<uint> others))
        {
            if (!entries.SequenceEqual(others)) { PlanEntries(tableIndex, entries, others); }
            return;
        }
        PlanUnreadableCopy(tableIndex, sector, other);
    }

    // A new copy of the table goes to the end of the file; only then does the directory name it.
    private void PlanMissingCopy(
        long tableIndex, GrainTableStream sound, uint soundSector, GrainDirectory damaged, string name)
    {
        if (!mayAppend || (appendOffset / Sector.Bytes) + geometry.GrainSectors >= uint.MaxValue
            || sound.Load(soundSector, out ReadOnlySpan<uint> entries) == GrainTableStream.Content.Unreadable)
        {
            return;
        }
        writes.Add(new PlannedWrite(appendOffset, BytesOf(entries),
            $"a second copy of grain table {tableIndex}"));
        byte[] pointer = new byte[GrainGeometry.EntryBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(pointer, (uint)(appendOffset / Sector.Bytes));
        writes.Add(new PlannedWrite(damaged.EntryOffset(tableIndex), pointer,
            $"the entry of the {name} for grain table {tableIndex}, "
            + $"which named sector {damaged[tableIndex]}"));
        appendOffset += geometry.TableBytes;
    }

    private void PlanUnreadableCopy(long tableIndex, uint sector, uint other)
    {
        bool isReadable = tables.Load(sector, out ReadOnlySpan<uint> entries)
            != GrainTableStream.Content.Unreadable;
        bool isOtherReadable = redundantTables.Load(other, out ReadOnlySpan<uint> others)
            != GrainTableStream.Content.Unreadable;
        if (isReadable == isOtherReadable) { return; }
        writes.Add(new PlannedWrite((long)(isReadable ? other : sector) * Sector.Bytes,
            BytesOf(isReadable ? entries : others),
            $"grain table {tableIndex}, which the host cannot read in this copy, from the other one"));
    }

    private void PlanEntries(long tableIndex, ReadOnlySpan<uint> entries, ReadOnlySpan<uint> others)
    {
        uint[] merged = new uint[geometry.EntriesPerTable];
        uint[] mergedOthers = new uint[geometry.EntriesPerTable];
        int used = geometry.UsedEntries(tableIndex);
        for (int index = 0; index < merged.Length; index++)
        {
            (uint value, uint other) = (At(entries, index), At(others, index));
            (merged[index], mergedOthers[index]) = (value, other);
            if (value == other || index >= used) { continue; }
            bool takesOther = other != 0 && IsSound(tableIndex, index, other)
                && !usedByPrimary.Contains(other)
                && (value == 0 || !IsSound(tableIndex, index, value));
            if (takesOther) { merged[index] = other; }
            else if (value == 0 ? !IsSound(tableIndex, index, other) || usedByPrimary.Contains(other)
                : IsSound(tableIndex, index, value))
            {
                mergedOthers[index] = value;
            }
        }
        PlanSectors(tableIndex, primary[tableIndex], entries, merged, "the first copy");
        PlanSectors(tableIndex, redundant[tableIndex], others, mergedOthers, "the second copy");
    }

    private void PlanSectors(
        long tableIndex, uint tableSector, ReadOnlySpan<uint> before, ReadOnlySpan<uint> after, string copy)
    {
        const int EntriesPerSector = Sector.Bytes / GrainGeometry.EntryBytes;
        for (int start = 0; start < after.Length; start += EntriesPerSector)
        {
            ReadOnlySpan<uint> part = after.Slice(start, EntriesPerSector);
            int changed = 0;
            for (int index = 0; index < part.Length; index++)
            {
                if (part[index] != At(before, start + index)) { changed++; }
            }
            if (changed == 0) { continue; }
            writes.Add(new PlannedWrite(
                ((long)tableSector * Sector.Bytes) + ((long)start * GrainGeometry.EntryBytes), BytesOf(part),
                $"{changed} entries of {copy} of grain table {tableIndex}, from the other one"));
        }
    }

    private bool IsSound(long tableIndex, int index, uint value)
    {
        if (value == 0 || (value == 1 && geometry.HasZeroEntries)) { return true; }
        long needed = Math.Min(geometry.GrainBytes, geometry.CapacityBytes
            - (tableIndex * geometry.TableCoverBytes) - ((long)index * geometry.GrainBytes));
        return value >= geometry.FirstGrainSector && ((long)value * Sector.Bytes) + needed <= fileLength;
    }

    private static uint At(ReadOnlySpan<uint> entries, int index) => entries.IsEmpty ? 0 : entries[index];

    private byte[] BytesOf(ReadOnlySpan<uint> entries)
    {
        byte[] bytes = new byte[entries.IsEmpty ? geometry.TableBytes
            : entries.Length * GrainGeometry.EntryBytes];
        for (int index = 0; index < entries.Length; index++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(index * GrainGeometry.EntryBytes),
                entries[index]);
        }
        return bytes;
    }
}
