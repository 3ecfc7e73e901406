using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Cowd;

/// <summary>What a new COWD extent shall be.</summary>
public sealed record CowdCreation
{
    /// <summary>Guest-visible bytes: whole sectors, less than 2 TiB.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Bytes of a grain: a power of two from 512, as ESXi writes it, to 1 MiB.</summary>
    public int GrainBytes { get; init; } = Sector.Bytes;
}

/// <summary>Creates and enlarges COWD extents.</summary>
public static class CowdFile
{
    /// <summary>Largest capacity: the header counts sectors in 32 bits.</summary>
    public const long MaxCapacityBytes = (long)uint.MaxValue * Sector.Bytes;

    internal const int FreeSectorOffset = 0x1C, UncleanShutdownOffset = 0x670;

    private const int LengthUnitBytes = 4096;

    /// <summary>
    /// Makes an empty extent of an empty file: header and directory; tables come with their first grain.
    /// </summary>
    public static void Create(HostFile file, CowdCreation options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.CapacityBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.CapacityBytes, MaxCapacityBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.CapacityBytes % Sector.Bytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GrainBytes, Sector.Bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.GrainBytes,
            (int)CowdLayout.MaxGrainSectors * Sector.Bytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(int.IsPow2(options.GrainBytes), true);
        long tableCount = GrainGeometry.CountTables(
            options.CapacityBytes, (long)options.GrainBytes * CowdHeader.TableEntries);
        long freeSector = CowdLayout.HeaderSectors + Sector.CountFor(tableCount * GrainGeometry.EntryBytes);

        // Crash order: the directory, a hole, then flush, header, flush. Before the header there is no
        // extent.
        file.SetLength(RoundUp(freeSector * Sector.Bytes, LengthUnitBytes));
        file.Flush();
        byte[] bytes = new byte[CowdHeader.SizeBytes];
        MemoryMarshal.Write(bytes, new CowdHeader
        {
            Magic = CowdHeader.MagicNumber,
            Version = 1,
            Flags = 3,
            SectorCount = (uint)(options.CapacityBytes / Sector.Bytes),
            GrainSize = (uint)(options.GrainBytes / Sector.Bytes),
            DirectoryOffset = CowdLayout.HeaderSectors,
            DirectoryEntries = (uint)tableCount,
            FreeSector = (uint)freeSector,
        });
        file.Write(0, bytes);
        file.Flush();
    }

    /// <summary>
    /// Gives the extent a larger capacity. The directory stays where it is when its last sector has room, and
    /// moves to the end of what is in use otherwise. The descriptor is the caller's, afterwards.
    /// </summary>
    /// <exception cref="ImageException">The extent is damaged or was not closed; nothing was
    /// changed.</exception>
    public static void Grow(HostFile file, long newCapacitySectors)
    {
        var findings = new FindingList();
        CowdLayout? layout = CowdLayout.Load(file, findings);
        findings.ThrowIfRefused();
        ArgumentOutOfRangeException.ThrowIfLessThan(newCapacitySectors, layout!.CapacityBytes / Sector.Bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newCapacitySectors, uint.MaxValue);
        CowdStatistics statistics = CowdCheck.Run(file, layout, findings);
        if (layout.Header.UncleanShutdown != 0 || !statistics.IsSound)
        {
            throw findings.Refuse(CowdFindings.NotWritable, file.Path,
                "its tables are damaged or it was not closed; run 'vmdk repair' on the disk first");
        }
        GrainGeometry geometry = layout.Geometry;
        long tableCount = GrainGeometry.CountTables(newCapacitySectors * Sector.Bytes,
            geometry.TableCoverBytes);
        long directorySector = (uint)layout.Header.DirectoryOffset;
        long freeSector = Math.Max((uint)layout.Header.FreeSector, Sector.CountFor(statistics.UsedEndBytes));

        // Crash order: (1) what the old capacity hides becomes zero; (2) the directory's new entries, or a
        // new directory; (3) flush; (4) the fields of the header, which are in one sector; (5) flush.
        GrainGrowth.ClearBeyondCapacity(file, geometry);
        long oldBytes = geometry.TableCount * GrainGeometry.EntryBytes;
        long newBytes = tableCount * GrainGeometry.EntryBytes;
        if (newBytes > RoundUp(oldBytes, Sector.Bytes))
        {
            GrainGrowth.CopyBytes(file, geometry.DirectoryOffset, freeSector * Sector.Bytes, oldBytes);
            directorySector = freeSector;
            freeSector += Sector.CountFor(newBytes);
        }
        GrainGrowth.WriteZeros(file, (directorySector * Sector.Bytes) + oldBytes, newBytes - oldBytes);
        if (file.Length < freeSector * Sector.Bytes)
        {
            file.SetLength(RoundUp(freeSector * Sector.Bytes, LengthUnitBytes));
        }
        file.Flush();
        uint[] fields = [(uint)directorySector, (uint)tableCount, (uint)freeSector];
        byte[] sector = new byte[Sector.Bytes];
        file.Read(0, sector);
        Span<U32Le> numbers = MemoryMarshal.Cast<byte, U32Le>(sector.AsSpan());
        numbers[3] = (uint)newCapacitySectors;
        for (int index = 0; index < fields.Length; index++) { numbers[5 + index] = fields[index]; }
        file.Write(0, sector);
        file.Flush();
    }

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;
}
