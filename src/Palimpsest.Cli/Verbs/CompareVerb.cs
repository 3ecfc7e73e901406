using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk compare</c>: every range in which two disks differ.</summary>
internal static class CompareVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var first = new Argument<string>("A") { Description = "A disk." };
        var second = new Argument<string>("B") { Description = "Another disk." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        Option<bool> strict = new("-s") { Description = "A difference in size counts even where the longer one is zero." };
        return new VerbCommand("compare", "Compare two disks and list every range in which they differ.",
            session => Run(session, session.Get(first), session.Get(second), session.Get(progress), session.Get(strict)),
            "vmdk compare web01.vmdk copy.raw")
        {
            Arguments = { first, second },
            Options = { progress, strict },
        };
    }

    private static int Run(Session session, string firstPath, string secondPath, bool wantsProgress, bool isStrict)
    {
        using Disk first = session.OpenDisk(firstPath);
        using Disk second = session.OpenDisk(secondPath);
        CompareReport report = ProgressDisplay.Run(session, "comparing", wantsProgress, progress =>
            CompareReport.Of(first, second, isStrict, progress, session.Cancellation));
        session.Print(report, ReportJson.Default.CompareReport, CompareText.Write);
        return report.ExitCode;
    }
}
