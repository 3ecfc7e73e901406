using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Snapshots;

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
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        return new VerbCommand("create", "Take a snapshot: freeze the head, put an empty delta on it.",
            session => Run(session, new SnapshotCreation
            {
                Path = session.Get(subject),
                Name = session.Get(name),
                Description = session.Get(description),
                Kind = session.Get(format),
                KeepsPermissions = session.Get(noFreeze),
            }, session.Get(dryRun)),
            "vmdk snapshot create --name 'before update' web01.vmx",
            "vmdk snapshot create web01.vmdk --dry-run",
            "vmdk snapshot create --format vmfsSparse web01.vmdk")
        {
            Arguments = { subject },
            Options = { name, description, format, noFreeze, dryRun },
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

    private static int Run(Session session, SnapshotCreation request, bool isDryRun) =>
        ChangeSession.Run(session, request.Path, "taking the snapshot", isDryRun, wantsProgress: false,
            new SnapshotCreator(request, session.OpenOptions).Plan);
}
