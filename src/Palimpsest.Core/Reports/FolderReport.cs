using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Graph;
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
    /// <exception cref="BlockException">
    /// The folder cannot be read, or holds more than any machine's does (<c>Refused</c>).
    /// </exception>
    public static FolderReport Of(string folder, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ChainGraph graph = ChainGraph.Of(folder, options);
        IEnumerable<GraphLink> circles = graph.Roots.Where(root => root.Edge?.State == EdgeState.Loop
            && !graph.ComponentOf(root).Any(link => link.IsHead));
        IEnumerable<FolderDisk> disks = graph.Links.Where(link => link.IsHead).Concat(circles)
            .Select(link => Look(folder, NameIn(graph, link.Path), options));
        return Compose(folder, disks.OrderBy(disk => disk.Name, StringComparer.Ordinal),
            graph.DataFiles.Select(file => NameIn(graph, file)));
    }

    // What a link of the host leads to elsewhere keeps its whole path.
    private static string NameIn(ChainGraph graph, string path) =>
        HostPath.FolderOf(path) == graph.Folder ? HostPath.NameOf(path) : path;

    // One file that the host cannot read must not hide the others.
    private static FolderDisk Look(string folder, string name, DiskOpenOptions options)
    {
        try
        {
            using DiskInspection inspection = Disk.Inspect(HostPath.Combine(folder, name), options);
            return Line(name, DiskReport.From(inspection, options.Host));
        }
        catch (BlockException error)
        {
            return new FolderDisk(name, error.Message, null, 0, 0, null, ExitCodes.For(error.Kind));
        }
    }

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
