using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// The tables of a merge's target. Before the first run they must be sound, for nothing else may be done to the disk
/// once the merge is written down; a run that was cut off leaves copies that differ, which the next one makes equal.
/// </summary>
internal static class InterruptedTables
{
    private static readonly HashSet<FindingCode> leftByCuts =
    [
        SparseFindings.NotClosed, SparseFindings.NotClosedButSound, SparseFindings.Leaked,
        SparseFindings.TablesDiffer, SparseFindings.DirectoriesDiffer, SparseFindings.ZeroEntryUnannounced,
    ];

    /// <summary>Refuses a target whose extents could not be opened for writing.</summary>
    /// <exception cref="ImageException">The tables of an extent are damaged.</exception>
    public static void ThrowUnlessSound(IHost host, Link target, FindingList findings)
    {
        foreach (LinkExtent extent in SparseExtents(target))
        {
            using HostFile file = host.Open(extent.Path!, HostAccess.Read);
            var own = new FindingList();
            bool isHosted = extent.Line.Type == ExtentType.Sparse;
            bool isSound = isHosted
                ? HostedSparseCheck.Run(file, own).IsSound : CowdCheck.Run(file, own).IsSound;
            if (isSound) { continue; }
            foreach (Finding finding in own.Items) { findings.Add(finding); }
            throw findings.Refuse(isHosted ? SparseFindings.NotWritable : CowdFindings.NotWritable, extent.Path!,
                "its tables are damaged, so nothing is merged into it");
        }
    }

    // Crash order: the entries, flush, the header's word that they are sound, flush. An entry is old or new, and both
    // are true, as after any cut of a GrainDevice; a cut in between leaves the same work to do.

    /// <summary>Makes the copies of tables equal that an interrupted run of the same merge left half-written.</summary>
    public static void Mend(IHost host, Link target) => Mend(host, target, _ => true);

    /// <summary>
    /// The same for extents that show nothing but a cut while they were written to; for anything worse there is repair,
    /// which keeps what it replaces.
    /// </summary>
    public static void MendCuts(IHost host, Link target) => Mend(host, target, findings =>
        findings.Items.Any(finding => finding.Code == SparseFindings.NotClosed)
        && findings.Items.All(finding => leftByCuts.Contains(finding.Code)));

    private static void Mend(IHost host, Link target, Func<FindingList, bool> isMeant)
    {
        foreach (LinkExtent extent in SparseExtents(target))
        {
            using HostFile file = host.Open(extent.Path!, HostAccess.ReadWrite);
            var findings = new FindingList();
            IReadOnlyList<PlannedWrite> writes = extent.Line.Type == ExtentType.Sparse
                ? HostedSparseRepair.Plan(file, findings) : CowdRepair.Plan(file, findings);
            if (isMeant(findings)) { Write(file, writes); }
        }
    }

    private static void Write(HostFile file, IReadOnlyList<PlannedWrite> writes)
    {
        for (int i = 0; i < writes.Count; i++)
        {
            if (i == writes.Count - 1) { file.Flush(); }
            bool grows = writes[i].OffsetBytes + writes[i].Bytes.Length > file.Length;
            file.Write(writes[i].OffsetBytes, writes[i].Bytes);
            if (grows) { file.Flush(); }
        }
        if (writes.Count > 0) { file.Flush(); }
    }

    private static IEnumerable<LinkExtent> SparseExtents(Link link) => link.Extents.Where(extent =>
        extent.Path is not null && extent.Line.Type is ExtentType.Sparse or ExtentType.VmfsSparse);
}
