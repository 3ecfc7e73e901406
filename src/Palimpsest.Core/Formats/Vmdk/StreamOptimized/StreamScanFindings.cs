using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>Words for what a scan found when it had to stand in for the tables.</summary>
internal static class StreamScanFindings
{
    /// <summary>Adds the findings of a scan; <paramref name="problem"/> is why it was needed.</summary>
    public static void Add(StreamScan scan, StreamShape shape, string path, long fileLength, string problem,
        FindingList findings)
    {
        SalvagedGrains grains = scan.Grains;
        AddStructural(scan, path, findings);
        if (!shape.DirectoryIsAtEnd) { return; }
        if (grains.LostRanges.Count == 0)
        {
            findings.Add(StreamFindings.FooterLost, path,
                $"{problem}, but none of its {grains.Count} grains is missing", fileLength);
            return;
        }
        string cut = scan.CutGrain < 0 ? ""
            : $"; the grain at sector {scan.CutGrain * shape.GrainSectors} is cut";
        string upTo = grains.Count == 0
            ? "no whole grain is present"
            : $"{grains.Count} grains of at most {shape.GrainCount} are present, up to sector "
                + $"{Math.Min(shape.CapacitySectors, (grains.LastGrain + 1) * shape.GrainSectors)} of "
                + $"{shape.CapacitySectors}";
        findings.Add(StreamFindings.Truncated, path, $"truncated: {problem}; {upTo}{cut}", fileLength);
    }

    /// <summary>Adds what is wrong with the sequence of markers itself.</summary>
    public static void AddStructural(StreamScan scan, string path, FindingList findings)
    {
        if (scan.DamagedPlaceCount > 0)
        {
            findings.Add(StreamFindings.DamagedPlace, path,
                $"{scan.DamagedPlaceCount} places hold no marker where one belongs",
                scan.FirstDamagedSector * Sector.Bytes);
        }
        if (!scan.Grains.IsAscending)
        {
            findings.Add(StreamFindings.OutOfOrder, path,
                $"{scan.Grains.Count} grains are not in ascending order");
        }
    }
}
