using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk seal</c>: records what a disk holds, so that any change can be found later.</summary>
internal static class SealVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The link to seal, with its whole chain." };
        Option<string> output = new("--out")
        {
            HelpName = "FILE",
            Description = "Where the seal goes; DISK.seal without it.",
        };
        Option<long?> chunk = new("--chunk")
        {
            HelpName = "SIZE",
            Description = "Size of the pieces that are hashed, a power of two; 1M, more above 128G.",
            CustomParser = result => ByteSize.Parse(result),
        };
        Option<bool> whole = new("--whole") { Description = "Take the SHA-256 of the whole content too." };
        Option<bool> freeze = new("--freeze")
        {
            Description = "Take the write permission off the link's files; the seal keeps the old ones.",
        };
        Option<bool> scars = new("--keep-scars")
        {
            Description = "Go on over unreadable ranges, and list them in the seal.",
        };
        Option<bool> replace = new("--replace") { Description = "Replace a seal that is there already." };
        Option<bool> dryRun = new("--dry-run")
        {
            Description = "Say what would be written and frozen, and change nothing.",
        };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("seal", "Record the hashes of a frozen disk, to find any change later.",
            session => Run(session, session.Get(disk), session.Get(dryRun), session.Get(progress),
                new SealOptions
                {
                    OutputPath = session.Get(output),
                    ChunkBytes = session.Get(chunk),
                    TakesWholeHash = session.Get(whole),
                    Freezes = session.Get(freeze),
                    KeepsScars = session.Get(scars),
                    Replaces = session.Get(replace),
                }),
            "vmdk seal web01.vmdk", "vmdk seal web01.vmdk --freeze --whole")
        {
            Arguments = { disk },
            Options = { output, chunk, whole, freeze, scars, replace, dryRun, progress },
            Details = "A SHA-256 for every chunk of what the guest sees through this link, the root of a "
                + "Merkle tree over them, and CID, size, time and permissions of every file of the chain, in "
                + "one JSON file. Holes cost nothing, and do not differ from written zeros. The disk itself "
                + "is only read. See also: vmdk verify.",
        };
    }

    private static int Run(
        Session session, string path, bool isDryRun, bool wantsProgress, SealOptions options)
    {
        using Disk disk = session.OpenDisk(path);
        SealPlan plan = DiskSealer.Plan(disk, options);
        SealReport report = isDryRun
            ? SealReport.From(plan)
            : SealReport.From(plan, ProgressDisplay.Run(session, "sealing", wantsProgress, progress =>
                DiskSealer.Run(plan, progress, session.Cancellation)));
        session.Print(report, () => ReportJson.Default.SealReport, SealText.Write);
        return report.ExitCode;
    }
}
