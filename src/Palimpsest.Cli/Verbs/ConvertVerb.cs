using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk convert</c>: a copy of a disk, as its guest sees it, of another kind.</summary>
internal static class ConvertVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var source = new Argument<string>("SRC")
        {
            Description = "The disk to read; any readable kind, with its whole chain.",
        };
        var target = new Argument<string>("DST") { Description = "The copy; it must not exist." };
        Option<string> kind = DiskKind.Create("-O", "--kind");
        Option<string> format = SourceFormat.Create(whose: "the source");
        Option<bool> progress = ProgressDisplay.CreateOption();
        Option<bool> hash = new("--hash")
        {
            Description = "Take the SHA-256 of the guest's bytes while copying.",
        };
        Option<bool> scars = new("--keep-scars")
        {
            Description = "Go on over unreadable ranges: zeros in the copy, and a mapfile that lists them.",
        };
        Option<string> cache = CacheMode.Create();
        return new VerbCommand("convert", "Copy a disk into one of another kind; holes stay holes.",
            session => Run(session, session.Get(source), session.Get(format), session.Get(progress),
                new DiskConversion
            {
                TargetPath = session.Get(target),
                Kind = session.Get(kind)!,
                TakesHash = session.Get(hash),
                KeepsScars = session.Get(scars),
                IsFlushed = CacheMode.IsFlushed(session.Get(cache)),
            }),
            "vmdk convert -O raw web01-000002.vmdk web01.raw",
            "vmdk convert -O streamOptimized --hash web01.vmdk export.vmdk")
        {
            Arguments = { source, target },
            Options = { kind, format, progress, hash, scars, cache },
        };
    }

    private static int Run(
        Session session, string path, string? format, bool wantsProgress, DiskConversion conversion)
    {
        using Disk source = session.OpenDisk(path);
        SourceFormat.Hold(format, path, source.Links);
        ConversionResult result = ProgressDisplay.Run(session, "converting", wantsProgress, progress =>
            DiskConverter.Convert(source, conversion, progress, session.Cancellation));
        ConvertReport report = ConvertReport.From(path, conversion, result);
        session.Print(report, () => ReportJson.Default.ConvertReport, ConvertText.Write);
        return report.ExitCode;
    }
}
