using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk snapshot list</c>: the snapshots, by the machine's list and by the links.</summary>
internal static class SnapshotListVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        Argument<string> subject = SnapshotVerb.CreateSubject();
        return new VerbCommand("list", "List the snapshots, and what does not fit; changes nothing.",
            session => Run(session, session.Get(subject)),
            "vmdk snapshot list web01.vmx", "vmdk snapshot list --json web01.vmdk")
        {
            Arguments = { subject },
            Details = "The .vmsd file's tree of snapshots, and the links of each disk as moments with their "
                + "times. Exit code 1 when the list and the links contradict each other.",
        };
    }

    private static int Run(Session session, string path)
    {
        var report = SnapshotListReport.From(path, SnapshotInventory.Take(path, session.OpenOptions));
        session.Print(report, () => ReportJson.Default.SnapshotListReport, SnapshotListText.Write);
        return report.ExitCode;
    }
}
