using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>Weighs the evidence for the candidates of one delta.</summary>
internal static class ParentJudge
{
    private const int EnoughWeight = 40, ClearMargin = 20;

    /// <summary>A verdict.</summary>
    /// <param name="Grade">How sure.</param>
    /// <param name="Reason">Why, in plain words.</param>
    /// <param name="Chosen">The parent; null when it is open.</param>
    internal sealed record Verdict(ParentGrade Grade, string Reason, ParentCandidate? Chosen);

    /// <summary>How much speaks for a candidate, against the others.</summary>
    public static int WeightOf(ParentCandidate candidate) => candidate.Evidence.Sum(WeightOf);

    private static int WeightOf(ParentEvidence evidence) => evidence.Side switch
    {
        EvidenceSide.For => evidence.Kind switch
        {
            EvidenceKind.ContentId => 100,
            EvidenceKind.Commit => 60,
            EvidenceKind.CopyOnWrite => 50,
            EvidenceKind.Snapshots or EvidenceKind.Log => 30,
            EvidenceKind.Hint => 15,
            EvidenceKind.Name => 10,
            _ => 0,
        },
        EvidenceSide.Against => evidence.Kind switch
        {
            EvidenceKind.CopyOnWrite => -200,
            EvidenceKind.Snapshots => -40,
            EvidenceKind.View => -20,
            EvidenceKind.Time => -10,
            _ => 0,
        },
        _ => 0,
    };

    /// <summary>Judges candidates, the weightiest first.</summary>
    public static Verdict Of(GraphEdge edge, IReadOnlyList<ParentCandidate> candidates, bool isDeltaReadable)
    {
        if (edge.State == EdgeState.CapacityMismatch)
        {
            return Open("the two differ in capacity, and no edit of names and ids makes them fit");
        }
        if (!isDeltaReadable) { return Open("the delta itself cannot be read; see vmdk check"); }
        if (candidates.Count == 0) { return Open("no disk of the folder has its capacity and a content id"); }
        ParentCandidate best = candidates[0];
        int weight = WeightOf(best);
        int margin = candidates.Count > 1 ? weight - WeightOf(candidates[1]) : int.MaxValue;
        if (best.Has(EvidenceKind.CopyOnWrite, EvidenceSide.Against))
        {
            return Open("the bytes of each one speak against it");
        }
        if (weight < EnoughWeight) { return Open("the evidence for the best one is too weak"); }
        if (margin < ClearMargin)
        {
            return Open($"{best.Link.Name} and {candidates[1].Link.Name} fit about equally well");
        }
        if (candidates.FirstOrDefault(other => other != best
            && other.Has(EvidenceKind.ContentId, EvidenceSide.For)
            && !best.Has(EvidenceKind.ContentId, EvidenceSide.For)) is { } named)
        {
            return Open($"the content id speaks for {named.Link.Name}, and the rest for {best.Link.Name}");
        }
        return Certainty(edge, best, candidates);
    }

    private static Verdict Certainty(
        GraphEdge edge, ParentCandidate best, IReadOnlyList<ParentCandidate> candidates)
    {
        // Of a parent in another folder, which was not looked at, this may be a copy that went its own way.
        if (LeadsElsewhere(edge) && !best.Has(EvidenceKind.CopyOnWrite, EvidenceSide.For))
        {
            return new Verdict(ParentGrade.Likely,
                "the parent that is named lies in another folder; --allow-outside looks there too", best);
        }
        bool hasId = best.Has(EvidenceKind.ContentId, EvidenceSide.For);
        bool isOnly = !candidates.Any(other =>
            other != best && other.Has(EvidenceKind.ContentId, EvidenceSide.For));
        bool isDenied = best.Has(EvidenceKind.Snapshots, EvidenceSide.Against)
            || best.Has(EvidenceKind.View, EvidenceSide.Against);
        bool isRead = !best.Has(EvidenceKind.Reading, EvidenceSide.Against);

        // A disk that everything was merged into is there to be used, and what was written to it since need
        // not lie where the delta holds anything.
        bool isMerged = !best.IsWhollyMerged && best.Has(EvidenceKind.Commit, EvidenceSide.For)
            && best.Has(EvidenceKind.Hint, EvidenceSide.For);
        return !isDenied && isRead && hasId && isOnly
            ? new Verdict(ParentGrade.Certain, "it alone has the content id that the delta remembers", best)
            : !isDenied && isRead && isMerged && isOnly
            ? new Verdict(ParentGrade.Certain,
                "only an interrupted merge of this delta changed it, and what was merged is in the delta too",
                best)
            : new Verdict(ParentGrade.Likely, "the evidence speaks for it, and does not prove it", best);
    }

    // Under an absolute name too the parent may have been expected beside the delta: QEMU writes such names.
    private static bool LeadsElsewhere(GraphEdge edge) => edge.State == EdgeState.ParentOutside
        && HostPath.FolderOf(edge.Hint!.Replace('\\', '/')) != HostPath.FolderOf(edge.Child.Path);

    private static Verdict Open(string reason) => new(ParentGrade.Open, reason, null);
}
