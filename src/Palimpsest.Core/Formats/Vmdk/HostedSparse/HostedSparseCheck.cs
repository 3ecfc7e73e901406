using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>What a check of a hosted sparse extent counted.</summary>
public sealed record HostedSparseStatistics
{
    /// <summary>Grains with a place in the file.</summary>
    public long AllocatedGrains { get; init; }

    /// <summary>Grains that are zero by their entry.</summary>
    public long ZeroGrains { get; init; }

    /// <summary>Grains of the whole disk.</summary>
    public long TotalGrains { get; init; }

    /// <summary>Bytes of the file that no table points to.</summary>
    public long LeakedBytes { get; init; }

    /// <summary>Pieces in which the allocated grains lie in the file, in the order of the disk.</summary>
    public long Fragments { get; init; }

    /// <summary>
    /// True when every entry can be followed, both copies agree, and nothing is used twice.
    /// </summary>
    public bool IsSound { get; init; }

    /// <summary>The lowest sector where a grain begins; null when there is none.</summary>
    public long? LowestGrainSector { get; init; }
}

/// <summary>
/// Checks the metadata of a hosted sparse extent. Reads only; memory is bounded whatever the image says.
/// </summary>
public static class HostedSparseCheck
{
    /// <summary>
    /// Looks at everything the tables say. What is wrong is added to <paramref name="findings"/>, each kind
    /// once with its count and first place. The file stays the caller's.
    /// </summary>
    public static HostedSparseStatistics Run(HostFile file, FindingList findings) =>
        HostedSparseLayout.Load(file, findings) is { } layout
            ? Run(file, layout, findings) : new HostedSparseStatistics();

    internal static HostedSparseStatistics Run(HostFile file, HostedSparseLayout layout, FindingList findings)
    {
        GrainAudit audit = GrainAudit.Run(file, layout.Geometry);
        string path = file.Path;
        audit.TableFallback.Report(SparseFindings.TableFallback, path, "gde", findings);
        audit.TableLost.Report(SparseFindings.TableLost, path, "gde", findings);
        audit.RedundantTableLost.Report(SparseFindings.DirectoriesDiffer, path, "gde", findings);
        audit.TableUnreadable.Report(SparseFindings.TableUnreadable, path, "gde", findings);
        audit.TableShared.Report(SparseFindings.TableShared, path, "gde", findings);
        audit.EntriesDiffer.Report(SparseFindings.TablesDiffer, path, "gte", findings);
        audit.OutOfFile.Report(SparseFindings.GrainOutOfFile, path, "gte", findings);
        audit.InMetadata.Report(SparseFindings.GrainInMetadata, path, "gte", findings);
        audit.Shared.Report(SparseFindings.GrainShared, path, "gte", findings);
        audit.Unaligned.Report(SparseFindings.GrainUnaligned, path, "gte", findings);
        if (audit.ZeroGrains > 0 && !layout.AnnouncesZeroEntries)
        {
            findings.Add(SparseFindings.ZeroEntryUnannounced, path,
                $"{audit.ZeroGrains} grains are zero by an entry of 1; version is "
                + $"{(uint)layout.Header.Version}, flags are 0x{(uint)layout.Header.Flags:x}", 8, "flags");
        }
        if (audit.LeakedBytes > 0)
        {
            findings.Add(SparseFindings.Leaked, path,
                $"{audit.LeakedBytes} bytes of the file belong to no grain");
        }
        return new HostedSparseStatistics
        {
            AllocatedGrains = audit.AllocatedGrains,
            ZeroGrains = audit.ZeroGrains,
            TotalGrains = GrainGeometry.CountTables(layout.CapacityBytes, layout.GrainBytes),
            LeakedBytes = audit.LeakedBytes,
            Fragments = audit.Fragments,
            IsSound = audit.IsSound && !layout.IsDirectoryMissing,
            LowestGrainSector = audit.LowestGrainSector,
        };
    }
}
