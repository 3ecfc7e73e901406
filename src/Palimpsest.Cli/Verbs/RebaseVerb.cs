using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Rebasing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk rebase</c>: a delta on another parent, or on none.</summary>
internal static class RebaseVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var delta = new Argument<string>("DELTA") { Description = "The delta to move." };
        Option<string> parent = new("-b", "--base")
        {
            Description = "The parent it is to stand on; \"\" to stand alone.",
            Required = true,
            HelpName = "LINK",
        };
        Option<bool> isUnsafe = new("-u", "--unsafe")
        {
            Description = "Change only the descriptor; right when the new parent has the same content.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("rebase", "Move a delta to another parent; its guest sees the same as before.",
            session => Run(session, new RebaseRequest
            {
                Path = session.Get(delta),
                ParentPath = session.Get(parent) is { Length: > 0 } path ? path : null,
                IsUnsafe = session.Get(isUnsafe),
                IsDryRun = session.Get(dryRun),
            }, session.Get(progress)),
            "vmdk rebase -b web01-000001.vmdk web01-000003.vmdk --dry-run", "vmdk rebase -b \"\" web01-000003.vmdk")
        {
            Arguments = { delta },
            Options = { parent, isUnsafe, dryRun, progress },
            Details = "Where the new parent differs from the old one, the old content is first brought into the "
                + "delta. With --unsafe nothing is compared and nothing is brought, and the old descriptor is kept.",
        };
    }

    private static int Run(Session session, RebaseRequest request, bool wantsProgress)
    {
        RebaseResult result = ProgressDisplay.Run(session, "rebasing", wantsProgress, progress =>
            DiskRebase.Run(request, session.OpenOptions, progress, session.Cancellation));
        session.Print(RebaseReport.From(request, result), () => ReportJson.Default.RebaseReport, Write);
        return ExitCodes.Fine;
    }

    private static void Write(TextOutput output, RebaseReport report)
    {
        if (report.Findings.Count > 0) { FindingText.Write(output, report.Findings); }
        string to = report.NewParent is { } parent ? $"stands on {parent}" : "stands alone";
        output.WriteLine(report.IsDone ? $"{report.Path} {to}" : $"{report.Path} would be one that {to}");
        output.WriteLine(report.IsUnsafe
            ? "  only the descriptor is changed; what the guest sees there is up to the new parent"
            : $"  {SizeText.Exact(report.CopiedBytes)} {(report.IsDone ? "were" : "at most would be")} brought into "
                + "the delta; the guest sees the same as before");
        if (report.KeptDescriptor is { } kept) { output.WriteLine($"  the old descriptor is {PathText.Shown(kept)}"); }
    }
}
