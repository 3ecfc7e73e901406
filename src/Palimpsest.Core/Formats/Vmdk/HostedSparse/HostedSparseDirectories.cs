using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>
/// Says, at open, which grain tables cannot be found by the first copy of the directory, or by any.
/// </summary>
internal static class HostedSparseDirectories
{
    // One page of the directory: 128 GiB of disk at the usual grain size. Larger disks are not kept waiting.
    private const long MaxTablesAtOpen = 4096;

    // Enough to see what is wrong; a check counts them all.
    private const int MaxFindings = 16;

    internal static void Report(GrainMap map, string path, FindingList findings)
    {
        long count = Math.Min(map.Geometry.TableCount, MaxTablesAtOpen);
        int found = 0;
        for (long tableIndex = 0; tableIndex < count && found < MaxFindings; tableIndex++)
        {
            uint named = map.Primary[tableIndex];
            uint used = map.FindTable(tableIndex);
            if (named == used && used != GrainDirectory.Unusable) { continue; }
            found++;
            FindingCode code = used == GrainDirectory.Unusable ? SparseFindings.TableLost
                : SparseFindings.TableFallback;
            findings.Add(code, path,
                $"the directory names sector {named} for table {tableIndex}, which answers for "
                + $"{map.Geometry.TableCoverBytes} bytes from byte "
                + $"{tableIndex * map.Geometry.TableCoverBytes}",
                map.Primary.EntryOffset(tableIndex), "gde");
        }
    }
}
