using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Chains.Drifting;

/// <summary>What a layer does for a range of the disk.</summary>
internal enum LayerPart : byte
{
    /// <summary>Nothing: the layer below answers, or nobody.</summary>
    None,

    /// <summary>It stores data.</summary>
    Data,

    /// <summary>It says that it is zero, and hides what is below.</summary>
    Zero,

    /// <summary>It should answer and cannot.</summary>
    Unreadable,
}

/// <summary>Walks the runs of one layer, without what lies below, from start to end.</summary>
internal sealed class LayerCursor
{
    // Neighbouring runs of one kind are taken together, but not without end: others have to move too.
    private const int MaximumSteps = 1024;

    private readonly LinkExtent[] extents;
    private readonly bool isBase;
    private readonly long diskEnd;
    private int extentIndex;

    // The run behind the current one, where finding the end of that had to look at it.
    private (LayerPart Part, long End)? ahead;

    /// <summary>A cursor before the first run.</summary>
    public LayerCursor(Link link, bool isBase)
    {
        extents = [.. link.Extents.Where(extent => extent.Line.LengthBytes > 0)];
        diskEnd = extents.Length > 0 ? EndOf(extents[^1]) : 0;
        this.isBase = isBase;
    }

    /// <summary>Start of the current run in the disk, in bytes.</summary>
    public long Start { get; private set; }

    /// <summary>End of the current run; 0 before the first one.</summary>
    public long End { get; private set; }

    /// <summary>What the current run is.</summary>
    public LayerPart Part { get; private set; }

    /// <summary>Goes to the run behind the current one. There must be one.</summary>
    public void Advance()
    {
        Start = End;
        (Part, End) = ahead ?? RunAt(Start);
        ahead = null;
        for (int step = 1; step < MaximumSteps && End < diskEnd; step++)
        {
            (LayerPart Part, long End) next = RunAt(End);
            if (next.Part != Part)
            {
                ahead = next;
                break;
            }
            End = next.End;
        }
    }

    /// <summary>The extent at a byte of the disk.</summary>
    public LinkExtent ExtentAt(long virtualOffset)
    {
        int low = 0, high = extents.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (extents[middle].VirtualOffset <= virtualOffset) { low = middle; } else { high = middle - 1; }
        }
        return extents[low];
    }

    private (LayerPart Part, long End) RunAt(long virtualOffset)
    {
        LinkExtent extent = extents[extentIndex];
        if (virtualOffset == EndOf(extent)) { extent = extents[++extentIndex]; }
        BlockRun run = extent.Reader.GetRun(
            virtualOffset - extent.VirtualOffset, EndOf(extent) - virtualOffset);
        return (PartOf(run.Kind, extent.Reader), virtualOffset + run.LengthBytes);
    }

    private static long EndOf(LinkExtent extent) => extent.VirtualOffset + extent.Line.LengthBytes;

    private LayerPart PartOf(RunKind kind, IBlockReader reader) => kind switch
    {
        RunKind.Data => LayerPart.Data,
        RunKind.Zero => LayerPart.Zero,
        RunKind.Unreadable => LayerPart.Unreadable,

        // A hole of a flat extent above a base is no hole of the layer: the extent answers with zeros.
        _ => isBase || reader is ISparseLayer ? LayerPart.None : LayerPart.Zero,
    };
}
