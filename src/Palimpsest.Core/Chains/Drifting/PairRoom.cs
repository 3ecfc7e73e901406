using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Chains.Drifting;

/// <summary>
/// Adds up the room that data needs in a layer that does not store it yet: whole grains, each once, where the
/// layer has grains.
/// </summary>
internal sealed class PairRoom(LayerCursor target)
{
    private bool isNeeding;
    private long start, countedEnd;

    /// <summary>The room so far, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>From <paramref name="position"/> on, data is to come in that the layer lacks; or not.</summary>
    public void Set(bool needs, long position)
    {
        if (needs == isNeeding) { return; }
        if (isNeeding) { Add(position); } else { start = position; }
        isNeeding = needs;
    }

    private void Add(long end)
    {
        while (start < end)
        {
            LinkExtent extent = target.ExtentAt(start);
            long extentEnd = extent.VirtualOffset + extent.Line.LengthBytes, partEnd = Math.Min(end, extentEnd);
            int grain = extent.Reader is ISparseLayer layer ? layer.GrainBytes : 1;
            long first = Math.Max(extent.VirtualOffset + Down(start - extent.VirtualOffset, grain), countedEnd);
            long last = extent.VirtualOffset + Down(partEnd - extent.VirtualOffset + grain - 1, grain);
            Bytes += Math.Max(0, last - first);
            countedEnd = Math.Max(countedEnd, Math.Min(last, extentEnd));
            start = partEnd;
        }
    }

    private static long Down(long value, int unit) => value / unit * unit;
}
