using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// The validated shape of an extent that finds its grains through a directory of tables of 32-bit sector
/// numbers: what the hosted sparse and the COWD format have in common. Immutable.
/// </summary>
internal sealed record GrainGeometry
{
    /// <summary>Bytes of an entry of a directory or table.</summary>
    internal const int EntryBytes = 4;

    /// <summary>Guest-visible bytes.</summary>
    internal required long CapacityBytes { get; init; }

    /// <summary>Bytes of a grain.</summary>
    internal required int GrainBytes { get; init; }

    /// <summary>Entries of a grain table.</summary>
    internal required int EntriesPerTable { get; init; }

    /// <summary>Byte offset of the directory that is read.</summary>
    internal required long DirectoryOffset { get; init; }

    /// <summary>
    /// Byte offset of the second directory, with tables of its own; null when there is none.
    /// </summary>
    internal long? RedundantDirectoryOffset { get; init; }

    /// <summary>No grain table lies below this sector.</summary>
    internal required long FirstTableSector { get; init; }

    /// <summary>No grain lies below this sector: an entry that says so is damaged.</summary>
    internal required long FirstGrainSector { get; init; }

    /// <summary>True when an entry of 1 means a grain of zeros.</summary>
    internal required bool HasZeroEntries { get; init; }

    /// <summary>Sectors of a grain.</summary>
    internal int GrainSectors => GrainBytes / Sector.Bytes;

    /// <summary>Bytes of a grain table.</summary>
    internal int TableBytes => EntriesPerTable * EntryBytes;

    /// <summary>Guest-visible bytes one table answers for.</summary>
    internal long TableCoverBytes => (long)GrainBytes * EntriesPerTable;

    /// <summary>Number of tables, which is the number of directory entries.</summary>
    internal long TableCount => CountTables(CapacityBytes, TableCoverBytes);

    /// <summary>
    /// Entries of a table that answer for something: fewer in the last one. The rest means nothing.
    /// </summary>
    internal int UsedEntries(long tableIndex) => (int)Math.Min(
        EntriesPerTable, CountTables(CapacityBytes - (tableIndex * TableCoverBytes), GrainBytes));

    /// <summary>Tables needed for a capacity.</summary>
    internal static long CountTables(long capacityBytes, long tableCoverBytes) =>
        (capacityBytes / tableCoverBytes) + (capacityBytes % tableCoverBytes == 0 ? 0 : 1);

    /// <summary>True when a directory entry can be the place of a table in a file of that length.</summary>
    internal bool IsTable(uint sector, long fileLength) =>
        sector >= FirstTableSector && ((long)sector * Sector.Bytes) + TableBytes <= fileLength;
}
