using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>Makes a hosted sparse extent larger, in place.</summary>
public static class HostedSparseGrowth
{
    private const int TableSectors =
        SparseHeader.StandardTableEntries * GrainGeometry.EntryBytes / Sector.Bytes;

    /// <summary>
    /// Gives the extent a larger capacity: directories with more entries at the end of the file, new tables
    /// as holes of the host, then the header in one sector. The descriptor is the caller's, afterwards.
    /// </summary>
    /// <exception cref="ImageException">The extent is damaged or was not closed; nothing was
    /// changed.</exception>
    /// <exception cref="BlockException"><c>NoSpace</c>: no room on the host, or the file would pass 2
    /// TiB.</exception>
    public static void Grow(HostFile file, long newCapacitySectors)
    {
        var findings = new FindingList();
        HostedSparseLayout? layout = HostedSparseLayout.Load(file, findings);
        findings.ThrowIfRefused();
        ArgumentOutOfRangeException.ThrowIfLessThan(newCapacitySectors, layout!.CapacityBytes / Sector.Bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newCapacitySectors, long.MaxValue / 1024);
        if (layout.Header.UncleanShutdown != 0 || !HostedSparseCheck.Run(file, layout, findings).IsSound)
        {
            throw findings.Refuse(SparseFindings.NotWritable, file.Path,
                "its tables are damaged or it was not closed; run 'vmdk repair' on the disk first");
        }
        SparseHeader header = layout.Header with { Capacity = (ulong)newCapacitySectors };

        // Crash order: (1) what the old capacity hides of the last table and grain becomes zero; (2) the new
        // directories and tables; (3) flush; (4) the header, one sector; (5) flush. Until (4) nothing points
        // to (2).
        GrainGrowth.ClearBeyondCapacity(file, layout.Geometry);
        if (TableCountOf(newCapacitySectors, layout) > layout.Geometry.TableCount)
        {
            header = AppendDirectories(file, layout, header, newCapacitySectors);
        }
        file.Flush();
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        file.Read(0, sector);
        MemoryMarshal.Write(sector, header);
        file.Write(0, sector);
        file.Flush();
    }

    private static long TableCountOf(long capacitySectors, HostedSparseLayout layout) =>
        GrainGeometry.CountTables(capacitySectors * Sector.Bytes, layout.Geometry.TableCoverBytes);

    private static SparseHeader AppendDirectories(
        HostFile file, HostedSparseLayout layout, SparseHeader header, long newCapacitySectors)
    {
        long tableCount = TableCountOf(newCapacitySectors, layout);
        long newTableCount = tableCount - layout.Geometry.TableCount;
        long directorySectors = Sector.CountFor(tableCount * GrainGeometry.EntryBytes);
        long setSectors = directorySectors + (newTableCount * TableSectors);
        int copies = layout.Geometry.RedundantDirectoryOffset is null ? 1 : 2;
        int grainSectors = layout.Geometry.GrainSectors;
        long start = RoundUp(Sector.CountFor(file.Length), grainSectors);
        long end = RoundUp(start + (copies * setSectors), grainSectors);
        if (end >= uint.MaxValue)
        {
            throw new BlockException(BlockErrorKind.NoSpace, file.Path, null,
                "with the tables of the new capacity the extent would pass 2 TiB; "
                + "convert the disk to one with more extents");
        }
        file.SetLength(end * Sector.Bytes);
        if (layout.Geometry.RedundantDirectoryOffset is { } redundantOffset)
        {
            AppendDirectory(file, layout, redundantOffset, start, tableCount);
            header = header with { RedundantDirectoryOffset = (ulong)start };
            start += setSectors;
        }
        AppendDirectory(file, layout, layout.Geometry.DirectoryOffset, start, tableCount);
        return header with { DirectoryOffset = (ulong)start };
    }

    private static void AppendDirectory(
        HostFile file, HostedSparseLayout layout, long oldDirectoryOffset, long newSector, long tableCount)
    {
        long oldBytes = layout.Geometry.TableCount * GrainGeometry.EntryBytes;
        long newOffset = newSector * Sector.Bytes;
        GrainGrowth.CopyBytes(file, oldDirectoryOffset, newOffset, oldBytes);
        HostedSparseFile.WriteEntries(file, newOffset + oldBytes,
            newSector + Sector.CountFor(tableCount * GrainGeometry.EntryBytes),
            tableCount - layout.Geometry.TableCount);
    }

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;
}
