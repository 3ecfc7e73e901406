using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>The links of a folder, or those that hang together with one disk: nodes and edges.</summary>
public sealed record ChainReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>chain</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "chain";

    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>The folder it lies in, or is.</summary>
    public required string Folder { get; init; }

    /// <summary>Path of the link that was named; null for a folder.</summary>
    public string? NamedLink { get; init; }

    /// <summary>The links by path: the nodes.</summary>
    public required IReadOnlyList<ChainLinkReport> Links { get; init; }

    /// <summary>The ways from children to their parents, by the child's path.</summary>
    public required IReadOnlyList<ChainEdgeReport> Edges { get; init; }

    /// <summary>Data files that no descriptor names, by path.</summary>
    public required IReadOnlyList<string> FilesWithoutDescriptor { get; init; }

    /// <summary>Change tracking files that no descriptor names, by path.</summary>
    public required IReadOnlyList<string> TrackingFilesWithoutDisk { get; init; }

    /// <summary>Temporary files of interrupted writes, by path.</summary>
    public required IReadOnlyList<string> Leftovers { get; init; }

    /// <summary>The machines of the folder, as far as they use these links.</summary>
    public required IReadOnlyList<ChainMachineReport> Machines { get; init; }

    /// <summary>The snapshot lists of the folder, as far as they name these links.</summary>
    public required IReadOnlyList<ChainSnapshotListReport> SnapshotLists { get; init; }

    /// <summary>What to do about findings, where there is something better than the general advice.</summary>
    public required IReadOnlyList<ChainProblemReport> Problems { get; init; }

    /// <summary>Everything found.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>How many findings more there were than a report holds.</summary>
    public long DroppedFindings { get; init; }

    /// <summary>
    /// 10 when a chain is incomplete; else the code of the worst finding: 1 when every chain is whole and
    /// something is off, 0 when nothing is.
    /// </summary>
    public required int ExitCode { get; init; }

    /// <summary>The next safe command; it changes nothing.</summary>
    public required string NextCommand { get; init; }

    /// <summary>
    /// The report of a graph: of all of it, or, when a disk was named, of what hangs together with that.
    /// </summary>
    public static ChainReport From(ChainGraph graph, string path)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var scope = new ChainScope(graph);
        var list = new ChainProblemList(graph);
        foreach (GraphLink link in scope.Links) { list.Add(link); }
        list.Add(scope.Machines, scope.SnapshotLists);
        list.AddFolder(scope.FolderFindings);
        return new ChainReport
        {
            Path = path,
            Folder = graph.Folder,
            NamedLink = graph.Named?.Path,
            Links = [.. scope.Links.Select(link => ChainLinkReport.From(link, graph))],
            Edges = [.. scope.Links.Select(link => link.Edge).OfType<GraphEdge>()
                .Select(ChainEdgeReport.From)],
            FilesWithoutDescriptor = scope.DataFiles,
            TrackingFilesWithoutDisk = scope.TrackingFiles,
            Leftovers = scope.Leftovers,
            Machines = [.. scope.Machines.Select(ChainMachineReport.From)],
            SnapshotLists = [.. scope.SnapshotLists.Select(ChainSnapshotListReport.From)],
            Problems = list.Problems,
            Findings = FindingReport.From(list.Findings),
            DroppedFindings = list.DroppedCount + graph.Findings.DroppedCount,
            ExitCode = list.Findings.Any(finding => finding.Code.ExitCode == ExitCodes.ChainIncomplete)
                ? ExitCodes.ChainIncomplete : FindingReport.ExitCodeOf(list.Findings),
            NextCommand = list.NextCommand ?? UsualNext(graph, path, scope),
        };
    }

    private static string UsualNext(ChainGraph graph, string path, ChainScope scope)
    {
        GraphLink? shown = graph.Named
            ?? scope.Links.FirstOrDefault(link => link.IsHead && link.Edge is not null);
        return shown?.Edge is null ? $"vmdk {NextStep.Quote(path)}"
            : $"vmdk drift {NextStep.Quote(shown.Path)}";
    }
}

/// <summary>What of a graph belongs into a report.</summary>
internal sealed class ChainScope
{
    public ChainScope(ChainGraph graph)
    {
        bool isWhole = graph.Named is null && graph.NamedData is null;
        Links = graph.Named is { } named ? graph.ComponentOf(named) : isWhole ? graph.Links : [];
        var links = Links.ToHashSet();
        bool Has(GraphLink? link) => link is not null && links.Contains(link);
        HashSet<string> files = [.. Links.SelectMany(link => link.Files).Select(file => file.Path)];
        HashSet<string?> data =
            [.. Links.Select(link => link.Edge?.LikelyParentData).Append(graph.NamedData)];
        DataFiles = [.. graph.DataFiles.Where(file => isWhole || data.Contains(file))];
        TrackingFiles = isWhole ? graph.TrackingFiles : [];
        Leftovers = [.. graph.Leftovers.Where(file => isWhole || files.Contains(OriginalOf(file)))];
        Machines = [.. graph.Machines.Where(machine => isWhole || machine.Disks.Any(disk => Has(disk.Link)))];
        SnapshotLists =
        [
            .. graph.SnapshotLists.Where(list => isWhole
                || list.Snapshots.Any(snapshot => snapshot.Disks.Any(disk => Has(disk.Link)))),
        ];
        HashSet<string> shown = [.. DataFiles, .. TrackingFiles, .. Leftovers];
        FolderFindings =
        [
            .. graph.Findings.Items.Where(finding => isWhole || shown.Contains(finding.Path)
                || finding.Code == DescribeFindings.WitnessUnusable),
        ];
    }

    public IReadOnlyList<GraphLink> Links { get; }

    public IReadOnlyList<string> DataFiles { get; }

    public IReadOnlyList<string> TrackingFiles { get; }

    public IReadOnlyList<string> Leftovers { get; }

    public IReadOnlyList<GraphMachine> Machines { get; }

    public IReadOnlyList<GraphSnapshotList> SnapshotLists { get; }

    public IReadOnlyList<Finding> FolderFindings { get; }

    // Temporary files are named after the file they are to replace.
    private static string OriginalOf(string leftover) => leftover[..leftover.LastIndexOf('.')];
}
