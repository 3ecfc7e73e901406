using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>One disk in a folder: the head of a chain.</summary>
/// <param name="Name">File name.</param>
/// <param name="What">What it is, in one phrase.</param>
/// <param name="CapacityBytes">Size of the guest's disk; null when it is not known.</param>
/// <param name="LayerCount">Links of its chain, as far as they were found.</param>
/// <param name="FindingCount">How many findings there are.</param>
/// <param name="WorstFinding">
/// The worst of them that is more than worth knowing; null when there is none.
/// </param>
/// <param name="ExitCode">What <c>vmdk</c> on the disk alone returns.</param>
public sealed record FolderDisk(
    string Name, string What, long? CapacityBytes, int LayerCount, long FindingCount,
    FindingReport? WorstFinding, int ExitCode);

/// <summary>The disks in a folder.</summary>
public sealed record FolderReport
{
    /// <summary>A folder with more names than this is not a virtual machine's.</summary>
    public const int MaximumNames = 10_000;

    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>folder</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "folder";

    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary>The disks, by name.</summary>
    public required IReadOnlyList<FolderDisk> Disks { get; init; }

    /// <summary>Data files that no descriptor of the folder names, by name.</summary>
    public required IReadOnlyList<string> FilesWithoutDescriptor { get; init; }

    /// <summary>The worst exit code of the disks; 1 when a data file has lost its descriptor.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The next safe command.</summary>
    public required string NextCommand { get; init; }

    /// <summary>Looks at every <c>.vmdk</c> file in a folder, not below it.</summary>
    public static FolderReport Of(string folder, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        IHost host = options.Host;
        string[] names = [.. host.List(folder).Where(IsDiskName).Take(MaximumNames + 1)];
        if (names.Length > MaximumNames)
        {
            throw new BlockException(BlockErrorKind.Refused, folder, null,
                $"the folder holds more than {MaximumNames} .vmdk files; name one of them");
        }
        var looked = new List<(string Name, string RealPath, DiskReport Report)>();
        var lonely = new List<(string Name, string RealPath)>();
        var unreadable = new List<FolderDisk>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            string path = HostPath.Combine(folder, name), realPath = host.ResolveLinks(path);
            if (host.Stat(realPath)?.Kind != HostEntryKind.File) { continue; }
            using DiskInspection? inspection = TryInspect(path, options, out BlockException? failure);
            if (inspection is null)
            {
                unreadable.Add(new FolderDisk(
                    name, failure!.Message, null, 0, 0, null, ExitCodes.For(failure.Kind)));
                continue;
            }
            if (IsDataAlone(inspection))
            {
                lonely.Add((name, realPath));
                continue;
            }
            DiskReport report = DiskReport.From(inspection, host);
            looked.Add((name, realPath, report));
            MarkUsed(report, realPath, folder, host, used);
        }
        IEnumerable<FolderDisk> heads = looked.Where(disk => !used.Contains(disk.RealPath))
            .Select(disk => Line(disk.Name, disk.Report));
        return Compose(folder, heads.Concat(unreadable).OrderBy(disk => disk.Name, StringComparer.Ordinal),
            lonely.Where(file => !used.Contains(file.RealPath)).Select(file => file.Name));
    }

    // One file that the host cannot read must not hide the others.
    private static DiskInspection? TryInspect(
        string path, DiskOpenOptions options, out BlockException? failure)
    {
        try
        {
            failure = null;
            return Disk.Inspect(path, options);
        }
        catch (BlockException error)
        {
            failure = error;
            return null;
        }
    }

    private static bool IsDiskName(string name) =>
        name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)
        && !name.EndsWith("-ctk.vmdk", StringComparison.OrdinalIgnoreCase);

    private static bool IsDataAlone(DiskInspection inspection) =>
        inspection.Refusal?.Reason.Code == ChainFindings.BareDelta
        || (inspection.Links.Count > 0 && inspection.Links[0].Format == LinkFormat.Raw);

    // Extents that were not opened are marked by name: a refused disk must not make its files look lost.
    private static void MarkUsed(
        DiskReport report, string realPath, string folder, IHost host, HashSet<string> used)
    {
        foreach (LinkReport link in report.Links)
        {
            if (link.Depth > 0) { used.Add(host.ResolveLinks(link.Path)); }
            foreach (ExtentReport extent in link.Extents)
            {
                if ((extent.Path ?? NameInFolder(extent.Name, folder)) is not { } path) { continue; }
                if (host.Stat(path) is not null && host.ResolveLinks(path) is var real && real != realPath)
                {
                    used.Add(real);
                }
            }
        }
    }

    private static string? NameInFolder(string? name, string folder) =>
        name is null || name.Contains('/') || name.Contains('\0') ? null : HostPath.Combine(folder, name);

    private static FolderDisk Line(string name, DiskReport report)
    {
        FindingReport? worst = report.Findings.FirstOrDefault(finding => finding.Severity is "refusal")
            ?? report.Findings.FirstOrDefault(finding => finding.Severity is "error")
            ?? report.Findings.FirstOrDefault(finding => finding.Severity is "warning");
        return new FolderDisk(name, report.What, report.CapacityBytes, report.Links.Count,
            report.Findings.Count + report.DroppedFindings, worst, report.ExitCode);
    }

    private static FolderReport Compose(
        string folder, IEnumerable<FolderDisk> disks, IEnumerable<string> lonely)
    {
        FolderDisk[] heads = [.. disks];
        string[] files = [.. lonely];
        FolderDisk? wrong = heads.FirstOrDefault(disk => disk.ExitCode != ExitCodes.Fine)
            ?? heads.FirstOrDefault();
        string next = wrong is not null ? $"vmdk {NextStep.Quote(HostPath.Combine(folder, wrong.Name))}"
            : files.Length > 0
                ? $"vmdk describe {NextStep.Quote(HostPath.Combine(folder, files[0]))} --dry-run"
            : "vmdk --help";
        return new FolderReport
        {
            Path = folder,
            Disks = heads,
            FilesWithoutDescriptor = files,
            ExitCode = heads.Select(disk => disk.ExitCode)
            .Append(files.Length > 0 ? ExitCodes.Finding : ExitCodes.Fine).Max(),
            NextCommand = next,
        };
    }
}
