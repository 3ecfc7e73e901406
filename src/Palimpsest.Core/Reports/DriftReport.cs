using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Drifting;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>How far the layers of a disk have moved away from its base.</summary>
public sealed record DriftReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>drift</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "drift";

    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>Size of the guest's disk.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>How many links the chain has.</summary>
    public required int LinkCount { get; init; }

    /// <summary>How many more VMware allows; negative when there are too many already.</summary>
    public required int LinksLeft { get; init; }

    /// <summary>The layers, head first, base last.</summary>
    public required IReadOnlyList<DriftLayerReport> Layers { get; init; }

    /// <summary>How many bytes of the guest's disk are answered at each depth.</summary>
    public required IReadOnlyList<DriftDepthReport> Depths { get; init; }

    /// <summary>Bytes of the guest's disk that no layer stores anything for.</summary>
    public required long UnansweredBytes { get; init; }

    /// <summary>
    /// How many layers down a read of stored data goes on average; null when nothing is stored.
    /// </summary>
    public double? MeanDepth { get; init; }

    /// <summary>Bytes of the base's data that layers above hide.</summary>
    public required long SupersededBytes { get; init; }

    /// <summary>The same in percent of the base's data; null when it has none.</summary>
    public double? SupersededPercent { get; init; }

    /// <summary>Bytes of the guest's disk that layers above the base answer for.</summary>
    public required long CoveredBytes { get; init; }

    /// <summary>What a merge of all layers into the base would cost; null for a base alone.</summary>
    public DriftCostReport? Consolidation { get; init; }

    /// <summary>
    /// What the host would get back by that: the files of all layers above the base; null when the host does
    /// not say.
    /// </summary>
    public long? FreedBytes { get; init; }

    /// <summary>Bytes of the disk that one cell of the layers' pictures stands for.</summary>
    public required long CellBytes { get; init; }

    /// <summary>Everything found.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>How many findings more there were than a report holds.</summary>
    public long DroppedFindings { get; init; }

    /// <summary>
    /// The exit code that belongs to the findings: 1 for a chain of more than
    /// <see cref="ChainLength.LongChainLinks"/> links.
    /// </summary>
    public required int ExitCode { get; init; }

    /// <summary>The report of a chain; <paramref name="disk"/> is the one that was measured.</summary>
    public static DriftReport From(ChainDrift drift, Disk disk)
    {
        ArgumentNullException.ThrowIfNull(drift);
        ArgumentNullException.ThrowIfNull(disk);
        IReadOnlyList<LayerDrift> layers = drift.Layers;
        Finding[] findings = [.. disk.Findings.Items, .. drift.Findings.Items];
        return new DriftReport
        {
            Path = drift.Path,
            CapacityBytes = drift.CapacityBytes,
            LinkCount = layers.Count,
            LinksLeft = ChainLength.VmwareLinkLimit - layers.Count,
            Layers =
            [
                .. layers.Select(layer => DriftLayerReport.From(
                    layer, layer.Depth + 1 < layers.Count ? layers[layer.Depth + 1] : null)),
            ],
            Depths =
            [
                .. layers.Select(layer =>
                    new DriftDepthReport(layer.Depth, layer.VisibleDataBytes, layer.VisibleZeroBytes)),
            ],
            UnansweredBytes = drift.UnansweredBytes,
            MeanDepth = drift.MeanDepth,
            SupersededBytes = drift.SupersededBytes,
            SupersededPercent = drift.Base.DataBytes > 0
                ? 100.0 * drift.SupersededBytes / drift.Base.DataBytes : null,
            CoveredBytes = drift.CoveredBytes,
            Consolidation = drift.Consolidation is { } cost ? DriftCostReport.From(cost) : null,
            FreedBytes = layers.Take(layers.Count - 1).Aggregate((long?)0, (sum, layer) =>
                sum + layer.AllocatedBytes),
            CellBytes = drift.CellBytes,
            Findings = FindingReport.From(findings),
            DroppedFindings = disk.Findings.DroppedCount + drift.Findings.DroppedCount,
            ExitCode = FindingReport.ExitCodeOf(findings),
        };
    }
}

