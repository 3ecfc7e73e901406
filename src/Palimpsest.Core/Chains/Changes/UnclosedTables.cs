using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// Mends the tables of extents that were open for writing when the power went, so that work which was interrupted goes
/// on by the same command. Only what such a cut leaves is touched - both copies of a table, of which one is older; for
/// anything worse there is repair, which keeps what it replaces.
/// </summary>
internal static class UnclosedTables
{
    private static readonly HashSet<FindingCode> leftByCuts =
    [
        SparseFindings.NotClosed, SparseFindings.NotClosedButSound, SparseFindings.Leaked,
        SparseFindings.TablesDiffer, SparseFindings.DirectoriesDiffer, SparseFindings.ZeroEntryUnannounced,
    ];

    /// <summary>Mends the extents of a link that are to be written to.</summary>
    public static void Mend(DiskOpenOptions options, Link link)
    {
        var names = new HostNames(options.Host, options.AllowOutside);
        var findings = new FindingList();
        foreach (ExtentLine line in link.Descriptor?.Extents ?? [])
        {
            if (line.Type != ExtentType.Sparse || line.Access != ExtentAccess.ReadWrite || line.FileName is null)
            {
                continue;
            }
            using HostFile file = options.Host.Open(
                ExtentPaths.Of(link, line, names, findings), HostAccess.ReadWrite);
            Mend(file);
        }
    }

    // Crash order: the entries, a flush, then the word in the header that the extent was closed. Until that word is
    // there this is done again.
    private static void Mend(HostFile file)
    {
        var found = new FindingList();
        IReadOnlyList<PlannedWrite> writes = HostedSparseRepair.Plan(file, found);
        bool wasUnclosed = found.Items.Any(finding => finding.Code == SparseFindings.NotClosed);
        if (!wasUnclosed || found.Items.Any(finding => !leftByCuts.Contains(finding.Code))) { return; }
        for (int i = 0; i < writes.Count; i++)
        {
            if (i == writes.Count - 1) { file.Flush(); }
            file.Write(writes[i].OffsetBytes, writes[i].Bytes);
        }
        if (writes.Count > 0) { file.Flush(); }
    }
}
