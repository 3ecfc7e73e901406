using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// Checks a disk: descriptors, how the links fit together, and the tables of every extent - also of those
/// that a refusal keeps from being opened. Reads only.
/// </summary>
public static class DiskCheck
{
    /// <summary>
    /// Checks as far as the disk can be followed. What is wrong is in the result; only the host's failure
    /// throws.
    /// </summary>
    /// <exception cref="BlockException">The named file cannot be read at all.</exception>
    public static CheckResult Run(
        string path, DiskOpenOptions options, CheckOptions checkOptions, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(checkOptions);
        using DiskInspection inspection = Inspect(path, options with { IsWritable = false });
        var run = new CheckRun(options, cancellation);
        if (inspection.Links.Count == 0) { run.CheckBareFile(path); }
        foreach (Link link in inspection.Links) { run.CheckLink(link); }
        long unreadableBytes = checkOptions.IsDeep ? run.ReadAll(inspection.Links, progress) : 0;
        return new CheckResult
        {
            Path = path, Findings = Merge(inspection.Findings, run.Findings), Links = inspection.Links,
            Extents = run.Reports, Refusal = inspection.Refusal, UnreadableBytes = unreadableBytes,
        };
    }

    // A parent or an extent that the host cannot read ends the opening; the head is checked all the same.
    private static DiskInspection Inspect(string path, DiskOpenOptions options)
    {
        try
        {
            return Disk.Inspect(path, options);
        }
        catch (BlockException error) when (error.Path != path && error.Kind != BlockErrorKind.NotFound)
        {
            var findings = new FindingList();
            Link head = LinkProbe.Read(options.Host, path, findings);
            ImageException refusal = findings.Refuse(
                RepairFindings.FileUnreadable, error.Path ?? path, error.Message, error.OffsetBytes);
            return new DiskInspection(path, [head], findings, null, refusal);
        }
    }

    // Opening looks at less of an extent than its check does, so of a kind that both found the check's word
    // is kept.
    private static FindingList Merge(FindingList opening, FindingList checking)
    {
        var checkedKinds = checking.Items.Select(finding => (finding.Code, finding.Path)).ToHashSet();
        var merged = new FindingList();
        foreach (Finding finding in opening.Items
            .Where(finding => !checkedKinds.Contains((finding.Code, finding.Path)))
            .Concat(checking.Items).Distinct())
        {
            merged.Add(finding);
        }
        return merged;
    }
}

/// <summary>One run of a check. Used once.</summary>
internal sealed class CheckRun(DiskOpenOptions options, CancellationToken cancellation)
{
    private const int BufferBytes = 1 << 20, UsualGrainBytes = 64 << 10;

    private readonly IHost host = options.Host;
    private readonly HostNames names = new(options.Host, options.AllowOutside);
    private readonly List<ExtentReport> reports = [];

    public FindingList Findings { get; } = new();

    public IReadOnlyList<ExtentReport> Reports => reports;

