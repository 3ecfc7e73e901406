using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk chain</c>: how the links of a folder stand on each other.</summary>
internal static class ChainVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var path = new Argument<string>("DISK|FOLDER")
        {
            Description = "A disk, to see what hangs together with it; or a folder or .vmx, to see all.",
        };
        return new VerbCommand(
            "chain", "Draw the tree of snapshots: links, parents, who uses what, what is off.",
            session => Run(session, session.Get(path)),
            "vmdk chain /vmfs/volumes/ds1/web01", "vmdk chain --json web01-000002.vmdk")
        {
            Arguments = { path },
            Subcommands = { ChainRepairVerb.Create() },
            Details = "Only descriptors are read, whatever the size of the disks. Exit code 0: every chain "
                + "is whole and nothing is off; 1: every chain is whole, and something is off; 10: a chain "
                + "is incomplete. Whether the data inside is sound, vmdk check says.",
        };
    }

    private static int Run(Session session, string path)
    {
        ChainReport report = ChainReport.From(ChainGraph.Of(path, session.OpenOptions), path);
        session.Print(report, () => ReportJson.Default.ChainReport, ChainText.Write);
        return report.ExitCode;
    }
}
