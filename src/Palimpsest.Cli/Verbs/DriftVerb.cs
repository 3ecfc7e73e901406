using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Drifting;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk drift</c>: how far each layer has moved away from the base.</summary>
internal static class DriftVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The head of a chain, or any link of it." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("drift", "Say what each layer holds and hides, and what a commit would cost.",
            session => Run(session, session.Get(disk), session.Get(progress)),
            "vmdk drift web01-000002.vmdk", "vmdk drift --json web01-000002.vmdk")
        {
            Arguments = { disk },
            Options = { progress },
            Details = "Only the tables of the layers are read, not their data. Exit code 1 for a chain of "
                + "more than 24 links: VMware allows 32.",
        };
    }

    private static int Run(Session session, string path, bool wantsProgress)
    {
        using Disk disk = Disk.Open(path, session.OpenOptions);
        ChainDrift drift = ProgressDisplay.Run(session, "measuring", wantsProgress, progress =>
            ChainDrift.Measure(disk, session.OpenOptions.Host, progress, session.Cancellation));
        DriftReport report = DriftReport.From(drift, disk);
        session.Print(report, () => ReportJson.Default.DriftReport, DriftText.Write);
        return report.ExitCode;
    }
}
