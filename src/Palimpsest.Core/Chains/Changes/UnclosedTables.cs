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

    /// <summary>
    /// Refuses a link with an extent that could not be opened for writing, mended or not: once a change is written down,
    /// nothing else may be done to its disks.
    /// </summary>
    /// <exception cref="ImageException">The tables of an extent are damaged.</exception>
    public static void ThrowIfDamaged(DiskOpenOptions options, Link link, FindingList findings)
    {
        foreach ((ExtentLine line, string path) in SparseExtents(options, link))
        {
            using HostFile file = options.Host.Open(path, HostAccess.Read);
            var found = new FindingList();
            bool isHosted = line.Type == ExtentType.Sparse;
            bool isSound = isHosted
                ? HostedSparseCheck.Run(file, found).IsSound || IsLeftByCut(found) : CowdCheck.Run(file, found).IsSound;
            if (isSound) { continue; }
            foreach (Finding finding in found.Items) { findings.Add(finding); }
            throw findings.Refuse(isHosted ? SparseFindings.NotWritable : CowdFindings.NotWritable, path,
                "its tables are damaged, so nothing is written to it");
        }
    }

    /// <summary>Mends the extents of a link that are to be written to.</summary>
    public static void Mend(DiskOpenOptions options, Link link)
    {
        foreach ((ExtentLine line, string path) in SparseExtents(options, link))
        {
            // A COWD extent has one copy of each table, in which every entry is the old or the new one.
            if (line.Type != ExtentType.Sparse) { continue; }
            using HostFile file = options.Host.Open(path, HostAccess.ReadWrite);
            Mend(file);
        }
    }

    // Crash order: the entries, a new copy of a table durable before it is named, a flush, then the word in the header
    // that the extent was closed. Until that word is there this is done again.
    private static void Mend(HostFile file)
    {
        var found = new FindingList();
        IReadOnlyList<PlannedWrite> writes = HostedSparseRepair.Plan(file, found);
        if (!IsLeftByCut(found)) { return; }
        for (int i = 0; i < writes.Count; i++)
        {
            if (i == writes.Count - 1) { file.Flush(); }
            bool grows = writes[i].OffsetBytes + writes[i].Bytes.Length > file.Length;
            file.Write(writes[i].OffsetBytes, writes[i].Bytes);
            if (grows) { file.Flush(); }
        }
        if (writes.Count > 0) { file.Flush(); }
    }

    private static bool IsLeftByCut(FindingList found) =>
        found.Items.Any(finding => finding.Code == SparseFindings.NotClosed)
        && found.Items.All(finding => finding.Severity < Severity.Error || leftByCuts.Contains(finding.Code));

    private static IEnumerable<(ExtentLine Line, string Path)> SparseExtents(DiskOpenOptions options, Link link)
    {
        var names = new HostNames(options.Host, options.AllowOutside);
        foreach (ExtentLine line in link.Descriptor?.Extents ?? [])
        {
            if (line.Type is not (ExtentType.Sparse or ExtentType.VmfsSparse) || line.FileName is null
                || line.Access != ExtentAccess.ReadWrite)
            {
                continue;
            }
            yield return (line, ExtentPaths.Of(link, line, names, new FindingList()));
        }
    }
}
