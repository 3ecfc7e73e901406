using System.Buffers.Binary;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Cowd;

/// <summary>What a check of a COWD extent counted.</summary>
public sealed record CowdStatistics
{
    /// <summary>Grains with a place in the file.</summary>
    public long AllocatedGrains { get; init; }

    /// <summary>Grains of the whole disk.</summary>
    public long TotalGrains { get; init; }

    /// <summary>Bytes below the free sector that no table points to.</summary>
    public long LeakedBytes { get; init; }

    /// <summary>Pieces in which the allocated grains lie in the file, in the order of the disk.</summary>
    public long Fragments { get; init; }

    /// <summary>First byte after the last table or grain.</summary>
    public long UsedEndBytes { get; init; }

    /// <summary>True when every entry can be followed and nothing is used twice.</summary>
    public bool IsSound { get; init; }
}

/// <summary>
/// Checks the metadata of a COWD extent. Reads only; memory is bounded whatever the image says.
/// </summary>
public static class CowdCheck
{
    /// <summary>
    /// Looks at everything the tables say. What is wrong is added to <paramref name="findings"/>, each kind
    /// once with its count and first place. The file stays the caller's.
    /// </summary>
    public static CowdStatistics Run(HostFile file, FindingList findings) =>
        CowdLayout.Load(file, findings) is { } layout ? Run(file, layout, findings) : new CowdStatistics();

    internal static CowdStatistics Run(HostFile file, CowdLayout layout, FindingList findings)
    {
        GrainAudit audit = GrainAudit.Run(file, layout.Geometry);
        string path = file.Path;
        audit.TableLost.Report(CowdFindings.TableLost, path, "gde", findings);
        audit.TableUnreadable.Report(CowdFindings.TableUnreadable, path, "gde", findings);
        audit.TableShared.Report(CowdFindings.TableShared, path, "gde", findings);
        audit.OutOfFile.Report(CowdFindings.GrainOutOfFile, path, "gte", findings);
        audit.InMetadata.Report(CowdFindings.GrainInMetadata, path, "gte", findings);
        audit.Shared.Report(CowdFindings.GrainShared, path, "gte", findings);
        long freeOffset = (long)(uint)layout.Header.FreeSector * Sector.Bytes;
        if (freeOffset < audit.UsedEndBytes)
        {
            findings.Add(CowdFindings.FreeSectorBehind, path,
                $"the next grain is said to go to byte {freeOffset}, and bytes up to "
                + $"{audit.UsedEndBytes} are in use",
                CowdFile.FreeSectorOffset, "freeSector");
        }

        // Past the free sector a file may have room for later; that is not leaked.
        long slackBytes = Math.Max(0, file.Length - Math.Max(freeOffset, audit.UsedEndBytes));
        long leakedBytes = Math.Max(0, audit.LeakedBytes - slackBytes);
        if (leakedBytes > 0)
        {
            findings.Add(CowdFindings.Leaked, path, $"{leakedBytes} bytes of the file belong to no grain");
        }
        return new CowdStatistics
        {
            AllocatedGrains = audit.AllocatedGrains,
            TotalGrains = GrainGeometry.CountTables(layout.CapacityBytes, layout.GrainBytes),
            LeakedBytes = leakedBytes,
            Fragments = audit.Fragments,
            UsedEndBytes = audit.UsedEndBytes,
            IsSound = audit.IsSound,
        };
    }

    internal static long RoundUp(long lengthBytes) => Sector.CountFor(lengthBytes) * Sector.Bytes;
}

/// <summary>
/// Plans what mends a COWD extent: little, for it has one copy of everything. Nothing is written here.
/// </summary>
public static class CowdRepair
{
    /// <summary>
    /// The writes that mend what can be mended: the free sector, and the word that the extent was closed when
    /// its tables are sound. What stays is among <paramref name="findings"/>.
    /// </summary>
    public static IReadOnlyList<PlannedWrite> Plan(HostFile file, FindingList findings)
    {
        if (CowdLayout.Load(file, findings) is not { } layout) { return []; }
        CowdStatistics statistics = CowdCheck.Run(file, layout, findings);
        List<PlannedWrite> writes = [];
        if ((long)(uint)layout.Header.FreeSector * Sector.Bytes < statistics.UsedEndBytes)
        {
            writes.Add(new PlannedWrite(CowdFile.FreeSectorOffset,
                Field((uint)Sector.CountFor(statistics.UsedEndBytes)),
                "the header: where the next grain goes"));
        }
        if (layout.Header.UncleanShutdown != 0 && statistics.IsSound)
        {
            writes.Add(new PlannedWrite(CowdFile.UncleanShutdownOffset, Field(0),
                "the header: the extent is closed"));
        }
        return writes;
    }

    private static byte[] Field(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
