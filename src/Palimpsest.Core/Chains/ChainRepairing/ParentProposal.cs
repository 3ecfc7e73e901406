using Palimpsest.Core.Chains.Graph;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>How sure it is that a disk is the parent of a delta.</summary>
public enum ParentGrade
{
    /// <summary>Not at all: nothing is changed.</summary>
    Open,

    /// <summary>The evidence speaks for it; it is done when the user accepts it.</summary>
    Likely,

    /// <summary>Proved, by the content id or by the bytes.</summary>
    Certain,
}

/// <summary>What a piece of evidence is about.</summary>
public enum EvidenceKind
{
    /// <summary>The content id that the delta remembers.</summary>
    ContentId,

    /// <summary>Where <c>parentFileNameHint</c> leads.</summary>
    Hint,

    /// <summary>File names.</summary>
    Name,

    /// <summary>A snapshot list.</summary>
    Snapshots,

    /// <summary>A machine's log.</summary>
    Log,

    /// <summary>File times.</summary>
    Time,

    /// <summary>What filling grains from the parent left in the delta.</summary>
    CopyOnWrite,

    /// <summary>Grains of the delta that were written into the parent in order.</summary>
    Commit,

    /// <summary>Partitions and file systems of the two together.</summary>
    View,

    /// <summary>Whether the bytes can be had at all.</summary>
    Reading,
}

/// <summary>Which way a piece of evidence points.</summary>
public enum EvidenceSide
{
    /// <summary>Neither way.</summary>
    Neither,

    /// <summary>For the candidate.</summary>
    For,

    /// <summary>Against it.</summary>
    Against,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Side">Which way it points.</param>
/// <param name="Text">What was seen, in plain words.</param>
public sealed record ParentEvidence(EvidenceKind Kind, EvidenceSide Side, string Text);

/// <summary>
/// A disk that could be the parent of a delta: not the delta's own descendant, and of its capacity.
/// </summary>
/// <param name="Link">The disk.</param>
/// <param name="Evidence">What was looked at.</param>
public sealed record ParentCandidate(GraphLink Link, IReadOnlyList<ParentEvidence> Evidence)
{
    /// <summary>True when it holds all that the delta holds.</summary>
    public bool IsWhollyMerged { get; init; }

    internal bool Has(EvidenceKind kind, EvidenceSide side) =>
        Evidence.Any(evidence => evidence.Kind == kind && evidence.Side == side);
}

/// <summary>What is proposed for one delta whose way to its parent is broken.</summary>
public sealed record ParentProposal
{
    /// <summary>The broken way.</summary>
    public required GraphEdge Edge { get; init; }

    /// <summary>How sure it is.</summary>
    public required ParentGrade Grade { get; init; }

    /// <summary>Why that grade, in plain words.</summary>
    public required string Reason { get; init; }

    /// <summary>The proposed parent; null when it is open.</summary>
    public ParentCandidate? Chosen { get; init; }

    /// <summary>All that were looked at, the best first.</summary>
    public IReadOnlyList<ParentCandidate> Candidates { get; init; } = [];

    /// <summary>
    /// The change of the descriptor; null when it is open, or the descriptor is right as it is and is mended
    /// by what is proposed for another one.
    /// </summary>
    public RepairStep? Step { get; init; }

    /// <summary>True when the parent was written after the delta and nothing explains that.</summary>
    public bool IsParentLater => Chosen?.Has(EvidenceKind.Time, EvidenceSide.Against) == true;

    /// <summary>How many further disks could be the parent and were not looked at.</summary>
    public int SkippedCandidates { get; init; }
}
