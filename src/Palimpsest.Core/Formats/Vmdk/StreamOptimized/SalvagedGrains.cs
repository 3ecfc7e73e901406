namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// An index of grains built from the markers of a stream: 8 bytes per marker found, so bounded by the file,
/// never by the capacity it claims. Filled by <see cref="StreamScanner"/>, then sealed; immutable and
/// thread-safe after.
/// </summary>
/// <remarks>
/// Writers skip empty grains and write the others in ascending order. So between two grains found one after
/// the other, what is absent was empty: a hole. That holds only while nothing was stepped over and the order
/// ascends; everywhere else an absent grain may be a lost one, and is unreadable.
/// </remarks>
internal sealed class SalvagedGrains : IGrainMap
{
    private const int ChunkLength = 8192, MaxGrainsPerFind = 32768;
    private readonly List<ulong[]> chunks = [];
    private readonly List<(long Start, long End)> lostRanges = [];
    private long lastGrain = -1;
    private bool isGap, hadGap;
    private bool isSealed;

    public string UnreadableReason { get; private set; } = "";

    /// <summary>Markers found.</summary>
    public long Count { get; private set; }

    /// <summary>True while every grain followed a lower one.</summary>
    public bool IsAscending { get; private set; } = true;

    /// <summary>Ranges of grains of which it cannot be known whether they were stored.</summary>
    public IReadOnlyList<(long Start, long End)> LostRanges => lostRanges;

    /// <summary>The highest grain found; -1 when there is none.</summary>
    public long LastGrain => lastGrain;

    /// <summary>The marker found <paramref name="index"/>-th: its grain and its sector.</summary>
    public (long GrainIndex, uint MarkerSector) this[long index]
    {
        get
        {
            ulong entry = chunks[(int)(index / ChunkLength)][index % ChunkLength];
            return ((long)(entry >> 32), (uint)entry);
        }
    }

    /// <summary>
    /// Records a grain. Its index and its sector fit 32 bits: the shape and the file's length were checked.
    /// </summary>
    public void Add(long grainIndex, long markerSector)
    {
        if (grainIndex <= lastGrain) { IsAscending = false; }
        else if (isGap && grainIndex > lastGrain + 1) { lostRanges.Add((lastGrain + 1, grainIndex)); }
        isGap = false;
        lastGrain = Math.Max(lastGrain, grainIndex);
        if (Count % ChunkLength == 0) { chunks.Add(new ulong[ChunkLength]); }
        chunks[(int)(Count / ChunkLength)][Count % ChunkLength] =
            ((ulong)grainIndex << 32) | (uint)markerSector;
        Count++;
    }

    /// <summary>Notes that something was stepped over: grains may be missing before the next one.</summary>
    public void MarkGap() => isGap = hadGap = true;

    /// <summary>
    /// Ends the filling. <paramref name="sawDirectory"/>: the directory was met, which writers put after all
    /// grains.
    /// </summary>
    public void Seal(long grainCount, bool sawDirectory, string unreadableReason)
    {
        UnreadableReason = unreadableReason;
        if (!IsAscending)
        {
            // Without an order, what was stepped over may have been any grain.
            SortByGrain();
            lostRanges.Clear();
            if (hadGap || !sawDirectory) { lostRanges.Add((0, grainCount)); }
        }
        else if ((isGap || !sawDirectory) && lastGrain + 1 < grainCount)
        {
            lostRanges.Add((lastGrain + 1, grainCount));
        }
        isSealed = true;
    }

    public GrainSpan Find(long grainIndex, long maxCount)
    {
        if (!isSealed) { throw new InvalidOperationException("The index is still being filled."); }
        long position = LowerBound(grainIndex);
        if (position < Count && this[position] is var found && found.GrainIndex == grainIndex)
        {
            long limit = Math.Min(Math.Min(maxCount, MaxGrainsPerFind), Count - position);
            long count = 1;
            while (count < limit && this[position + count].GrainIndex == grainIndex + count) { count++; }
            return new GrainSpan(GrainState.Stored, count, found.MarkerSector);
        }
        long end = position < Count ? this[position].GrainIndex : long.MaxValue;
        return FindAbsent(grainIndex, Math.Min(maxCount, end - grainIndex));
    }

    private GrainSpan FindAbsent(long grainIndex, long maxCount)
    {
        int low = 0, high = lostRanges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (lostRanges[middle].End <= grainIndex) { low = middle + 1; } else { high = middle; }
        }
        if (low == lostRanges.Count) { return new GrainSpan(GrainState.Hole, maxCount); }
        (long start, long end) = lostRanges[low];
        return start <= grainIndex
            ? new GrainSpan(GrainState.Unreadable, Math.Min(maxCount, end - grainIndex))
            : new GrainSpan(GrainState.Hole, Math.Min(maxCount, start - grainIndex));
    }

    /// <summary>Position of the first entry whose grain is not below <paramref name="grainIndex"/>.</summary>
    private long LowerBound(long grainIndex)
    {
        long low = 0, high = Count;
        while (low < high)
        {
            long middle = (low + high) / 2;
            if (this[middle].GrainIndex < grainIndex) { low = middle + 1; } else { high = middle; }
        }
        return low;
    }

    /// <summary>
    /// Sorts, and of a grain stored twice keeps the one that stands later in the file: it was written later.
    /// The sector is the low half of an entry, so plain order puts that one last.
    /// </summary>
    private void SortByGrain()
    {
        var all = new ulong[Count];
        for (int index = 0; index < chunks.Count; index++)
        {
            int length = (int)Math.Min(ChunkLength, Count - ((long)index * ChunkLength));
            chunks[index].AsSpan(0, length).CopyTo(all.AsSpan(index * ChunkLength));
        }
        Array.Sort(all);
        chunks.Clear();
        Count = 0;
        for (int index = 0; index < all.Length; index++)
        {
            if (index + 1 < all.Length && all[index] >> 32 == all[index + 1] >> 32) { continue; }
            if (Count % ChunkLength == 0) { chunks.Add(new ulong[ChunkLength]); }
            chunks[(int)(Count / ChunkLength)][Count % ChunkLength] = all[index];
            Count++;
        }
    }
}
