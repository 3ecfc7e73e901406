using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk verify</c>: what changed since a disk was sealed, and who changed it.</summary>
internal static class VerifyVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The link that was sealed." };
        Option<string> seal = new("--seal")
        {
            HelpName = "FILE",
            Description = "The seal; DISK.seal without it.",
        };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("verify", "Hold a disk against its seal: what changed, and by whom.",
            session => Run(session, session.Get(disk), session.Get(seal), session.Get(progress)),
            "vmdk verify web01.vmdk", "vmdk verify consolidated.vmdk --seal web01.vmdk.seal")
        {
            Arguments = { disk },
            Options = { seal, progress },
            Details = "One read of the data. Exit code 0: as sealed. 1: a program wrote to it. 3: something "
                + "cannot be read any more. 4: content changed although no file of the chain was written, "
                + "which is rot; it outweighs the others. Content alone decides: a disk that was copied or "
                + "consolidated since is as sealed when every byte is the same.",
        };
    }

    private static int Run(Session session, string path, string? sealPath, bool wantsProgress)
    {
        sealPath ??= Seal.PathFor(path);
        Seal seal = Seal.Load(LocalHost.Instance, sealPath, new FindingList());
        using DiskInspection inspection = Disk.Inspect(path, session.OpenOptions);
        if (inspection.Refusal is null) { session.Note(inspection.Findings); }
        SealVerification result = ProgressDisplay.Run(session, "verifying", wantsProgress, progress =>
            SealVerifier.Run(
                inspection, seal, sealPath, LocalHost.Instance, progress, session.Cancellation));
        VerifyReport report = VerifyReport.From(path, sealPath, result);
        session.Print(report, () => ReportJson.Default.VerifyReport, VerifyText.Write);
        return report.ExitCode;
    }
}
