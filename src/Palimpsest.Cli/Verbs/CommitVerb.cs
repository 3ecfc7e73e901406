using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Changes;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk commit</c>: a delta's content goes into its parent.</summary>
internal static class CommitVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var delta = new Argument<string>("DELTA") { Description = "The delta whose content goes into its parent." };
        Option<string> target = new("-b", "--base")
        {
            Description = "Commit down to this ancestor; the links between are merged with it, and deleted.",
            HelpName = "LINK",
        };
        Option<bool> keep = new("-d") { Description = "Leave the delta as it is, instead of emptying it." };
        Option<bool> delete = new("--delete")
        {
            Description = "Delete the delta; what stood on it goes on from the parent.",
        };
        Option<bool> verify = new("--verify") { Description = "Read back what was written, before anything goes." };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("commit", "Merge a delta into its parent; resumes when it was interrupted.",
            session => Run(session, new MergeRequest
            {
                HeadPath = session.Get(delta),
                TargetPath = session.Get(target),
                Afterwards = AfterwardsOf(session.Get(keep), session.Get(delete), session.Get(target)),
                Verifies = session.Get(verify),
            }, session.Get(dryRun), session.Get(progress)),
            "vmdk commit web01-000001.vmdk --dry-run", "vmdk commit --verify web01-000001.vmdk",
            "vmdk commit --delete -b web01.vmdk web01-000003.vmdk")
        {
            Arguments = { delta },
            Options = { target, keep, delete, verify, dryRun, progress },
            Details = "The delta's guest sees the same content before, during and after. The parent must have no other "
                + "child: no second snapshot, no linked clone. When the work is interrupted, by Ctrl-C, a full "
                + "disk or a power cut, the same command goes on where it stopped.",
        };
    }

    private static int Run(Session session, MergeRequest request, bool isDryRun, bool wantsProgress) =>
        ChangeSession.Run(session, request.HeadPath, "committing", isDryRun, wantsProgress,
            () => MergePlanner.Plan(request, session.OpenOptions));

    private static MergedDelta AfterwardsOf(bool keeps, bool deletes, string? target)
    {
        if (keeps && deletes) { throw new UsageException("-d keeps the delta and --delete deletes it: choose one"); }
        if (keeps && target is not null)
        {
            throw new UsageException("with -b the links between would no longer be what they were; leave out -d");
        }
        return keeps ? MergedDelta.Keep : deletes ? MergedDelta.Delete : MergedDelta.Empty;
    }
}
