using System.CommandLine;
using System.Globalization;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Platform;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk describe</c>: the lost descriptor of data that is still there.</summary>
internal static class DescribeVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var data = new Argument<string>("FLAT")
        {
            Description = "The data that lost its descriptor: flat, sparse or delta.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Show the descriptor, and write nothing." };
        Option<string> parent = new("--parent") { HelpName = "DISK", Description = "The parent of a delta." };
        Option<string> contentId = new("--cid")
        {
            HelpName = "HEX",
            Description = "The CID that the disk had.",
        };
        Option<string> adapter = new("--adapter")
        {
            HelpName = "ADAPTER",
            Description = "lsilogic, buslogic, ide or pvscsi.",
        };
        adapter.AcceptOnlyFromAmong("lsilogic", "buslogic", "ide", "pvscsi");
        Option<string> target = new("--to")
        {
            HelpName = "FILE",
            Description = "Where the descriptor goes; beside the data without it.",
        };
        return new VerbCommand("describe", "Rebuild a lost descriptor from the data and what lies beside it.",
            session => Run(session, session.Get(data), session.Get(dryRun), new DescribeOptions
            {
                ParentPath = session.Get(parent),
                ContentId = session.Get(contentId) is { } text ? ContentIdOf(text) : null,
                AdapterType = session.Get(adapter),
                TargetPath = session.Get(target),
            }),
            "vmdk describe web01-flat.vmdk --dry-run", "vmdk describe web01-flat.vmdk")
        {
            Arguments = { data },
            Options = { dryRun, parent, contentId, adapter, target },
            Details = "Looks at the file itself, its siblings, .vmx, .vmsd and vmware.log, and says where "
                + "each value comes from. An existing descriptor is never overwritten.",
        };
    }

    private static int Run(Session session, string path, bool isDryRun, DescribeOptions options)
    {
        DescriptionProposal proposal = Describer.Propose(LocalHost.Instance, path, options);
        DescriptionResult? result = isDryRun ? null : Describer.Write(LocalHost.Instance, proposal);
        DescribeReport report = DescribeReport.From(proposal, result);
        session.Print(report, () => ReportJson.Default.DescribeReport, DescribeText.Write);
        return report.ExitCode;
    }

    private static uint ContentIdOf(string text) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint id)
            ? id : throw new UsageException($"\"{text}\" is no CID; it has up to eight hexadecimal digits");
}