    /// <summary>Checks a file that is no link: an extent that was named itself.</summary>
    public void CheckBareFile(string path)
    {
        if (host.Stat(path)?.Kind is not (HostEntryKind.File or HostEntryKind.Link)) { return; }
        var report = new ExtentReport(path, null, path);
        reports.Add(Guarded(report, () =>
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            return ExtentCheck.RunSparse(file, report, Findings);
        }));
    }

    /// <summary>Checks every extent of a link, whether its neighbours are sound or not.</summary>
    public void CheckLink(Link link)
    {
        if (link.Descriptor is not { } descriptor) { return; }
        foreach (ExtentLine line in descriptor.Extents)
        {
            cancellation.ThrowIfCancellationRequested();
            var report = new ExtentReport(link.Path, line, null);
            if (line.FileName is null || line.Type == ExtentType.Zero || line.Access == ExtentAccess.NoAccess)
            {
                reports.Add(report with { IsSound = true });
                continue;
            }
            reports.Add(Guarded(report, () =>
            {
                string path = ExtentPaths.Of(link, line, names, Findings);
                using HostFile file = host.Open(path, HostAccess.Read);
                report = report with { Path = path };
                return line.Type is ExtentType.Flat or ExtentType.Vmfs
                    ? ExtentCheck.RunFlat(file, report,
                        descriptor.Extents.Count(other => other.FileName == line.FileName) == 1, Findings)
                    : ExtentCheck.RunSparse(file, report, Findings);
            }));
        }
    }

    /// <summary>
    /// Reads all that each link stores, whether it is visible through the chain or not. Bytes that cannot be
    /// read.
    /// </summary>
    public long ReadAll(IReadOnlyList<Link> links, IProgress<CopyProgress>? progress)
    {
        long total = links.Sum(link => link.Format == LinkFormat.Raw ? link.CapacityBytes : CapacityOf(link));
        var counter = new ProgressCounter(progress, total);
        long unreadable = 0;
        foreach (Link link in links)
        {
            IBlockReader? reader = null;
            try
            {
                // Opened without what lies below, so that each layer's own bytes answer.
                var alone = new Link(link.Path, link.Format, link.Descriptor, link.DescriptorPlace)
                {
                    CapacityBytes = link.CapacityBytes,
                };
                reader = new ExtentOpener(host, names, new FindingList())
                    .Open(alone, null, isWritable: false);
                unreadable += ReadLink(alone.Path, reader, counter);
            }
            catch (ImageException)
            {
                // What keeps it from opening is among the findings of the inspection.
                counter.Add(CapacityOf(link));
            }
            finally
            {
                reader?.Dispose();
            }
        }
        return unreadable;
    }

    private static long CapacityOf(Link link) => link.Descriptor?.CapacityBytes ?? link.CapacityBytes;

    private long ReadLink(string path, IBlockReader reader, ProgressCounter counter)
    {
        byte[] buffer = new byte[BufferBytes];
        long offset = 0, scarStart = -1, unreadable = 0;
        string reason = "";
        while (offset < reader.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRun run = reader.GetRun(offset, reader.Length - offset);
            long count = run.ReadsAsZero ? run.LengthBytes : Math.Min(run.LengthBytes, BufferBytes);
            string? failure = run.Kind == RunKind.Unreadable ? "it is known to be unreadable" : null;
            if (run.Kind == RunKind.Data) { failure = TryRead(reader, offset, buffer, ref count); }
            if (failure is not null)
            {
                if (scarStart < 0) { (scarStart, reason) = (offset, failure); }
                unreadable += count;
            }
            else if (scarStart >= 0)
            {
                Report(path, scarStart, offset, reason);
                scarStart = -1;
            }
            offset += count;
            counter.Add(count);
        }
        if (scarStart >= 0) { Report(path, scarStart, offset, reason); }
        return unreadable;
    }

    // A failed piece is read again in halves, so that one bad sector does not condemn its neighbours. Damage
    // of the image itself comes by the grain; going below that would take ages on a file that was cut short.
    private static string? TryRead(IBlockReader reader, long offset, byte[] buffer, ref long count)
    {
        while (true)
        {
            try
            {
                reader.Read(offset, buffer.AsSpan(0, (int)count));
                return null;
            }
            catch (BlockException error) when (error.Kind is BlockErrorKind.Io or BlockErrorKind.Corrupt
                or BlockErrorKind.OutOfRange)
            {
                int least = error.Kind == BlockErrorKind.Io ? Sector.Bytes : UsualGrainBytes;
                if (count <= least) { return error.Message; }
                count = Math.Max(least, count / 2 / Sector.Bytes * Sector.Bytes);
            }
        }
    }

    private void Report(string path, long start, long end, string reason) =>
        Findings.Add(RepairFindings.Unreadable, path, $"{end - start} bytes of the disk at {start}: {reason}",
            start);

    private ExtentReport Guarded(ExtentReport report, Func<ExtentReport> check)
    {
        try
        {
            return check();
        }
        catch (ImageException)
        {
            return report;
        }
        catch (BlockException error)
        {
            Findings.Add(RepairFindings.FileUnreadable,
                error.Path ?? report.LinkPath, error.Message, error.OffsetBytes);
            return report;
        }
    }
}

/// <summary>Where the file of an extent line is.</summary>
internal static class ExtentPaths
{
    // A file with its descriptor inside is its own extent whatever the extent line calls it: renamed files
    // keep the old name there, and exports write a made-up one.

    /// <summary>The path of an extent's file, or a refusal.</summary>
    public static string Of(Link link, ExtentLine line, HostNames names, FindingList findings)
    {
        bool isSelf = link.Format is LinkFormat.MonolithicSparse or LinkFormat.StreamOptimized
            && line.Type == ExtentType.Sparse
            && (link.Descriptor!.Extents.Count == 1 || line.FileName == HostPath.NameOf(link.Path));
        return isSelf
            ? link.Path : names.ResolveExtent(names.FolderOf(link.Path), line.FileName!, link.Path, findings);
    }
}
