using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli;

/// <summary>What all verbs have in common that change a chain in several steps.</summary>
internal static class ChangeSession
{
    /// <summary>
    /// Finishes an interrupted change of <paramref name="path"/> and does nothing else; or shows the plan; or makes the
    /// change.
    /// </summary>
    public static int Run(
        Session session, string path, string title, bool isDryRun, bool wantsProgress, Func<ChangePlan> plan)
    {
        DiskOpenOptions options = session.OpenOptions;
        ChangeResult? result = null;
        if (!isDryRun)
        {
            result = ProgressDisplay.Run(session, title, wantsProgress, progress =>
                ChainChanger.Resume(path, options, progress, session.Cancellation)
                ?? ChainChanger.Apply(plan, options, progress, session.Cancellation));
        }
        ChangePlan? planned = result is null ? plan() : null;
        session.Note(planned?.Findings ?? result!.Findings);
        ChangeReport report = planned is not null ? ChangeReport.From(planned) : ChangeReport.From(result!);
        session.Print(report, () => ReportJson.Default.ChangeReport, ChangeText.Write);
        return ExitCodes.Fine;
    }
}
