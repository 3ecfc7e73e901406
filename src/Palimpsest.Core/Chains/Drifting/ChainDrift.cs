using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Drifting;

/// <summary>
/// How far the layers of an open disk have moved away from its base, from runs alone: no data is read, and
/// memory does not grow with the disk.
/// </summary>
public sealed record ChainDrift
{
    /// <summary>How many equal parts a disk is cut into for <see cref="LayerDrift.Cells"/>.</summary>
    public const int CellCount = 64;

    /// <summary>What was opened.</summary>
    public required string Path { get; init; }

    /// <summary>Size of the guest's disk.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Size of a cell; the last one of a disk may be smaller.</summary>
    public required long CellBytes { get; init; }

    /// <summary>The layers, head first, base last.</summary>
    public required IReadOnlyList<LayerDrift> Layers { get; init; }

    /// <summary>Bytes of the guest's disk that no layer stores anything for.</summary>
    public required long UnansweredBytes { get; init; }

    /// <summary>
    /// What a merge of all layers into the base would cost, done in one pass; null for a base alone.
    /// </summary>
    public CommitCost? Consolidation { get; init; }

    /// <summary>A long chain, side files that cannot be used.</summary>
    public required FindingList Findings { get; init; }

    /// <summary>The base.</summary>
    public LayerDrift Base => Layers[^1];

    /// <summary>Bytes of the base's data that a layer above hides.</summary>
    public long SupersededBytes => Base.DataBytes - Base.VisibleDataBytes;

    /// <summary>Bytes of the guest's disk that a layer above the base answers for.</summary>
    public long CoveredBytes => Layers.Take(Layers.Count - 1).Sum(layer => layer.VisibleBytes);

    /// <summary>
    /// How many layers down a read of stored data goes on average, each byte counted once; 0 is the head.
    /// Null when nothing is stored.
    /// </summary>
    public double? MeanDepth
    {
        get
        {
            double weighted = 0, sum = 0;
            foreach (LayerDrift layer in Layers)
            {
                weighted += (double)layer.VisibleDataBytes * layer.Depth;
                sum += layer.VisibleDataBytes;
            }
            return sum > 0 ? weighted / sum : null;
        }
    }

    /// <summary>
    /// Measures an open disk, whose files lie on <paramref name="host"/>. Progress counts bytes of the
    /// guest's disk.
    /// </summary>
    /// <exception cref="BlockException">The host failed where it was asked what it stores.</exception>
    public static ChainDrift Measure(
        Disk disk, IHost host, IProgress<CopyProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(host);
        var sweep = new DriftSweep(disk.Links, disk.CapacityBytes);
        sweep.Run(progress, cancellation);
        var findings = new FindingList();
        if (ChainLength.FindingFor(disk.Path, disk.Links.Count) is { } isLong) { findings.Add(isLong); }
        var witness = new LayerWitness(host, findings);
        return new ChainDrift
        {
            Path = disk.Path,
            CapacityBytes = disk.CapacityBytes,
            CellBytes = sweep.CellBytes,
            Layers = [.. disk.Links.Select((link, depth) => sweep.LayerAt(depth) with
            {
                ModifiedUtc = witness.ModifiedUtc(link),
                AllocatedBytes = witness.AllocatedBytes(link),
                FrozenBy = witness.FrozenBy(link),
            })],
            UnansweredBytes = sweep.UnansweredBytes,
            Consolidation = disk.Links.Count > 1 ? sweep.Consolidation : null,
            Findings = findings,
        };
    }
}

/// <summary>What one layer holds, and what of it can be seen.</summary>
public sealed record LayerDrift
{
    /// <summary>0 for the head.</summary>
    public required int Depth { get; init; }

    /// <summary>The link.</summary>
    public required Link Link { get; init; }

    /// <summary>Bytes of the guest's disk for which the layer stores data.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Bytes that it says are zero, hiding what is below, without storing them.</summary>
    public required long ZeroBytes { get; init; }

    /// <summary>Bytes that it should have and that cannot be had.</summary>
    public required long UnreadableBytes { get; init; }

    /// <summary>Of <see cref="DataBytes"/>, what no layer above hides.</summary>
    public required long VisibleDataBytes { get; init; }

    /// <summary>Of <see cref="ZeroBytes"/>, what no layer above hides.</summary>
    public required long VisibleZeroBytes { get; init; }

    /// <summary>Of <see cref="UnreadableBytes"/>, what no layer above hides.</summary>
    public required long VisibleUnreadableBytes { get; init; }

    /// <summary>
    /// Data and zeros of the layer by place: bytes in each <see cref="ChainDrift.CellBytes"/> of the disk.
    /// </summary>
    public required IReadOnlyList<long> Cells { get; init; }

    /// <summary>Of <see cref="Cells"/>, what no layer above hides.</summary>
    public required IReadOnlyList<long> VisibleCells { get; init; }

    /// <summary>What a commit of this layer into its parent would cost; null for the base.</summary>
    public CommitCost? Commit { get; init; }

    /// <summary>Newest change of its data files; null when the host does not say.</summary>
    public DateTime? ModifiedUtc { get; init; }

    /// <summary>What the host stores for its files; null when the host does not say.</summary>
    public long? AllocatedBytes { get; init; }

    /// <summary>The snapshots that froze it.</summary>
    public IReadOnlyList<ListedSnapshot> FrozenBy { get; init; } = [];

    /// <summary>Bytes of the guest's disk that this layer answers for now.</summary>
    public long VisibleBytes => VisibleDataBytes + VisibleZeroBytes + VisibleUnreadableBytes;

    /// <summary>Bytes of data and zeros that layers above hide.</summary>
    public long HiddenBytes => DataBytes - VisibleDataBytes + ZeroBytes - VisibleZeroBytes;
}

/// <summary>What a merge downwards costs.</summary>
/// <param name="DataBytes">Bytes of data to write.</param>
/// <param name="ZeroBytes">Bytes to mark as zero, or to write as zeros where that cannot be marked.</param>
/// <param name="RoomBytes">
/// Room that the target's file system must have for the data: what the target does not store yet, in whole
/// grains where it has grains.
/// </param>
public sealed record CommitCost(long DataBytes, long ZeroBytes, long RoomBytes)
{
    /// <summary>Data and zeros.</summary>
    public long BytesToWrite => DataBytes + ZeroBytes;
}
