using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary>
/// <c>vmdk check</c>: every descriptor and every table of a disk, also of one that does not open.
/// </summary>
internal static class CheckVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The disk, or one extent of a lost one." };
        Option<bool> deep = new("--deep") { Description = "Read every stored byte too." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        Option<string> output = OutputFormat.Create("json: as --json.");
        return new VerbCommand("check", "Look for damage in descriptors, chains and tables; changes nothing.",
            session => Run(session, session.Get(disk), session.Get(deep), session.Get(progress),
                session.Get(output) == "json"),
            "vmdk check web01.vmdk", "vmdk check --deep web01-000002.vmdk")
        {
            Arguments = { disk },
            Options = { deep, progress, output },
        };
    }

    private static int Run(Session session, string path, bool isDeep, bool wantsProgress, bool isJson)
    {
        var options = new CheckOptions { IsDeep = isDeep };
        CheckResult result = ProgressDisplay.Run(session, "checking", wantsProgress, progress =>
            DiskCheck.Run(path, session.OpenOptions, options, progress, session.Cancellation));
        CheckReport report = CheckReport.From(result);
        if (isJson) { session.PrintJson(report, ReportJson.Default.CheckReport); }
        else { session.Print(report, () => ReportJson.Default.CheckReport, CheckText.Write); }
        return report.ExitCode;
    }
}
