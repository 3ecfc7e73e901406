using System.CommandLine;
using Palimpsest.Core.Chains.Snapshots;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk snapshot revert</c>: throws the present away, and goes on from a snapshot.</summary>
internal static class SnapshotRevertVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        Argument<string> subject = SnapshotVerb.CreateSubject();
        var snapshot = new Argument<string?>("SNAPSHOT")
        {
            Description = "Its name, number, or frozen link; by default the one that the present stands on.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> keep = new("--keep") { Description = "Keep the files of the present, as a branch." };
        Option<string> format = SnapshotCreateVerb.CreateFormat();
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        return new VerbCommand("revert", "Throw the present away, and go on from a snapshot.",
            session => Run(session, new SnapshotReversion
            {
                Path = session.Get(subject),
                Snapshot = session.Parsed.GetValue(snapshot),
                KeepsHead = session.Get(keep),
                Kind = session.Get(format),
            }, session.Get(dryRun)),
            "vmdk snapshot revert web01.vmx --dry-run", "vmdk snapshot revert web01.vmx 'before update'",
            "vmdk snapshot revert --keep web01-000002.vmdk web01.vmdk")
        {
            Arguments = { subject, snapshot },
            Options = { keep, format, dryRun },
            Details = "A new empty delta is put on what the snapshot froze. The files of the present are "
                + "deleted, and links below it that nothing refers to; other snapshots stay, as branches. "
                + "Memory and settings that VMware kept with a snapshot are not touched.",
        };
    }

    private static int Run(Session session, SnapshotReversion request, bool isDryRun) =>
        ChangeSession.Run(session, request.Path, "reverting", isDryRun, wantsProgress: false,
            new SnapshotReverter(request, session.OpenOptions).Plan);
}
