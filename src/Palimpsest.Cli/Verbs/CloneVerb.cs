using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Cloning;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary>
/// <c>vmdk clone</c>: a disk of one's own with another's content, or a delta on it; and who shares whose
/// base.
/// </summary>
internal static class CloneVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var source = new Argument<string>("SRC")
        {
            Description =
                "The disk to clone; with --list a disk or folder, with --forget the link that is shared.",
        };
        var target = new Argument<string?>("DST")
        {
            Description = "The clone; it must not exist, its folder must.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> linked = new("--linked")
        {
            Description = "Make an empty delta on SRC, whose files are frozen, instead of copying it.",
        };
        Option<bool> list = new("--list")
        {
            Description = "Say who depends on the links of a disk or a folder.",
        };
        Option<string> forget = new("--forget")
        {
            HelpName = "CLONE",
            Description = "Take a clone that is gone from the record of the link that it stood on.",
        };
        Option<string> kind = DiskKind.CreateOptional(
            "A createType, or raw; without it, what suits the source.", "-O", "--kind");
        Option<string> cache = CacheMode.Create();
        Option<bool> hash = new("--hash")
        {
            Description = "Take the SHA-256 of the guest's bytes while copying.",
        };
        Option<bool> scars = new("--keep-scars")
        {
            Description = "Go on over unreadable ranges: zeros in the clone, and a mapfile that lists them.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be done, and do nothing." };
        Option<bool> progress = ProgressDisplay.CreateOption();
        return new VerbCommand("clone",
            "Make a disk with the content of another: a whole copy, or a delta on it.",
            session =>
            {
                bool isDryRun = session.Get(dryRun);
                string disk = session.Get(source);
                if (session.Get(list)) { return List(session, disk); }
                if (session.Get(forget) is { } clone) { return Forget(session, clone, disk, isDryRun); }
                string copy = session.Parsed.GetValue(target)
                    ?? throw new UsageException("the clone has no name. See: vmdk clone --help");
                if (session.Get(linked)) { return Link(session, disk, copy, session.Get(kind), isDryRun); }
                return Copy(session, disk, isDryRun, session.Get(progress), links => new DiskConversion
                {
                    TargetPath = copy,
                    Kind = session.Get(kind) ?? CloneKinds.Independent(links),
                    TakesHash = session.Get(hash),
                    KeepsScars = session.Get(scars),
                    IsFlushed = CacheMode.IsFlushed(session.Get(cache)),
                });
            },
            "vmdk clone web01.vmdk ../web02/web02.vmdk", "vmdk clone --linked web01.vmdk ../web02/web02.vmdk",
            "vmdk clone --list web01.vmdk", "vmdk clone --forget /vm/web02/web02.vmdk web01.vmdk")
        {
            Arguments = { source, target },
            Options = { linked, list, forget, kind, cache, hash, scars, dryRun, progress },
            Details = "A whole clone is a disk of its own, of the kind of SRC's base where that can be "
                + "written, with an identity of its own. Where the host's file system can, it shares the "
                + "storage until one of the two is written to. A linked clone holds what is written to it "
                + "and reads everything else from SRC, which must never change again: its files lose the "
                + "permission to write, and the clone is recorded in a file beside it, so that no other verb "
                + "changes it either.",
        };
    }

    private static int Copy(Session session, string path, bool isDryRun, bool wantsProgress,
        Func<IReadOnlyList<Link>, DiskConversion> conversionOf)
    {
        using Disk source = session.OpenDisk(path);
        DiskConversion conversion = conversionOf(source.Links);
        ConvertReport report;
        if (isDryRun)
        {
            report = ConvertReport.Planned(path, conversion, source.CapacityBytes);
        }
        else
        {
            ConversionResult result = ProgressDisplay.Run(session, "cloning", wantsProgress, progress =>
                DiskConverter.Convert(source, conversion, progress, session.Cancellation));
            report = ConvertReport.From(path, conversion, result);
        }
        report = report with { Report = "clone" };
        session.Print(report, () => ReportJson.Default.ConvertReport, ConvertText.Write);
        return report.ExitCode;
    }

    private static int Link(Session session, string path, string copy, string? kind, bool isDryRun)
    {
        if (kind is not null && !CloneKinds.Linked.Contains(kind, StringComparer.OrdinalIgnoreCase))
        {
            throw new UsageException(
                $"a linked clone is a delta: one of {string.Join(", ", CloneKinds.Linked)}");
        }
        var request = new LinkedCloneRequest { SourcePath = path, TargetPath = copy, Kind = kind };
        LinkedCloneResult result = isDryRun
            ? LinkedClone.Plan(request, session.OpenOptions)
            : LinkedClone.Create(request, session.OpenOptions, session.Cancellation);
        session.Note(result.Findings);
        session.Print(LinkedCloneReport.From(result, !isDryRun, session.OpenOptions.Host),
            () => ReportJson.Default.LinkedCloneReport, CloneText.Write);
        return ExitCodes.Fine;
    }

    private static int List(Session session, string path)
    {
        CloneListReport report = CloneListReport.From(path, CloneList.Of(path, session.OpenOptions));
        session.Print(report, () => ReportJson.Default.CloneListReport, CloneText.Write);
        return report.ExitCode;
    }

    private static int Forget(Session session, string clone, string disk, bool isDryRun)
    {
        string forgotten = CloneList.Forget(clone, disk, isDryRun, session.OpenOptions);
        session.Print(new CloneForgottenReport(disk, forgotten, !isDryRun),
            () => ReportJson.Default.CloneForgottenReport, CloneText.Write);
        return ExitCodes.Fine;
    }
}
