using System.Globalization;
using Palimpsest.Core.Chains.Describing;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>
/// What names, ids, times, snapshot lists and logs say of a delta and a disk that could be its parent.
/// </summary>
internal sealed class FolderWitness
{
    private readonly ChainGraph graph;
    private readonly FolderSurvey survey;

    /// <summary>Reads the logs of the graph's folder.</summary>
    public FolderWitness(ChainGraph graph, DiskOpenOptions options, FindingList findings)
    {
        this.graph = graph;
        survey = FolderSurvey.Read(options.Host, graph.Folder, "", findings);
    }

    /// <summary>All of it, for one pair.</summary>
    public IEnumerable<ParentEvidence> About(GraphLink child, GraphLink candidate)
    {
        uint? expected = child.Descriptor!.ParentContentId, found = candidate.Descriptor!.ContentId;
        if (expected is { } id && id == found && id != VmdkDescriptor.NoParent)
        {
            yield return new ParentEvidence(EvidenceKind.ContentId, EvidenceSide.For,
                $"it has the CID {id:x8}, which the delta remembers");
        }
        if (child.Edge!.Parent == candidate)
        {
            yield return new ParentEvidence(
                EvidenceKind.Hint, EvidenceSide.For, "parentFileNameHint leads to it");
        }
        if (OfNames(child.Name, candidate.Name) is { } name) { yield return name; }
        foreach (ParentEvidence listed in OfSnapshots(child, candidate)) { yield return listed; }
        foreach (ParentEvidence logged in OfLogs(child, candidate)) { yield return logged; }
    }

    /// <summary>What the times say; null where the host knows none.</summary>
    public static ParentEvidence? OfTimes(GraphLink child, GraphLink candidate, bool isMerged)
    {
        if (child.ModifiedUtc is not { } mine || candidate.ModifiedUtc is not { } its) { return null; }
        string shown = its.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return its <= mine
            ? new ParentEvidence(EvidenceKind.Time, EvidenceSide.For,
                $"it was written last at {shown}, not after the delta")
            : isMerged
            ? new ParentEvidence(EvidenceKind.Time, EvidenceSide.Neither,
                $"it was written last at {shown}, after the delta, which the merge explains")
            : new ParentEvidence(EvidenceKind.Time, EvidenceSide.Against,
                $"it was written last at {shown}, after the delta");
    }

    private static ParentEvidence? OfNames(string child, string candidate)
    {
        if (DataSet.StemOf(child) != DataSet.StemOf(candidate)) { return null; }
        bool isOlder = !DataSet.IsSnapshotName(candidate)
            || (DataSet.IsSnapshotName(child) && string.CompareOrdinal(candidate, child) < 0);
        return isOlder
            ? new ParentEvidence(
                EvidenceKind.Name, EvidenceSide.For, "its name is that of an older link of the same disk")
            : new ParentEvidence(EvidenceKind.Name, EvidenceSide.Neither,
                "its name is that of a younger link of the same disk");
    }

    // A snapshot's entry names the link it froze, so a link's parent is what the snapshot before it froze; of
    // the link that a machine runs from, what the current one froze.
    private IEnumerable<ParentEvidence> OfSnapshots(GraphLink child, GraphLink candidate)
    {
        foreach (GraphSnapshotList list in graph.SnapshotLists)
        {
            foreach (GraphSnapshot snapshot in list.Snapshots)
            {
                GraphFrozenDisk? frozen = snapshot.Disks.FirstOrDefault(disk => disk.Link == child);
                string? node = frozen?.Disk.Node;
                bool isBefore = frozen is null && snapshot.IsCurrent && child.RunBy.Count > 0;
                GraphSnapshot? before = isBefore ? snapshot : frozen is null ? null
                    : list.Snapshots.FirstOrDefault(
                        other => other.Snapshot.Uid == snapshot.Snapshot.ParentUid);
                node ??= child.RunBy.Count > 0 ? child.RunBy[0].Disk.Node : null;
                if (before is null || before == snapshot && frozen is not null) { continue; }
                GraphFrozenDisk? parent = before.Disks.FirstOrDefault(
                    disk => node is not null && disk.Disk.Node == node);
                if (parent?.Link is null || parent.Link == child) { continue; }
                string said = $"{before.ListName} says that snapshot {before.Snapshot.Uid} froze "
                    + $"{parent.Link.Name} before it";
                yield return new ParentEvidence(EvidenceKind.Snapshots,
                    parent.Link == candidate ? EvidenceSide.For : EvidenceSide.Against, said);
                yield break;
            }
        }
    }

    private IEnumerable<ParentEvidence> OfLogs(GraphLink child, GraphLink candidate)
    {
        uint? expected = child.Descriptor!.ParentContentId, its = candidate.Descriptor!.ContentId;
        if (survey.LogOf(candidate.Name) is { } own && own.Facts.ContentId is { } once && once == expected
            && once != its)
        {
            yield return new ParentEvidence(EvidenceKind.Log, EvidenceSide.For,
                $"{own.Source}: it had the CID {once:x8} then, which the delta remembers");
        }
        if (survey.LogOf(child.Name) is { } log && log.Facts.ParentContentId is { } logged && logged == its
            && logged != expected)
        {
            yield return new ParentEvidence(EvidenceKind.Log, EvidenceSide.For,
                $"{log.Source}: the delta's parent had the CID {logged:x8} then, which is this disk's");
        }
    }
}
