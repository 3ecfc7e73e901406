using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Platform;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk snapshot create</c>: freezes the head and puts an empty delta on it.</summary>
internal static class SnapshotCreateVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        Argument<string> subject = SnapshotVerb.CreateSubject();
        Option<string> name = new("--name") { Description = "Its display name.", HelpName = "TEXT" };
        Option<string> description = new("--description")
        {
            Description = "Its description.",
            HelpName = "TEXT",
        };
        Option<string> format = CreateFormat();
        Option<bool> noFreeze = new("--no-freeze")
        {
            Description = "Leave the permissions of the frozen files as they are.",
        };
        Option<bool> seal = new("--seal")
        {
            Description = "Seal the frozen content first (vmdk seal), in place of an older seal.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        return new VerbCommand("create", "Take a snapshot: freeze the head, put an empty delta on it.",
            session => Run(session, new SnapshotCreation
            {
                Path = session.Get(subject),
                Name = session.Get(name),
                Description = session.Get(description),
                Kind = session.Get(format),
                KeepsPermissions = session.Get(noFreeze),
            }, session.Get(dryRun), session.Get(seal)),
            "vmdk snapshot create --name 'before update' web01.vmx",
            "vmdk snapshot create web01.vmdk --dry-run",
            "vmdk snapshot create --format vmfsSparse web01.vmdk")
        {
            Arguments = { subject },
            Options = { name, description, format, noFreeze, seal, dryRun },
            Details = "The machine must be shut down. What is written from now on goes into the delta, "
                + "named after the disk with six digits; the frozen files lose their write permission. The "
                + ".vmx file then names the delta, and the .vmsd file lists the snapshot. No .vmsn file is "
                + "made: to go back, use vmdk snapshot revert.",
        };
    }

    /// <summary>The option that chooses the format of new deltas.</summary>
    public static Option<string> CreateFormat()
    {
        Option<string> format = new("--format")
        {
            Description = "Delta: monolithicSparse, twoGbMaxExtentSparse or vmfsSparse; by default what "
                + "suits the disk.",
            HelpName = "KIND",
        };
        format.AcceptOnlyFromAmong([.. SnapshotCreator.DeltaKinds]);
        return format;
    }

    private static int Run(Session session, SnapshotCreation request, bool isDryRun, bool seals)
    {
        var creator = new SnapshotCreator(request, session.OpenOptions);
        if (seals && !isDryRun) { Seal(session, creator.Plan()); }
        return ChangeSession.Run(session, request.Path, "taking the snapshot", isDryRun, wantsProgress: false,
            creator.Plan);
    }

    // Before the snapshot, so that the seal has the permissions that the files had.
    private static void Seal(Session session, ChangePlan plan)
    {
        foreach (NewDeltaStep delta in plan.Change.Steps.OfType<NewDeltaStep>())
        {
            using Disk disk = session.OpenDisk(HostPath.Combine(plan.Folder, delta.Parent));
            SealPlan seal = DiskSealer.Plan(disk, new SealOptions { Replaces = true });
            ProgressDisplay.Run(session, "sealing", isAsked: false, progress =>
                DiskSealer.Run(seal, progress, session.Cancellation));
        }
    }
}