/// <summary>One layer.</summary>
public sealed record DriftLayerReport
{
    /// <summary>0 for the head.</summary>
    public required int Depth { get; init; }

    /// <summary>The file that holds its descriptor, or the raw image.</summary>
    public required string Path { get; init; }

    /// <summary><c>createType</c>, as written; null for a raw image.</summary>
    public string? CreateType { get; init; }

    /// <summary>Newest change of its data.</summary>
    public DateTime? ModifiedUtc { get; init; }

    /// <summary>When its parent was frozen, so that it began; null when no snapshot list says so.</summary>
    public DateTime? BegunUtc { get; init; }

    /// <summary>The snapshots that froze it.</summary>
    public required IReadOnlyList<ChainFreezeReport> FrozenBy { get; init; }

    /// <summary>What the host stores for its files.</summary>
    public long? AllocatedBytes { get; init; }

    /// <summary>Bytes of the guest's disk for which it stores data.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Bytes that it says are zero without storing them.</summary>
    public required long ZeroBytes { get; init; }

    /// <summary>Bytes that it should have and that cannot be had.</summary>
    public required long UnreadableBytes { get; init; }

    /// <summary>Bytes of the guest's disk that it answers for now.</summary>
    public required long VisibleBytes { get; init; }

    /// <summary>Bytes of data and zeros that layers above hide.</summary>
    public required long HiddenBytes { get; init; }

    /// <summary>What a commit of it into its parent would cost; null for the base.</summary>
    public DriftCostReport? Commit { get; init; }

    /// <summary>Data and zeros by place: bytes in each cell of the disk.</summary>
    public required IReadOnlyList<long> Cells { get; init; }

    /// <summary>Of these, what no layer above hides.</summary>
    public required IReadOnlyList<long> VisibleCells { get; init; }

    internal static DriftLayerReport From(LayerDrift layer, LayerDrift? parent) => new()
    {
        Depth = layer.Depth,
        Path = layer.Link.Path,
        CreateType = layer.Link.Descriptor?.CreateType,
        ModifiedUtc = layer.ModifiedUtc,
        BegunUtc = parent?.FrozenBy.Max(frozen => frozen.Snapshot.CreatedUtc),
        FrozenBy = [.. layer.FrozenBy.Select(ReportOf)],
        AllocatedBytes = layer.AllocatedBytes,
        DataBytes = layer.DataBytes,
        ZeroBytes = layer.ZeroBytes,
        UnreadableBytes = layer.UnreadableBytes,
        VisibleBytes = layer.VisibleBytes,
        HiddenBytes = layer.HiddenBytes,
        Commit = layer.Commit is { } cost ? DriftCostReport.From(cost) : null,
        Cells = layer.Cells,
        VisibleCells = layer.VisibleCells,
    };

    private static ChainFreezeReport ReportOf(ListedSnapshot frozen) => new(
        frozen.ListName, frozen.Snapshot.Uid, frozen.Snapshot.DisplayName, frozen.Snapshot.CreatedUtc,
        frozen.IsCurrent);
}

/// <summary>Bytes of the guest's disk that are answered at one depth.</summary>
/// <param name="Depth">0 for the head.</param>
/// <param name="DataBytes">Answered with data.</param>
/// <param name="ZeroBytes">Answered as zero.</param>
public sealed record DriftDepthReport(int Depth, long DataBytes, long ZeroBytes);

/// <summary>What a merge downwards costs.</summary>
/// <param name="BytesToWrite">Data and zeros.</param>
/// <param name="DataBytes">Bytes of data to write.</param>
/// <param name="ZeroBytes">Bytes to mark as zero, or to write as zeros where that cannot be marked.</param>
/// <param name="RoomBytes">
/// Room the target's file system must have for the data: what the target does not store yet, in whole grains.
/// </param>
public sealed record DriftCostReport(long BytesToWrite, long DataBytes, long ZeroBytes, long RoomBytes)
{
    internal static DriftCostReport From(CommitCost cost) =>
        new(cost.BytesToWrite, cost.DataBytes, cost.ZeroBytes, cost.RoomBytes);
}
