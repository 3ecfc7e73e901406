using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk resize</c>: more room at a disk's end, or less when that is asked for by name.</summary>
internal static class ResizeVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "A disk without snapshots." };
        var size = new Argument<string>("SIZE")
        {
            Description = "The new size, such as 80G; +10G adds to the old one.",
        };
        Option<bool> shrink = new("--shrink")
        {
            Description = "Allow a smaller size; what lies behind the new end is lost.",
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would change, and change nothing." };
        return new VerbCommand("resize", "Change the size of a disk.",
            session => Run(session, session.Get(disk), session.Get(size), session.Get(shrink),
                session.Get(dryRun)),
            "vmdk resize web01.vmdk 80G", "vmdk resize web01.vmdk +10G --dry-run")
        {
            Arguments = { disk, size },
            Options = { shrink, dryRun },
        };
    }

    private static int Run(Session session, string path, string sizeText, bool allowShrink, bool isDryRun)
    {
        long before;
        using (Disk disk = session.OpenDisk(path)) { before = disk.CapacityBytes; }
        long after = SizeOf(sizeText, before);
        if (isDryRun && after < before && !allowShrink)
        {
            throw new UsageException(
                $"the disk has {before} bytes; a smaller size cuts off its end, and needs --shrink");
        }
        if (!isDryRun) { DiskResizer.Resize(path, after, allowShrink, session.OpenOptions); }
        var report = new ResizeReport(path, before, after, !isDryRun);
        session.Print(report, () => ReportJson.Default.ResizeReport, Write);
        return ExitCodes.Fine;
    }

    private static long SizeOf(string text, long before)
    {
        bool isAdded = text.StartsWith('+');
        long size = ByteSize.TryParse(isAdded ? text[1..] : text, out string reason)
            ?? throw new UsageException(reason);
        if (isAdded && size > long.MaxValue - before)
        {
            throw new UsageException($"\"{text}\" is too large");
        }
        return isAdded ? before + size : size;
    }

    private static void Write(TextOutput output, ResizeReport report)
    {
        string verb = report.IsDone ? "resized" : "would resize";
        output.WriteLine($"{verb} {report.Path} from {SizeText.Exact(report.FromBytes)} "
            + $"to {SizeText.Exact(report.ToBytes)}");
        long change = report.ToBytes - report.FromBytes;
        output.WriteLine(change >= 0
            ? $"  {SizeText.Exact(change)} of zeros at the end; the guest's partitions are as they were"
            : $"  {SizeText.Exact(-change)} at the end are cut off");
    }
}
