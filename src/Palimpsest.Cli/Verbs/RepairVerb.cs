using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary>
/// <c>vmdk repair</c>: what can be put right from the disk itself; everything that is replaced is kept.
/// </summary>
internal static class RepairVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK")
        {
            Description = "The link to repair; with --undo, an undo file.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        Option<bool> accept = new("--accept-parent")
        {
            Description = "Take the parent as it is for the right one; only when nothing wrote to it.",
        };
        Option<bool> undo = new("--undo") { Description = "Take a repair back from the undo file it left." };
        return new VerbCommand("repair", "Put right what the disk itself allows; the old state is kept.",
            session => session.Get(undo)
                ? Undo(session, session.Get(disk))
                : Run(session, session.Get(disk), session.Get(dryRun), session.Get(accept)),
            "vmdk repair web01.vmdk --dry-run", "vmdk repair web01.vmdk")
        {
            Arguments = { disk },
            Options = { dryRun, accept, undo },
            Details = "Tables are restored from their redundant copies, descriptors are brought into the "
                + "form that other tools read. An old descriptor is kept whole, and for a change inside of "
                + "an extent an undo file is left.",
        };
    }

    private static int Run(Session session, string path, bool isDryRun, bool acceptsParent)
    {
        RepairPlan plan = DiskRepair.Plan(
            path, session.OpenOptions, new RepairOptions { AcceptParent = acceptsParent });
        RepairReport report = isDryRun
            ? RepairReport.From(plan) : RepairReport.From(plan, DiskRepair.Apply(plan));
        session.Print(report, () => ReportJson.Default.RepairReport, RepairText.Write);
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
