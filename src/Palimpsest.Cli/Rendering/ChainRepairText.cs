using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>
/// Prints a repair of chains, planned or done: for each broken link the evidence, then the change.
/// </summary>
internal static class ChainRepairText
{
    private const int ShownCandidates = 4;

    /// <summary>The proposals, what was kept, how to take it back, and what is found now.</summary>
    public static void Write(TextOutput output, ChainRepairReport report)
    {
        if (report.Proposals.Count == 0)
        {
            output.WriteLine(
                $"{PathText.Shown(report.Path)}: every delta stands on a parent that fits", TextStyle.Good);
        }
        foreach (ParentProposalReport proposal in report.Proposals)
        {
            WriteProposal(output, proposal, report.IsDone);
        }
        foreach (string path in report.KeptFiles)
        {
            output.WriteLine($"kept the old descriptor as {PathText.Shown(path)}");
        }
        foreach (string path in report.UndoFiles)
        {
            output.WriteLine($"to take it back: vmdk chain repair --undo {PathText.Shown(path)}");
        }
        output.WriteLine(report.IsDone ? "found afterwards:" : "found before:", TextStyle.Dim);
        FindingText.Write(output, report.Findings);
    }

    private static void WriteProposal(TextOutput output, ParentProposalReport proposal, bool isDone)
    {
        output.WriteLine(PathText.Shown(proposal.Path), TextStyle.Strong);
        if (proposal.Problem is { } problem) { output.WriteLine($"  {problem}"); }
        foreach (ParentCandidateReport candidate in proposal.Candidates.Take(ShownCandidates))
        {
            output.WriteLine($"  could stand on {PathText.Beside(candidate.Path, proposal.Path)}:");
            foreach (ParentEvidenceReport evidence in candidate.Evidence) { WriteEvidence(output, evidence); }
        }
        if (proposal.Candidates.Count > ShownCandidates)
        {
            output.WriteLine(
                $"  and {proposal.Candidates.Count - ShownCandidates} more, less likely; --json has them");
        }
        string parent = proposal.Parent is { } path ? $", {PathText.Beside(path, proposal.Path)}" : "";
        output.Write("  ").Write($"{proposal.Grade}{parent}", StyleFor(proposal.Grade))
            .WriteLine($": {proposal.Reason}");
        WriteStep(output, proposal, isDone);
    }

    private static void WriteEvidence(TextOutput output, ParentEvidenceReport evidence)
    {
        (string mark, TextStyle style) = evidence.Side switch
        {
            "for" => ("+", TextStyle.Good),
            "against" => ("-", TextStyle.Bad),
            _ => (" ", TextStyle.Plain),
        };
        output.Write("    ").Write(mark, style).WriteLine($" {evidence.Text}");
    }

    private static void WriteStep(TextOutput output, ParentProposalReport proposal, bool isDone)
    {
        if (proposal.Step is not { } step)
        {
            if (proposal.Parent is not null) { output.WriteLine("  its descriptor is right as it is"); }
            return;
        }
        output.WriteLine(!proposal.IsTaken ? "  not done without --accept:"
            : isDone ? "  changed in its descriptor:" : "  would change in its descriptor:");
        foreach (string line in step.RemovedLines) { output.WriteLine($"    - {line}", TextStyle.Bad); }
        foreach (string line in step.AddedLines) { output.WriteLine($"    + {line}", TextStyle.Good); }
    }

    private static TextStyle StyleFor(string grade) => grade switch
    {
        "certain" => TextStyle.Good,
        "likely" => TextStyle.Warning,
        _ => TextStyle.Bad,
    };
}
