using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk info</c>: what a disk is, in a few lines.</summary>
internal static class InfoVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The disk." };
        Option<string> output = OutputFormat.Create("json: the shape of qemu-img info.");
        return new VerbCommand("info", "Say what a disk is: size, type, layers, files, findings.",
            session => Run(session, session.Get(disk), session.Get(output) == "json"),
            "vmdk info web01.vmdk", "vmdk info --output=json web01.vmdk")
        {
            Arguments = { disk },
            Options = { output },
        };
    }

    private static int Run(Session session, string path, bool isQemuShape)
    {
        using DiskInspection inspection = Disk.Inspect(path, session.OpenOptions);
        DiskReport report = DiskReport.From(inspection);
        if (isQemuShape) { session.PrintJson(QemuInfo.From(report), ReportJson.Default.QemuInfo); }
        else { session.Print(report, () => ReportJson.Default.DiskReport, InfoText.Write); }
        return report.ExitCode;
    }
}
