using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.SeSparse;

/// <summary>What a check of a seSparse extent counted.</summary>
public sealed record SeSparseStatistics
{
    /// <summary>Grains with a place in the file.</summary>
    public long AllocatedGrains { get; init; }

    /// <summary>Grains that are zero by their entry.</summary>
    public long ZeroGrains { get; init; }

    /// <summary>Grains of the whole disk.</summary>
    public long TotalGrains { get; init; }

    /// <summary>True when every entry can be followed.</summary>
    public bool IsSound { get; init; }
}

/// <summary>
/// Checks that every directory and table entry of a seSparse extent can be followed. Reads only.
/// </summary>
public static class SeSparseCheck
{
    /// <summary>
    /// Looks at all tables. What is wrong is added to <paramref name="findings"/>, each kind once with its
    /// count and first place. The file stays the caller's.
    /// </summary>
    public static SeSparseStatistics Run(HostFile file, FindingList findings)
    {
        if (SeSparseLayout.Load(file, findings) is not { } layout) { return new SeSparseStatistics(); }
        long fileLength = file.Length;
        var tables = new SeSparseTables(file, layout, fileLength);
        (long allocated, long zero, long lost, long unreadable, long lostGrains) = (0, 0, 0, 0, 0);
        (long firstLost, long firstUnreadable, long firstLostGrain) = (0, 0, 0);
        for (long tableIndex = 0; tableIndex < layout.TableCount; tableIndex++)
        {
            long start = tableIndex * SeSparseLayout.TableCoverBytes;
            switch (tables.Find(tableIndex, out ReadOnlySpan<ulong> entries))
            {
                case SeSparseTables.Content.Lost:
                    if (lost++ == 0) { firstLost = start; }
                    continue;
                case SeSparseTables.Content.Unreadable:
                    if (unreadable++ == 0) { firstUnreadable = start; }
                    continue;
            }
            int used = (int)Math.Min(entries.Length,
                (layout.CapacityBytes - start + SeSparseLayout.GrainBytes - 1) / SeSparseLayout.GrainBytes);
            for (int index = 0; index < used; index++)
            {
                SeSparseEntry.Kind kind = SeSparseEntry.KindOf(entries[index]);
                if (kind == SeSparseEntry.Kind.Hole) { continue; }
                if (kind == SeSparseEntry.Kind.Zero) { zero++; continue; }
                long grainStart = start + ((long)index * SeSparseLayout.GrainBytes);
                long needed = Math.Min(SeSparseLayout.GrainBytes, layout.CapacityBytes - grainStart);
                if (kind == SeSparseEntry.Kind.Data && IsWithin(layout, entries[index], needed, fileLength))
                {
                    allocated++;
                }
                else if (lostGrains++ == 0) { firstLostGrain = grainStart; }
            }
        }
        Report(SeSparseFindings.TableLost, lost, firstLost, file.Path, findings);
        Report(SeSparseFindings.TableUnreadable, unreadable, firstUnreadable, file.Path, findings);
        Report(SeSparseFindings.GrainLost, lostGrains, firstLostGrain, file.Path, findings);
        return new SeSparseStatistics
        {
            AllocatedGrains = allocated,
            ZeroGrains = zero,
            TotalGrains = (layout.CapacityBytes + SeSparseLayout.GrainBytes - 1) / SeSparseLayout.GrainBytes,
            IsSound = (lost | unreadable | lostGrains) == 0,
        };
    }

    private static bool IsWithin(SeSparseLayout layout, ulong entry, long neededBytes, long fileLength)
    {
        long grain = SeSparseEntry.GrainNumber(entry);
        return grain <= fileLength / SeSparseLayout.GrainBytes
            && layout.GrainsOffset + (grain * SeSparseLayout.GrainBytes) + neededBytes <= fileLength;
    }

    private static void Report(FindingCode code, long count, long firstOffset, string path,
        FindingList findings)
    {
        if (count > 0)
        {
            findings.Add(code, path, $"{count} times; first for byte {firstOffset} of the extent");
        }
    }
}
