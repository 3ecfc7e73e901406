using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>
/// Plans what mends a hosted sparse extent. Nothing is written here, and nothing is ever guessed.
/// </summary>
public static class HostedSparseRepair
{
    /// <summary>
    /// The writes that mend what can be mended: entries of tables and directories from the copy that is
    /// sound, the newline bytes, the flag for zeroed grains, and the word that the extent was closed, when
    /// the tables are sound afterwards. What stays is among <paramref name="findings"/>, as <see
    /// cref="HostedSparseCheck"/> puts it.
    /// </summary>
    /// <returns>
    /// Writes in the order to do them, tables before the header; flush before the last one. Empty when
    /// nothing can be done.
    /// </returns>
    public static IReadOnlyList<PlannedWrite> Plan(HostFile file, FindingList findings)
    {
        if (HostedSparseLayout.Load(file, findings) is not { } layout) { return []; }
        HostedSparseCheck.Run(file, layout, findings);
        GrainAudit audit = GrainAudit.Run(file, layout.Geometry);
        List<PlannedWrite> writes = [];

        // With tables that overlap no copy can be told to be the sound one.
        if (audit.TableShared.Count == 0)
        {
            GrainMerge.Plan(file, layout.Geometry, mayAppend: audit.OutOfFile.Count == 0, writes);
        }
        bool isSoundAfter = !audit.HasUnmendable && !layout.IsDirectoryMissing
            && writes.Count < GrainMerge.MaxWrites;
        PlanHeader(file, layout, audit.ZeroGrains > 0, isSoundAfter, writes);
        return writes;
    }

    private static void PlanHeader(
        HostFile file, HostedSparseLayout layout, bool hasZeroGrains, bool isSound, List<PlannedWrite> writes)
    {
        SparseHeader header = layout.Header;
        List<string> reasons = [];
        if (layout.Flags.HasFlag(SparseFlags.ValidNewlines) && !HostedSparseLayout.SoundNewlines(header))
        {
            header = header with
            {
                SingleEndLineChar = 0x0A,
                NonEndLineChar = 0x20,
                DoubleEndLineChar1 = 0x0D,
                DoubleEndLineChar2 = 0x0A,
            };
            reasons.Add("the newline bytes");
        }
        if (hasZeroGrains && !layout.AnnouncesZeroEntries)
        {
            header = header with
            {
                Version = Math.Max(2, (uint)header.Version),
                Flags = (uint)(layout.Flags | SparseFlags.ZeroedGrains),
            };
            reasons.Add("the flag for zeroed grains");
        }
        if (header.UncleanShutdown != 0 && isSound)
        {
            header = header with { UncleanShutdown = 0 };
            reasons.Add("the extent is closed");
        }
        if (reasons.Count == 0) { return; }
        byte[] sector = new byte[SparseHeader.SizeBytes];
        file.Read(0, sector);
        MemoryMarshal.Write(sector, header);
        writes.Add(new PlannedWrite(0, sector, "the header: " + string.Join(", ", reasons)));
    }
}
