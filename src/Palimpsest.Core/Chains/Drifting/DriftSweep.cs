using System.Numerics;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Drifting;

/// <summary>
/// One pass over all layers of a chain at once, from the first byte of the disk to the last. Only where a
/// layer's run ends is anything done, and only for the layers that change there. Used once.
/// </summary>
internal sealed class DriftSweep
{
    private const int MaskBits = 64;

    private readonly IReadOnlyList<Link> links;
    private readonly long capacityBytes;
    private readonly LayerCursor[] cursors;
    private readonly LayerSums[] sums;
    private readonly PairRoom[] rooms;
    private readonly PairRoom? consolidationRoom;
    private readonly PriorityQueue<int, long> ends = new();

    // A set bit for each layer that answers: the lowest one is what the guest sees.
    private readonly ulong[] answering;

    private int visible = -1;
    private LayerPart visiblePart;
    private long visibleStart;

    public DriftSweep(IReadOnlyList<Link> links, long capacityBytes)
    {
        this.links = links;
        this.capacityBytes = capacityBytes;
        long cell = (capacityBytes + ChainDrift.CellCount - 1) / ChainDrift.CellCount;
        CellBytes = Math.Max(Sector.Bytes, (cell + Sector.Bytes - 1) / Sector.Bytes * Sector.Bytes);
        int cellCount = (int)((capacityBytes + CellBytes - 1) / CellBytes);
        int last = links.Count - 1;
        cursors = [.. links.Select((link, depth) => new LayerCursor(link, depth == last))];
        sums = [.. links.Select(_ => new LayerSums(cellCount, CellBytes))];
        rooms = [.. cursors.Skip(1).Select(parent => new PairRoom(parent))];
        consolidationRoom = last > 0 ? new PairRoom(cursors[last]) : null;
        answering = new ulong[(links.Count + MaskBits - 1) / MaskBits];
    }

    /// <summary>Bytes of a cell.</summary>
    public long CellBytes { get; }

    /// <summary>Bytes that nobody answers for.</summary>
    public long UnansweredBytes { get; private set; }

    /// <summary>What the layers above the base have, each byte of the disk once.</summary>
    public CommitCost Consolidation { get; private set; } = new(0, 0, 0);

    /// <summary>The numbers of a layer.</summary>
    public LayerDrift LayerAt(int depth) => sums[depth].ToLayer(depth, links[depth],
        depth < rooms.Length ? rooms[depth].Bytes : null);

    public void Run(IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        var counter = new ProgressCounter(progress, capacityBytes);
        var changed = new List<int>();
        if (capacityBytes > 0)
        {
            for (int depth = 0; depth < cursors.Length; depth++) { ends.Enqueue(depth, 0); }
        }
        long position = 0;
        while (ends.TryPeek(out _, out long next))
        {
            cancellation.ThrowIfCancellationRequested();
            counter.Add(next - position);
            position = next;
            if (position == capacityBytes) { break; }
            changed.Clear();
            while (ends.TryPeek(out int depth, out long end) && end == position)
            {
                ends.Dequeue();
                Advance(depth);
                changed.Add(depth);
            }
            Settle(position, changed);
        }
        Finish();
    }

    private void Advance(int depth)
    {
        LayerCursor cursor = cursors[depth];
        cursor.Advance();
        ends.Enqueue(depth, cursor.End);
        sums[depth].Add(cursor.Part, cursor.Start, cursor.End);
        ulong bit = 1UL << (depth % MaskBits);
        if (cursor.Part == LayerPart.None) { answering[depth / MaskBits] &= ~bit; }
        else { answering[depth / MaskBits] |= bit; }
    }

    private void Settle(long position, List<int> changed)
    {
        int lowest = LowestAnswering();
        LayerPart part = lowest < 0 ? LayerPart.None : cursors[lowest].Part;
        if (lowest != visible || part != visiblePart)
        {
            AddVisible(position);
            (visible, visiblePart, visibleStart) = (lowest, part, position);
        }
        foreach (int depth in changed)
        {
            if (depth > 0) { SettleRoom(depth - 1, position); }
            if (depth < rooms.Length) { SettleRoom(depth, position); }
        }
        int last = cursors.Length - 1;
        consolidationRoom?.Set(
            part == LayerPart.Data && lowest < last && IsAbsent(cursors[last].Part), position);
    }

    private void SettleRoom(int depth, long position) => rooms[depth].Set(
        cursors[depth].Part == LayerPart.Data && IsAbsent(cursors[depth + 1].Part), position);

    private static bool IsAbsent(LayerPart part) => part is LayerPart.None or LayerPart.Zero;

    private void AddVisible(long end)
    {
        if (end == visibleStart) { return; }
        if (visible < 0) { UnansweredBytes += end - visibleStart; }
        else { sums[visible].AddVisible(visiblePart, visibleStart, end); }
    }

    private int LowestAnswering()
    {
        for (int i = 0; i < answering.Length; i++)
        {
            if (answering[i] != 0) { return (i * MaskBits) + BitOperations.TrailingZeroCount(answering[i]); }
        }
        return -1;
    }

    private void Finish()
    {
        AddVisible(capacityBytes);
        foreach (PairRoom room in rooms) { room.Set(false, capacityBytes); }
        if (consolidationRoom is null) { return; }
        consolidationRoom.Set(false, capacityBytes);
        Consolidation = new CommitCost(
            sums.Take(sums.Length - 1).Sum(layer => layer.VisibleDataBytes),
            sums.Take(sums.Length - 1).Sum(layer => layer.VisibleZeroBytes), consolidationRoom.Bytes);
    }
}
