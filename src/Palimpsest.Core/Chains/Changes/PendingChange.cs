using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// What an unfinished change means for a chain that is opened to be read: whether its links, as they are now, make
/// a whole disk.
/// </summary>
internal sealed class PendingChange
{
    private readonly IHost host;
    private readonly List<MergeStep> merges = [];

    private PendingChange(IHost host) => this.host = host;

    /// <summary>The unfinished changes in the folders of these links.</summary>
    public static PendingChange For(DiskOpenOptions options, IReadOnlyList<Link> links, FindingList findings)
    {
        IHost host = options.Host;
        var pending = new PendingChange(host);
        var paths = links.Select(link => host.ResolveLinks(link.Path)).ToList();
        foreach (string folder in paths.Select(HostPath.FolderOf).Distinct())
        {
            if (ChangeFile.TryRead(host, folder, options.AllowOutside, findings) is not { } change) { continue; }
            bool isOurs = false;
            for (int i = 0; i < change.Steps.Count; i++)
            {
                isOurs |= ChangeFile.NamesIn(change.Steps[i]).Any(name => paths.Contains(HostPath.Combine(folder, name)));
                if (change.Steps[i] is MergeStep merge) { pending.Add(merge, folder, paths, i < change.DoneSteps, findings); }
            }
            if (isOurs)
            {
                findings.Add(ChangeFindings.ChangePending, HostPath.Combine(folder, ChangeFile.Name),
                    $"{change.Verb} of {change.Disk}: {change.DoneSteps} of {change.Steps.Count} steps are known to be done");
            }
        }
        return pending;
    }

    /// <summary>
    /// True when a merge is about to give the parent a new CID, or just did, and the child is the link it is merged
    /// from: the two fit whichever of both CIDs each of them has.
    /// </summary>
    public bool Explains(Link child, Link parent)
    {
        uint? expected = child.Descriptor?.ParentContentId, found = parent.Descriptor?.ContentId;
        return child.Descriptor?.CapacityBytes == parent.Descriptor?.CapacityBytes && merges.Exists(merge =>
            merge.Above == host.ResolveLinks(child.Path) && merge.Target == host.ResolveLinks(parent.Path)
            && (expected == merge.OldContentId || expected == merge.NewContentId)
            && (found == merge.OldContentId || found == merge.NewContentId));
    }

    private void Add(MergeStep merge, string folder, List<string> paths, bool isDone, FindingList findings)
    {
        merge = merge with
        {
            Head = HostPath.Combine(folder, merge.Head),
            Above = HostPath.Combine(folder, merge.Above),
            Target = HostPath.Combine(folder, merge.Target),
        };
        merges.Add(merge);
        int target = paths.IndexOf(merge.Target), head = paths.IndexOf(merge.Head);
        if (target >= 0 && !isDone && (head < 0 || head > target))
        {
            // The target's content is between two states, and nothing above it here says what it should be.
            throw findings.Refuse(ChangeFindings.MergeUnfinished, merge.Target,
                $"what {merge.Head} holds is being merged into it");
        }
        int above = paths.IndexOf(merge.Above);
        if (above >= 0 && head < 0)
        {
            throw findings.Refuse(ChangeFindings.MergeUnfinished, merge.Above,
                $"it lies between {merge.Head} and {merge.Target}, which are being merged");
        }
    }
}
