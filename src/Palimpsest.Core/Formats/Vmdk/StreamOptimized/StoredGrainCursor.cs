using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Walks a source in batches of grains that may hold something, in ascending order, stepping over what its
/// runs call zero. Batches are aligned, so that none spans two tables.
/// </summary>
internal struct StoredGrainCursor(IBlockReader source, int grainBytes)
{
    private readonly long grainCount = (source.Length + grainBytes - 1) / grainBytes;
    private long nextGrain;
    private long knownDataEnd;

    /// <summary>The next batch; false at the end of the source.</summary>
    public bool MoveNext(out long firstGrain, out int count)
    {
        while (nextGrain < grainCount)
        {
            long offset = nextGrain * grainBytes;
            if (offset >= knownDataEnd)
            {
                BlockRun run = source.GetRun(offset, source.Length - offset);
                long runEnd = offset + run.LengthBytes;
                long grainAfterRun = runEnd == source.Length ? grainCount : runEnd / grainBytes;
                if (run.ReadsAsZero && grainAfterRun > nextGrain)
                {
                    nextGrain = grainAfterRun;
                    continue;
                }
                if (!run.ReadsAsZero) { knownDataEnd = runEnd; }
            }
            firstGrain = nextGrain;
            count = (int)Math.Min(GrainBatch.MaxGrains - (nextGrain % GrainBatch.MaxGrains),
                grainCount - nextGrain);
            nextGrain += count;
            return true;
        }
        (firstGrain, count) = (0, 0);
        return false;
    }
}
