using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>
/// Finds the parent of one delta: candidates, evidence, verdict, and the change of the descriptor.
/// </summary>
internal sealed class ParentInquiry(
    ChainGraph graph, DiskOpenOptions options, FolderWitness folder, DecidedParents decided)
{
    // Each one is read in some hundred places. A machine has 32 links at most, and most of them are
    // descendants.
    private const int MaximumCandidates = 16;

    /// <summary>What is proposed for a broken edge, as things are decided so far.</summary>
    public ParentProposal Of(GraphEdge edge, CancellationToken cancellation)
    {
        GraphLink child = edge.Child;
        List<ParentCandidate> all = edge.State == EdgeState.CapacityMismatch ? []
            : [.. graph.Links.Where(link => MayBeParent(link, child))
                .Select(link => new ParentCandidate(link, [.. folder.About(child, link)]))
                .OrderByDescending(ParentJudge.WeightOf)];
        List<ParentCandidate> candidates = [.. all.Take(MaximumCandidates)];
        bool isReadable = candidates.Count == 0 || TryCompare(child, candidates, cancellation);
        candidates = [.. candidates.OrderByDescending(ParentJudge.WeightOf)];
        ParentJudge.Verdict verdict = ParentJudge.Of(edge, candidates, isReadable);
        var proposal = new ParentProposal
        {
            Edge = edge, Grade = verdict.Grade, Reason = verdict.Reason, Chosen = verdict.Chosen,
            Candidates = candidates, SkippedCandidates = all.Count - candidates.Count,
        };
        return verdict.Chosen is { } chosen ? WithStep(proposal, chosen.Link) : proposal;
    }

    private bool MayBeParent(GraphLink link, GraphLink child) =>
        link != child && link.Descriptor?.ContentId is not (null or VmdkDescriptor.NoParent)
        && link.CapacityBytes is not null && link.CapacityBytes == child.CapacityBytes
        && link.Path.AsSpan().IndexOfAny("\"\r\n") < 0 && !decided.StandsOn(link, child);

    private bool TryCompare(GraphLink child, List<ParentCandidate> candidates, CancellationToken cancellation)
    {
        var open = new List<OpenLinks?>();
        try
        {
            using OpenLinks delta = OpenLinks.Open(options, [child]);
            foreach (ParentCandidate candidate in candidates) { open.Add(TryOpen(candidate.Link)); }
            IReadOnlyList<HeldGrain> grains = GrainSample.Of(delta.Head, cancellation);
            ContentMatch match =
                ContentMatch.Of(grains, [.. open.Select(links => links?.Reader)], cancellation);
            GuestView?[] views = [.. open.Select(links => ViewOver(child, links?.Reader))];
            for (int i = 0; i < candidates.Count; i++)
            {
                candidates[i] = candidates[i] with
                {
                    IsWhollyMerged =
                        open[i] is not null && match.TraceOf(i) is { GrainCount: > 0, IsFinished: true },
                    Evidence = [.. candidates[i].Evidence,
                        .. OfContent(child, candidates, i, open[i], match, views)],
                };
            }
            return true;
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return false;
        }
        finally
        {
            ConcatReader.DisposeAll(open.OfType<IDisposable>());
        }
    }

    private OpenLinks? TryOpen(GraphLink link)
    {
        if (decided.ChainOf(link) is not { } chain) { return null; }
        try { return OpenLinks.Open(options, chain); }
        catch (Exception error) when (error is ImageException or BlockException) { return null; }
    }

    private GuestView? ViewOver(GraphLink child, IBlockReader? below)
    {
        if (below is null) { return null; }
        try
        {
            using OpenLinks both = OpenLinks.Open(options, [child], below);
            return GuestView.Of(both.Reader);
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return null;
        }
    }

    private static IEnumerable<ParentEvidence> OfContent(
        GraphLink child, List<ParentCandidate> candidates, int index, OpenLinks? open,
        ContentMatch match, GuestView?[] views)
    {
        GraphLink link = candidates[index].Link;
        if (open is null)
        {
            yield return new ParentEvidence(EvidenceKind.Reading, EvidenceSide.Against,
                "its bytes cannot be had: it, or what it stands on, is broken");
            if (FolderWitness.OfTimes(child, link, isMerged: false) is { } age) { yield return age; }
            yield break;
        }
        CommitTrace trace = match.TraceOf(index);
        bool isHinted = child.Edge!.Parent == link;
        bool isMerge = isHinted && trace.IsMerge
            && link.Descriptor!.ContentId != child.Descriptor!.ParentContentId;
        if (isMerge) { yield return OfMerge(trace); }
        else if (trace is { GrainCount: > 0, IsFinished: true })
        {
            yield return new ParentEvidence(EvidenceKind.Commit, EvidenceSide.Neither,
                "it holds all that the delta holds: a copy of the delta, or a disk that it was merged into");
        }
        yield return OfFilling(match, index, candidates);
        if (views[index] is { } view)
        {
            bool isWorse = views.Any(other => other?.FileSystemCount > view.FileSystemCount);
            yield return new ParentEvidence(EvidenceKind.View,
                isWorse ? EvidenceSide.Against : EvidenceSide.Neither, $"together they show {view.Text}");
        }
        if (FolderWitness.OfTimes(child, link, isMerge && trace.IsProof) is { } times) { yield return times; }
    }

    private static ParentEvidence OfMerge(CommitTrace trace)
    {
        string seen = trace.IsFinished
            ? $"it holds all {trace.GrainCount} grains of the delta that were looked at: the delta was "
                + "merged into it"
            : $"of {trace.GrainCount} grains of the delta that were looked at, it holds the first "
                + $"{trace.MergedGrains} and not the others: a merge of the delta into it was interrupted";
        return trace.IsProof
            ? new ParentEvidence(
                EvidenceKind.Commit, EvidenceSide.For, seen + ", which does this delta no harm")
            : new ParentEvidence(
                EvidenceKind.Commit, EvidenceSide.Neither, seen + ", or they are the same by chance");
    }

    private static ParentEvidence OfFilling(ContentMatch match, int index, List<ParentCandidate> candidates)
    {
        long equal = match.EqualSectors(index);
        string seen = $"{equal} sectors in {match.FilledGrains(index)} of {match.GrainCount} grains are the "
            + "same, as filling a grain from its parent leaves them";
        if (match.IsFilledFrom(index))
        {
            return new ParentEvidence(EvidenceKind.CopyOnWrite, EvidenceSide.For, seen);
        }
        int better = Enumerable.Range(0, candidates.Count)
            .FirstOrDefault(other => match.Beats(other, index), -1);
        return better >= 0
            ? new ParentEvidence(EvidenceKind.CopyOnWrite, EvidenceSide.Against,
                $"the delta's grains were filled from {candidates[better].Link.Name}, not from it: {seen}")
            : new ParentEvidence(EvidenceKind.CopyOnWrite, EvidenceSide.Neither, match.GrainCount == 0
                ? "the delta holds no grain that could have been filled from a parent" : seen);
    }

    private ParentProposal WithStep(ParentProposal proposal, GraphLink parent)
    {
        GraphLink child = proposal.Edge.Child;
        try
        {
            RepairStep? step = StepFor(proposal.Edge, parent, out string? refusal);
            return refusal is null ? proposal with { Step = step }
                : proposal with { Grade = ParentGrade.Open, Reason = refusal, Chosen = null };
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return proposal with
            {
                Grade = ParentGrade.Open, Reason = $"{child.Name}: {error.Message}", Chosen = null,
            };
        }
    }

    private RepairStep? StepFor(GraphEdge edge, GraphLink parent, out string? refusal)
    {
        GraphLink child = edge.Child;
        DescriptorPlace place = child.Link!.DescriptorPlace!;
        byte[] old = Repairing.DescriptorSwap.Read(options.Host, place, new FindingList());
        VmdkDescriptor before = DescriptorParser.Parse(old, child.Path, new FindingList());
        uint id = parent.Descriptor!.ContentId!.Value;
        bool isBeside = HostPath.FolderOf(parent.Path) == HostPath.FolderOf(child.Path);
        string hint = isBeside ? parent.Name : parent.Path;
        if (edge.ParentPath == parent.Path) { hint = before.ParentFileNameHint ?? hint; }
        var editor = new DescriptorEditor(before);
        var reasons = new List<string>();
        if (before.ParentContentId != id)
        {
            editor.SetParentContentId(id);
            reasons.Add($"parentCID becomes {id:x8}, the CID of {parent.Name}");
        }
        if (before.ParentFileNameHint != hint)
        {
            editor.Set("parentFileNameHint", hint);
            reasons.Add($"parentFileNameHint leads to {parent.Name}");
        }
        byte[] text = editor.ToBytes();
        VmdkDescriptor after = DescriptorParser.Parse(text, child.Path, new FindingList());
        bool isMeant = after.ParentContentId == id && after.ParentFileNameHint == hint
            && after.Extents.SequenceEqual(before.Extents) && after.ContentId == before.ContentId;
        refusal = !isMeant ? "its descriptor cannot hold the name of the parent"
            : text.Length > place.AreaBytes ? "its descriptor has no room for the name of the parent" : null;
        return reasons.Count == 0 || refusal is not null ? null
            : new RepairStep { FilePath = child.Path, Reasons = reasons, OldText = old, NewText = text };
    }
}
