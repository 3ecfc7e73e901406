using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>A grain that a delta holds data for.</summary>
/// <param name="Layer">The extent it is in, without what lies below.</param>
/// <param name="LayerOffset">Byte offset in the extent.</param>
/// <param name="VirtualOffset">Byte offset in the disk.</param>
/// <param name="LengthBytes">Its size; the last one of an extent may be smaller.</param>
internal readonly record struct HeldGrain(
    ISparseLayer Layer, long LayerOffset, long VirtualOffset, int LengthBytes);

/// <summary>
/// Some hundred grains of a delta, evenly spread over those it holds, in the order of the disk. Grains of one
/// sector are left out: nothing ever fills them from a parent.
/// </summary>
internal static class GrainSample
{
    /// <summary>At least half as many are taken, where there are as many.</summary>
    public const int MaximumGrains = 1024;

    private const int MaximumGrainBytes = 1 << 20;

    /// <summary>Walks the tables of an open link.</summary>
    public static IReadOnlyList<HeldGrain> Of(Link delta, CancellationToken cancellation)
    {
        var taken = new List<HeldGrain>();
        long seen = 0, stride = 1;
        foreach (LinkExtent extent in delta.Extents)
        {
            bool isUsable =
                extent.Reader is ISparseLayer { GrainBytes: > Sector.Bytes and <= MaximumGrainBytes };
            if (!isUsable) { continue; }
            var layer = (ISparseLayer)extent.Reader;
            int grainBytes = layer.GrainBytes;
            for (long offset = 0; offset < extent.Line.LengthBytes;)
            {
                cancellation.ThrowIfCancellationRequested();
                BlockRun run = layer.GetRun(offset, extent.Line.LengthBytes - offset);
                long end = offset + run.LengthBytes;
                if (run.Kind == RunKind.Data)
                {
                    long first = (offset + grainBytes - 1) / grainBytes;
                    long behind = (end + grainBytes - 1) / grainBytes;
                    for (long grain = first; grain < behind;)
                    {
                        long skip = (stride - (seen % stride)) % stride;
                        if (skip >= behind - grain)
                        {
                            seen += behind - grain;
                            break;
                        }
                        grain += skip;
                        seen += skip + 1;
                        long start = grain++ * grainBytes;
                        taken.Add(new HeldGrain(layer, start, extent.VirtualOffset + start,
                            (int)Math.Min(grainBytes, extent.Line.LengthBytes - start)));
                        if (taken.Count < MaximumGrains) { continue; }
                        taken = [.. taken.Where((_, index) => index % 2 == 0)];
                        stride *= 2;
                    }
                }
                offset = end;
            }
        }
        return taken;
    }
}
