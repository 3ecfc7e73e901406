using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Snapshots;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk snapshot consolidate</c>: merges all links into the base.</summary>
internal static class SnapshotConsolidateVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        Argument<string> subject = SnapshotVerb.CreateSubject();
        Option<bool> verify = new("--verify")
        {
            Description = "Read back what was written, before anything goes.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("consolidate", "Delete all snapshots: merge every link into the base.",
            session => Run(session, new SnapshotConsolidation
            {
                Path = session.Get(subject), Verifies = session.Get(verify),
            }, session.Get(dryRun), session.Get(progress)),
            "vmdk snapshot consolidate web01.vmx --dry-run", "vmdk snapshot consolidate --verify web01.vmx")
        {
            Arguments = { subject },
            Options = { verify, dryRun, progress },
            Details = "The present stays as it is; afterwards the machine runs from the base. Links in "
                + "another folder, as those that a linked clone stands on, are not touched. When the work "
                + "is interrupted, the same command goes on where it stopped.",
        };
    }

    private static int Run(Session session, SnapshotConsolidation request, bool isDryRun,
        bool wantsProgress) =>
        ChangeSession.Run(session, request.Path, "merging", isDryRun, wantsProgress,
            new SnapshotConsolidator(request, session.OpenOptions).Plan);
}
