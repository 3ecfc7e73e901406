using Palimpsest.Core.Chains.Describing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>Draws the edges of a graph and judges each one. Used once.</summary>
/// <param name="names">Resolves names as opening a disk does.</param>
/// <param name="links">The links by real path; those that edges lead to are added.</param>
/// <param name="add">Looks at a file that an edge leads to; null when it is no link.</param>
internal sealed class EdgeBuilder(
    HostNames names, Dictionary<string, GraphLink> links, Func<string, GraphLink?> add)
{
    // Ids repeat where disks are made from one template; more candidates than this say nothing.
    private const int MaximumCandidates = 16;

    /// <summary>Finds the parents of all links, also those that come in as parents.</summary>
    public void Connect()
    {
        var open = new Queue<GraphLink>(links.Values.OrderBy(link => link.Path, StringComparer.Ordinal));
        while (open.TryDequeue(out GraphLink? child))
        {
            if (child.Descriptor is not { } descriptor || !ParentRules.HasParent(descriptor)) { continue; }
            int before = links.Count;
            child.Edge = new GraphEdge(child, descriptor.ParentFileNameHint);
            Follow(child.Edge);
            child.Parent?.AddChild(child);
            if (links.Count > before) { open.Enqueue(child.Parent!); }
        }
    }

    /// <summary>Finds loops, wrong bases, likely parents and the lengths of chains.</summary>
    public void Judge(IReadOnlyList<string> lostData)
    {
        MeasureChains();
        ILookup<(uint, long), GraphLink> linkByContent = links.Values
            .Where(link => link.Descriptor?.ContentId is not null && link.CapacityBytes is not null)
            .OrderBy(link => link.Path, StringComparer.Ordinal)
            .ToLookup(link => (link.Descriptor!.ContentId!.Value, link.CapacityBytes!.Value));
        foreach (GraphLink child in links.Values)
        {
            if (child.Edge is { State: not (EdgeState.Good or EdgeState.Loop) } edge)
            {
                FindLikelyParents(edge, linkByContent);
                if (edge.State == EdgeState.ParentMissing) { FindLikelyData(edge, lostData); }
            }
            if (child.Edge?.Finding is { } finding) { child.AddFindings([finding]); }
            if (child is { IsHead: true, LinkCount: { } count }) { ReportLength(child, count); }
        }
    }

    private void Follow(GraphEdge edge)
    {
        Link child = edge.Child.Link!;
        var findings = new FindingList();
        try
        {
            edge.ParentPath = ParentRules.Find(child, names, findings)!;
            edge.IsFoundByBareName = names.FindBeside(names.FolderOf(child.Path), edge.Hint!).IsByBareName;
            edge.Parent = add(edge.ParentPath);
            if (edge.Parent?.Link is { } parent)
            {
                edge.Finding = ParentRules.Misfit(child, parent);
            }
            else
            {
                edge.Finding = new Finding(ChainFindings.ParentNotADisk, child.Path,
                    $"{edge.ParentPath} has no descriptor that can be read");
            }
        }
        catch (ImageException refusal)
        {
            edge.Finding = refusal.Reason;
        }
        catch (OverflowException)
        {
            // One of the two capacities overflows; that link has a finding of its own.
            edge.Finding = new Finding(ChainFindings.CapacityMismatch, child.Path,
                "a capacity is too large for any disk");
        }
        catch (BlockException error) when (edge.ParentPath is null)
        {
            edge.Finding = new Finding(ChainFindings.ParentMissing, child.Path,
                $"the parent \"{DescriptorParser.Printable(edge.Hint ?? "")}\": {error.Message}");
        }
        edge.State = StateOf(edge.Finding);
    }

    private static EdgeState StateOf(Finding? finding)
    {
        if (finding is null) { return EdgeState.Good; }
        FindingCode code = finding.Code;
        return code == ChainFindings.ParentMissing ? EdgeState.ParentMissing
            : code == DescriptorFindings.NameOutsideFolder ? EdgeState.ParentOutside
            : code == ChainFindings.ContentIdMismatch ? EdgeState.ContentIdMismatch
            : code == ChainFindings.CapacityMismatch ? EdgeState.CapacityMismatch
            : EdgeState.ParentNotADisk;
    }

    // Each link has one parent at most, so one walk down from each link, stopped where another walk has been,
    // sees every link once.
    private void MeasureChains()
    {
        var measured = new HashSet<GraphLink>();
        foreach (GraphLink link in links.Values.OrderBy(link => link.Path, StringComparer.Ordinal))
        {
            var path = new List<GraphLink>();
            var onPath = new HashSet<GraphLink>();
            GraphLink? next = link;
            for (; next is not null && !measured.Contains(next) && onPath.Add(next); next = next.Parent)
            {
                path.Add(next);
            }
            if (next is not null && onPath.Contains(next)) { MarkLoop(path[path.IndexOf(next)..]); }
            int? below = next is null ? 0 : next.LinkCount;
            for (int i = path.Count - 1; i >= 0; i--)
            {
                below = path[i].LinkCount = below + 1;
                measured.Add(path[i]);
            }
        }
    }

    private static void MarkLoop(List<GraphLink> loop)
    {
        const int ShownNames = 8;
        foreach (GraphLink link in loop)
        {
            link.Edge!.State = EdgeState.Loop;
            link.Edge.Finding = null;
        }
        IEnumerable<string> shown = loop.Take(ShownNames).Select(link => link.Name).Append(
            loop.Count > ShownNames ? "..." : loop[0].Name);
        loop[0].Edge!.Finding = new Finding(ChainFindings.Loop, loop[0].Path,
            $"it is its own ancestor: {string.Join(" over ", shown)}", Field: "parentFileNameHint");
    }

    private static void FindLikelyParents(GraphEdge edge, ILookup<(uint, long), GraphLink> linkByContent)
    {
        GraphLink child = edge.Child;
        if (child.Descriptor!.ParentContentId is not { } id || id == VmdkDescriptor.NoParent
            || child.CapacityBytes is not { } capacity)
        {
            return;
        }
        edge.LikelyParents =
        [
            .. linkByContent[(id, capacity)].Take(MaximumCandidates)
                .Where(link => link != child && link != edge.Parent && !StandsOn(link, child)),
        ];
        if (edge.State != EdgeState.ContentIdMismatch || edge.LikelyParents.Count == 0) { return; }
        edge.State = EdgeState.WrongBase;
        string likely = string.Join(" or ", edge.LikelyParents.Select(link => link.Path));
        edge.Finding = new Finding(GraphFindings.WrongBase, child.Path,
            $"{edge.Finding!.Message}; {likely} has the CID {id:x8} and the same capacity",
            Field: "parentFileNameHint");
    }

    private static bool StandsOn(GraphLink link, GraphLink ancestor)
    {
        GraphLink? next = link;
        for (int count = 0; next is not null && count < ChainOpener.MaximumLinks; count++)
        {
            next = next.Parent;
            if (next == ancestor) { return true; }
        }
        return false;
    }

    private static void FindLikelyData(GraphEdge edge, IReadOnlyList<string> lostData)
    {
        if (edge.Hint is not { Length: > 0 } hint) { return; }
        string parentName = HostPath.NameOf(hint.Replace('\\', '/'));
        edge.LikelyParentData =
            lostData.FirstOrDefault(file => DataSet.DiskNameOf(HostPath.NameOf(file)) == parentName);
    }

    private static void ReportLength(GraphLink head, int count)
    {
        if (count > ChainOpener.MaximumLinks)
        {
            head.AddFindings([new Finding(ChainFindings.TooDeep, head.Path, $"the chain has {count} links")]);
        }
        else if (ChainLength.FindingFor(head.Path, count) is { } finding)
        {
            head.AddFindings([finding]);
        }
    }
}
