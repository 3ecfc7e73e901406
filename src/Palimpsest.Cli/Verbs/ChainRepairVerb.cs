using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.ChainRepairing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk chain repair</c>: deltas find their parents again; only descriptors change.</summary>
internal static class ChainRepairVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var path = new Argument<string>("DISK|FOLDER")
        {
            Description = "A folder, or a disk with what hangs together with it; with --undo, an undo file.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        Option<bool> accept = new("--accept")
        {
            Description = "Take likely parents too, not only certain ones.",
        };
        Option<bool> undo = new("--undo") { Description = "Take a repair back from the undo file it left." };
        return new VerbCommand(
            "repair", "Find the true parents of deltas that lost them; old descriptors are kept.",
            session => session.Get(undo)
                ? Undo(session, session.Get(path))
                : Run(session, session.Get(path), session.Get(dryRun), session.Get(accept)),
            "vmdk chain repair /vmfs/volumes/ds1/web01 --dry-run",
            "vmdk chain repair web01-000002.vmdk --accept",
            "vmdk chain repair --undo web01-000002.vmdk.undo-1")
        {
            Arguments = { path },
            Options = { dryRun, accept, undo },
            Details = "For each delta whose parent is missing or does not fit, every disk of the folder with "
                + "its capacity is looked at: content ids, names, snapshot lists, logs, times, and whether "
                + "the delta's grains were filled from that disk. Certain parents are set; likely ones with "
                + "--accept; where it cannot be told nothing is changed. Only parentCID and "
                + "parentFileNameHint of the delta change. Exit code 0: every chain is whole; 10: one is "
                + "not, or with --dry-run was not.",
        };
    }

    private static int Run(Session session, string path, bool isDryRun, bool accepts)
    {
        ChainRepairPlan plan = ChainRepair.Plan(path, session.OpenOptions, accepts, session.Cancellation);
        ChainRepairReport report = isDryRun
            ? ChainRepairReport.From(plan) : ChainRepairReport.From(plan, ChainRepair.Apply(plan));
        session.Print(report, () => ReportJson.Default.ChainRepairReport, ChainRepairText.Write);
        return report.ExitCode;
    }

    private static int Undo(Session session, string undoPath)
    {
        string path = DiskRepair.Undo(LocalHost.Instance, undoPath);
        session.Print(new UndoReport(path, undoPath), () => ReportJson.Default.UndoReport, (output, undone) =>
            output.WriteLine($"{PathText.Shown(undone.Path)} is as it was before the repair"));
        return ExitCodes.Fine;
    }
}
