using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Chains.Drifting;

/// <summary>
/// Adds up the room that data needs in a layer that does not store it yet: whole grains, each once, where the
/// layer has grains.
/// </summary>
internal sealed class PairRoom(LayerCursor target)
{
    private bool isNeeding;
    private long start;

    // How far the grains of the extent that begins at countedExtent are counted, in bytes of that extent.
    private long countedExtent, countedEnd;

    /// <summary>The room so far, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>From <paramref name="position"/> on, data comes in that the layer lacks; or not.</summary>
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
            long extentStart = extent.VirtualOffset;
            if (extentStart != countedExtent) { (countedExtent, countedEnd) = (extentStart, 0); }
            long inStart = start - extentStart;
            long inEnd = Math.Min(end - extentStart, extent.Line.LengthBytes);
            int grain = extent.Reader is ISparseLayer layer ? layer.GrainBytes : 1;

            // The last grain may stick out of its extent; its room is that of a whole one.
            long grainsEnd = (inEnd + grain - 1) / grain * grain;
            Bytes += Math.Max(0, grainsEnd - Math.Max(inStart / grain * grain, countedEnd));
            countedEnd = Math.Max(countedEnd, grainsEnd);
            start = extentStart + inEnd;
        }
    }
}
