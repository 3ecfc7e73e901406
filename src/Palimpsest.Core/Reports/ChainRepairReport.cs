using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.ChainRepairing;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>A piece of evidence for or against a parent.</summary>
/// <param name="Kind"><c>contentId</c>, <c>hint</c>, <c>name</c>, <c>snapshots</c>, <c>log</c>, <c>time</c>,
/// <c>copyOnWrite</c>, <c>commit</c>, <c>view</c> or <c>reading</c>.</param>
/// <param name="Side"><c>for</c>, <c>against</c> or <c>neither</c>.</param>
/// <param name="Text">What was seen.</param>
public sealed record ParentEvidenceReport(string Kind, string Side, string Text)
{
    internal static ParentEvidenceReport From(ParentEvidence evidence) => new(evidence.Kind switch
    {
        EvidenceKind.ContentId => "contentId",
        EvidenceKind.CopyOnWrite => "copyOnWrite",
        _ => evidence.Kind.ToString().ToLowerInvariant(),
    }, evidence.Side.ToString().ToLowerInvariant(), evidence.Text);
}

/// <summary>A disk that could be the parent.</summary>
/// <param name="Path">The disk.</param>
/// <param name="Evidence">What was looked at.</param>
public sealed record ParentCandidateReport(string Path, IReadOnlyList<ParentEvidenceReport> Evidence);

/// <summary>A delta whose way to its parent is broken.</summary>
/// <param name="Path">The delta.</param>
/// <param name="State">What is wrong, as in the report of <c>vmdk chain</c>.</param>
/// <param name="Problem">The same, with the values seen.</param>
/// <param name="Grade"><c>certain</c>, <c>likely</c> or <c>open</c>.</param>
/// <param name="Reason">Why that grade.</param>
/// <param name="Parent">The proposed parent; null when it is open.</param>
/// <param name="IsTaken">True when the proposal was, or would be, done.</param>
/// <param name="Step">The change of the descriptor; null when there is none.</param>
/// <param name="Candidates">All that were looked at, the best first.</param>
public sealed record ParentProposalReport(
    string Path, string State, string? Problem, string Grade, string Reason, string? Parent, bool IsTaken,
    RepairStepReport? Step, IReadOnlyList<ParentCandidateReport> Candidates)
{
    internal static ParentProposalReport From(ParentProposal proposal, bool isTaken) => new(
        proposal.Edge.Child.Path, ChainEdgeReport.WordFor(proposal.Edge.State),
        proposal.Edge.Finding?.Message, proposal.Grade.ToString().ToLowerInvariant(), proposal.Reason,
        proposal.Chosen?.Link.Path, isTaken,
        proposal.Step is { } step ? RepairStepReport.From(step) : null,
        [.. proposal.Candidates.Select(candidate => new ParentCandidateReport(
            candidate.Link.Path, [.. candidate.Evidence.Select(ParentEvidenceReport.From)]))]);
}

/// <summary>A repair of chains that was, or would be, done.</summary>
public sealed record ChainRepairReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>chainRepair</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "chainRepair";

    /// <summary>The folder or the disk.</summary>
    public required string Path { get; init; }

    /// <summary>False for a dry run.</summary>
    public required bool IsDone { get; init; }

    /// <summary>One for each broken way, lower links first.</summary>
    public required IReadOnlyList<ParentProposalReport> Proposals { get; init; }

    /// <summary>Old descriptors, each whole.</summary>
    public IReadOnlyList<string> KeptFiles { get; init; } = [];

    /// <summary>Files for <c>vmdk chain repair --undo</c>, one for each changed descriptor.</summary>
    public IReadOnlyList<string> UndoFiles { get; init; } = [];

    /// <summary>What is found: before for a dry run, afterwards for a repair that was done.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>
    /// 10 when a chain is broken: before for a dry run, afterwards for a repair that was done.
    /// </summary>
    public required int ExitCode { get; init; }

    /// <summary>The report of a plan that was not carried out.</summary>
    public static ChainRepairReport From(ChainRepairPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        List<Finding> findings = FindingsOf(plan);
        findings.AddRange(plan.Proposals.Where(plan.IsTaken)
            .Select(proposal => proposal.Edge.Finding).OfType<Finding>());
        return Of(plan, findings, isBroken: plan.Proposals.Count > 0);
    }

    /// <summary>The report of a plan that was carried out.</summary>
    public static ChainRepairReport From(ChainRepairPlan plan, ChainRepairResult result)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(result);
        List<Finding> findings = FindingsOf(plan);
        HashSet<string> told = [.. plan.Proposals.Where(proposal => !plan.IsTaken(proposal))
            .Select(proposal => proposal.Edge.Child.Path)];
        List<GraphEdge> broken = [.. ChainRepair.BrokenIn(result.After)];
        findings.AddRange(broken.Where(edge => !told.Contains(edge.Child.Path))
            .Select(edge => edge.Finding).OfType<Finding>());
        return Of(plan, findings, isBroken: broken.Count > 0) with
        {
            IsDone = true, KeptFiles = result.KeptPaths, UndoFiles = result.UndoPaths,
        };
    }

    private static ChainRepairReport Of(ChainRepairPlan plan, List<Finding> findings, bool isBroken) => new()
    {
        Path = plan.Path,
        IsDone = false,
        Proposals = [.. plan.Proposals.Select(
            proposal => ParentProposalReport.From(proposal, plan.IsTaken(proposal)))],
        Findings = FindingReport.From(findings),
        ExitCode = isBroken ? ExitCodes.ChainIncomplete : FindingReport.ExitCodeOf(findings),
    };

    // Of each proposal, what its user has to know whether it is done or not.
    private static List<Finding> FindingsOf(ChainRepairPlan plan)
    {
        List<Finding> findings = [.. plan.Findings.Items];
        foreach (ParentProposal proposal in plan.Proposals)
        {
            string path = proposal.Edge.Child.Path;
            if (proposal.Edge.State == EdgeState.CapacityMismatch)
            {
                findings.Add(new Finding(ChainRepairFindings.CapacityDiffers, path,
                    proposal.Edge.Finding?.Message ?? proposal.Reason));
            }
            else if (proposal.Grade == ParentGrade.Open)
            {
                findings.Add(new Finding(ChainRepairFindings.ParentUndecided, path, proposal.Reason));
            }
            else if (!plan.IsTaken(proposal))
            {
                findings.Add(new Finding(ChainRepairFindings.ParentLikely, path, proposal.Chosen!.Link.Path));
            }
            if (proposal.IsParentLater && proposal.Grade != ParentGrade.Certain)
            {
                findings.Add(new Finding(ChainRepairFindings.ParentWrittenLater, path,
                    $"{proposal.Chosen!.Link.Path} is newer"));
            }
            if (proposal.SkippedCandidates > 0)
            {
                findings.Add(new Finding(ChainRepairFindings.TooManyCandidates, path,
                    $"{proposal.Candidates.Count} were looked at, {proposal.SkippedCandidates} were not"));
            }
        }
        return findings;
    }
}
