using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Chains.Repairing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>What would be done to the chains of a folder. Making it changes nothing.</summary>
public sealed record ChainRepairPlan
{
    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>How disks are opened.</summary>
    public required DiskOpenOptions OpenOptions { get; init; }

    /// <summary>True when likely parents are taken too, not only certain ones.</summary>
    public required bool AcceptsLikely { get; init; }

    /// <summary>One for each delta whose way to its parent is broken, lower ones first.</summary>
    public required IReadOnlyList<ParentProposal> Proposals { get; init; }

    /// <summary>What was found on the way: side files that cannot be used.</summary>
    public required FindingList Findings { get; init; }

    /// <summary>True when a proposal is to be done.</summary>
    public bool IsTaken(ParentProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        return proposal.Grade == ParentGrade.Certain
            || (AcceptsLikely && proposal.Grade == ParentGrade.Likely);
    }
}

/// <summary>A repair of chains that was done.</summary>
/// <param name="KeptPaths">Old descriptors, each whole.</param>
/// <param name="UndoPaths">Undo files for <see cref="DiskRepair.Undo"/>, one for each changed
/// descriptor.</param>
/// <param name="After">The graph afterwards.</param>
public sealed record ChainRepairResult(
    IReadOnlyList<string> KeptPaths, IReadOnlyList<string> UndoPaths, ChainGraph After);

/// <summary>
/// Puts the chains of a folder together again. Evidence comes first; then only parentCID and
/// parentFileNameHint of the delta are changed, never its data nor anything of a parent, on which others may
/// stand.
/// </summary>
public static class ChainRepair
{
    // A machine's folder has some dozen links. Each broken one costs reading some hundred places of each
    // candidate.
    private const int MaximumBroken = 256;

    // What is decided of one delta may let the next one be read; more rounds than links in a chain decide
    // nothing.
    private const int MaximumRounds = 8;

    /// <summary>What a repair would do to a folder, or to what hangs together with a disk.</summary>
    /// <exception cref="ImageException">A change in the folder is not finished, or the named file is no
    /// disk.</exception>
    /// <exception cref="BlockException">The host failed, or the folder holds more than any machine's
    /// does.</exception>
    public static ChainRepairPlan Plan(
        string path, DiskOpenOptions options, bool acceptsLikely, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        var findings = new FindingList();
        ChainGraph graph = ChainGraph.Of(path, options);
        WriteGuard.ThrowIfChanging(options, graph.Folder, path, findings);
        List<GraphEdge> broken = [.. BrokenIn(graph)];
        if (broken.Count > MaximumBroken)
        {
            throw new BlockException(BlockErrorKind.Refused, graph.Folder, null,
                $"{broken.Count} deltas of the folder have no fitting parent, which is more than "
                + $"{MaximumBroken}; name one disk, or move the disks of one machine into a folder of their "
                + "own");
        }
        return new ChainRepairPlan
        {
            Path = path, OpenOptions = options, AcceptsLikely = acceptsLikely, Findings = findings,
            Proposals = broken.Count == 0 ? [] : Decide(graph, options, broken, findings, cancellation),
        };
    }

    // Crash order, descriptor by descriptor, lower links first: see DescriptorSwap. Each descriptor is
    // repaired by itself, so a cut between two leaves some repaired and the others as they were, and the same
    // command finishes.

    /// <summary>Does what was planned, if the descriptors are still as they were then.</summary>
    /// <exception cref="ImageException">A descriptor changed since, or VMware holds a disk. Nothing was
    /// changed.</exception>
    /// <exception cref="BlockException">The host failed, or another process holds a disk.</exception>
    public static ChainRepairResult Apply(ChainRepairPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var findings = new FindingList();
        List<ParentProposal> taken =
            [.. plan.Proposals.Where(proposal => plan.IsTaken(proposal) && proposal.Step is not null)];
        var kept = new List<string>();
        var undo = new List<string>();
        using (var locks = new HeldLocks())
        {
            IHost host = plan.OpenOptions.Host;

            // No content changes, so there may be others that depend on the disk.
            DiskOpenOptions options = plan.OpenOptions with { AllowWriteUnderChildren = true };
            foreach (ParentProposal proposal in taken)
            {
                Locking.VmwareLock.ThrowIfHeld(options, proposal.Chosen!.Link.Path, isWriter: true, findings);
                locks.Add(WriteGuard.Take(options, proposal.Edge.Child.Link!, findings));
                ThrowIfOutdated(host, proposal, findings);
            }
            foreach (ParentProposal proposal in taken)
            {
                var text = new TextChange(proposal.Step!.OldText!, proposal.Step.NewText!);
                (string keptPath, string undoPath) =
                    DescriptorSwap.Do(host, proposal.Edge.Child.Link!.DescriptorPlace!, text);
                kept.Add(keptPath);
                undo.Add(undoPath);
            }
        }
        return new ChainRepairResult(kept, undo, ChainGraph.Of(plan.Path, plan.OpenOptions));
    }

    /// <summary>The broken ways of a graph, or of what hangs together with the disk that was named.</summary>
    public static IEnumerable<GraphEdge> BrokenIn(ChainGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return (graph.Named is { } named ? graph.ComponentOf(named) : graph.Links)
            .Select(link => link.Edge).OfType<GraphEdge>().Where(edge => edge.State != EdgeState.Good)
            .OrderBy(edge => edge.Child.LinkCount ?? int.MaxValue)
            .ThenBy(edge => edge.Child.Path, StringComparer.Ordinal);
    }

    private static List<ParentProposal> Decide(
        ChainGraph graph, DiskOpenOptions options, List<GraphEdge> broken, FindingList findings,
        CancellationToken cancellation)
    {
        var decided = new DecidedParents();
        var inquiry = new ParentInquiry(graph, options, new FolderWitness(graph, options, findings), decided);
        var proposals = new ParentProposal?[broken.Count];
        bool isChanged = true;
        for (int round = 0; round < MaximumRounds && isChanged; round++)
        {
            isChanged = false;
            for (int i = 0; i < broken.Count; i++)
            {
                if (proposals[i]?.Grade == ParentGrade.Certain) { continue; }
                ParentProposal proposal = inquiry.Of(broken[i], cancellation);
                isChanged |= proposal.Chosen is not null
                    && (proposal.Chosen.Link != proposals[i]?.Chosen?.Link
                        || proposal.Grade != proposals[i]?.Grade);
                proposals[i] = proposal;
                if (proposal.Chosen is { } chosen) { decided.Decide(broken[i].Child, chosen.Link); }
                else { decided.Withdraw(broken[i].Child); }
            }
        }
        return [.. proposals.OfType<ParentProposal>()];
    }

    private static void ThrowIfOutdated(IHost host, ParentProposal proposal, FindingList findings)
    {
        GraphLink child = proposal.Edge.Child, parent = proposal.Chosen!.Link;
        byte[] now = DescriptorSwap.Read(host, child.Link!.DescriptorPlace!, findings);
        if (!now.AsSpan().SequenceEqual(proposal.Step!.OldText))
        {
            throw findings.Refuse(
                RepairFindings.PlanOutdated, child.Path, "its descriptor is not that of the plan");
        }
        uint? id = LinkProbe.Read(host, parent.Path, new FindingList()).Descriptor?.ContentId;
        if (id != parent.Descriptor!.ContentId)
        {
            throw findings.Refuse(
                RepairFindings.PlanOutdated, parent.Path, "its content id is not that of the plan");
        }
    }
}
