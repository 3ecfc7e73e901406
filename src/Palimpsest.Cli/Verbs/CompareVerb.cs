using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
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
        Option<bool> strict = new("-s")
        {
            Description = "A difference in size counts even where the longer one is zero.",
        };
        Option<string> firstFormat = SourceFormat.Create("-f", "A"),
            secondFormat = SourceFormat.Create("-F", "B");
        return new VerbCommand("compare", "Compare two disks and list every range in which they differ.",
            session =>
            {
                using Disk a = session.OpenDisk(session.Get(first)),
                    b = session.OpenDisk(session.Get(second));
                SourceFormat.Hold(session.Get(firstFormat), a.Path, a.Links);
                SourceFormat.Hold(session.Get(secondFormat), b.Path, b.Links);
                return Run(session, a, b, session.Get(progress), session.Get(strict));
            },
            "vmdk compare web01.vmdk copy.raw")
        {
            Arguments = { first, second },
            Options = { firstFormat, secondFormat, progress, strict },
        };
    }

    private static int Run(Session session, Disk first, Disk second, bool wantsProgress, bool isStrict)
    {
        CompareReport report = ProgressDisplay.Run(session, "comparing", wantsProgress, progress =>
            CompareReport.Of(first, second, isStrict, progress, session.Cancellation));
        session.Print(report, () => ReportJson.Default.CompareReport, CompareText.Write);
        return report.ExitCode;
    }
}
