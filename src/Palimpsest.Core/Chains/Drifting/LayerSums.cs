namespace Palimpsest.Core.Chains.Drifting;

/// <summary>Adds up what one layer holds and what of it is visible.</summary>
internal sealed class LayerSums(int cellCount, long cellBytes)
{
    private readonly long[] cells = new long[cellCount], visibleCells = new long[cellCount];
    private long dataBytes, zeroBytes, unreadableBytes, visibleUnreadableBytes;

    public long VisibleDataBytes { get; private set; }

    public long VisibleZeroBytes { get; private set; }

    /// <summary>A run of the layer, in bytes of the disk.</summary>
    public void Add(LayerPart part, long start, long end)
    {
        long length = end - start;
        switch (part)
        {
            case LayerPart.Data: dataBytes += length; break;
            case LayerPart.Zero: zeroBytes += length; break;
            case LayerPart.Unreadable: unreadableBytes += length; return;
            default: return;
        }
        AddTo(cells, start, end);
    }

    /// <summary>A range in which the layer is what the guest sees.</summary>
    public void AddVisible(LayerPart part, long start, long end)
    {
        long length = end - start;
        switch (part)
        {
            case LayerPart.Data: VisibleDataBytes += length; break;
            case LayerPart.Zero: VisibleZeroBytes += length; break;
            default: visibleUnreadableBytes += length; return;
        }
        AddTo(visibleCells, start, end);
    }

    /// <summary>The numbers; <paramref name="roomBytes"/> is null for a base.</summary>
    public LayerDrift ToLayer(int depth, Link link, long? roomBytes) => new()
    {
        Depth = depth,
        Link = link,
        DataBytes = dataBytes,
        ZeroBytes = zeroBytes,
        UnreadableBytes = unreadableBytes,
        VisibleDataBytes = VisibleDataBytes,
        VisibleZeroBytes = VisibleZeroBytes,
        VisibleUnreadableBytes = visibleUnreadableBytes,
        Cells = cells,
        VisibleCells = visibleCells,
        Commit = roomBytes is { } room ? new CommitCost(dataBytes, zeroBytes, room) : null,
    };

    private void AddTo(long[] target, long start, long end)
    {
        for (long cell = start / cellBytes; start < end; cell++)
        {
            long cellEnd = Math.Min((cell + 1) * cellBytes, end);
            target[cell] += cellEnd - start;
            start = cellEnd;
        }
    }
}
