using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk resize</c>: more room at a disk's end, or less when that is asked for by name.</summary>
internal static class ResizeVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "A disk without snapshots." };
        var size = new Argument<string>("SIZE")
        {
            Description = "The new size, such as 80G; +10G adds to the old one.",
        };
        Option<bool> shrink = new("--shrink")
        {
            Description = "Allow a smaller size; what lies behind the new end is lost.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        return new VerbCommand("resize", "Change the size of a disk.",
            session => Run(session, session.Get(disk), session.Get(size), session.Get(shrink),
                session.Get(dryRun)),
            "vmdk resize web01.vmdk 80G", "vmdk resize web01.vmdk +10G --dry-run")
        {
            Arguments = { disk, size },
            Options = { shrink, dryRun },
        };
    }

    private static int Run(Session session, string path, string sizeText, bool allowShrink, bool isDryRun)
    {
        bool isAdded = sizeText.StartsWith('+');
        var request = new ResizeRequest
        {
            Path = path,
            SizeBytes = ByteSize.TryParse(isAdded ? sizeText[1..] : sizeText, out string reason)
                ?? throw new UsageException(reason),
            IsAdded = isAdded,
            AllowsShrink = allowShrink,
        };
        ResizeResult result = isDryRun
            ? DiskResizer.Plan(request, session.OpenOptions)
            : DiskResizer.Resize(request, session.OpenOptions);
        session.Note(result.Findings);
        var report = new ResizeReport(path, result.FromBytes, result.ToBytes, !isDryRun)
        {
            Findings = FindingReport.FromNotable(result.Findings),
        };
        session.Print(report, () => ReportJson.Default.ResizeReport, Write);
        return ExitCodes.Fine;
    }

    private static void Write(TextOutput output, ResizeReport report)
    {
        string verb = report.IsDone ? "resized" : "would resize";
        output.WriteLine($"{verb} {report.Path} from {SizeText.Exact(report.FromBytes)} "
            + $"to {SizeText.Exact(report.ToBytes)}");
        long change = report.ToBytes - report.FromBytes;
        output.WriteLine(change >= 0
            ? $"  {SizeText.Exact(change)} of zeros at the end; the guest's partitions are as they were"
            : $"  {SizeText.Exact(-change)} at the end are cut off");
    }
}
