using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Snapshots;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk snapshot delete</c>: merges one snapshot into what came after it.</summary>
internal static class SnapshotDeleteVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        Argument<string> subject = SnapshotVerb.CreateSubject();
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Its name, number, or frozen link." };
        Option<bool> verify = new("--verify")
        {
            Description = "Read back what was written, before anything goes.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("delete",
            "Delete a snapshot; the present and the other snapshots stay as they are.",
            session => Run(session, new SnapshotDeletion
            {
                Path = session.Get(subject),
                Snapshot = session.Get(snapshot),
                Verifies = session.Get(verify),
            }, session.Get(dryRun), session.Get(progress)),
            "vmdk snapshot delete web01.vmx 'before update' --dry-run",
            "vmdk snapshot delete web01.vmx 'before update'",
            "vmdk snapshot delete web01-000002.vmdk web01.vmdk")
        {
            Arguments = { subject, snapshot },
            Options = { verify, dryRun, progress },
            Details = "What the snapshot froze takes the content of the delta above it, and what stood on "
                + "that delta goes on from there. A snapshot on which nothing stands any more is thrown "
                + "away. When the work is interrupted, the same command goes on where it stopped.",
        };
    }

    private static int Run(Session session, SnapshotDeletion request, bool isDryRun, bool wantsProgress) =>
        ChangeSession.Run(session, request.Path, "merging", isDryRun, wantsProgress,
            new SnapshotDeleter(request, session.OpenOptions).Plan);
}
