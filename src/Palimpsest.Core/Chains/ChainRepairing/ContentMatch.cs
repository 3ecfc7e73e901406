using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>
/// How the grains of a delta compare with the bytes of disks that could be its parent. Only sectors that are
/// not zero count, and a grain that is wholly the same tells nothing of where it was filled from.
/// </summary>
internal sealed class ContentMatch
{
    // Fewer equal sectors than this are chance.
    private const int EnoughSectors = 8;

    // One in so many may point the other way: a guest can write what the other disk happens to hold.
    private const int Tolerance = 10;

    private readonly long[] equalSectors;
    private readonly int[] filledGrains;
    private readonly long[,] wins;
    private readonly List<bool>[] isWholeEqual;

    private ContentMatch(int candidateCount)
    {
        equalSectors = new long[candidateCount];
        filledGrains = new int[candidateCount];
        wins = new long[candidateCount, candidateCount];
        isWholeEqual = [.. Enumerable.Range(0, candidateCount).Select(_ => new List<bool>())];
    }

    /// <summary>Grains that were looked at and are not all zeros.</summary>
    public int GrainCount { get; private set; }

    /// <summary>
    /// Compares; a candidate that is null, or cannot be read in a place, has nothing equal there.
    /// </summary>
    public static ContentMatch Of(
        IReadOnlyList<HeldGrain> grains, IReadOnlyList<IBlockReader?> candidates,
        CancellationToken cancellation)
    {
        var match = new ContentMatch(candidates.Count);
        foreach (HeldGrain grain in grains)
        {
            cancellation.ThrowIfCancellationRequested();
            match.Add(grain, candidates);
        }
        return match;
    }

    /// <summary>Sectors of a candidate that lie in grains of the delta, beside others that differ.</summary>
    public long EqualSectors(int candidate) => equalSectors[candidate];

    /// <summary>Grains in which such sectors are.</summary>
    public int FilledGrains(int candidate) => filledGrains[candidate];

    /// <summary>True when the delta's grains were filled from this one, as far as bytes can say.</summary>
    public bool IsFilledFrom(int candidate) =>
        equalSectors[candidate] >= EnoughSectors && !IsBeaten(candidate);

    /// <summary>True when the grains were filled from another candidate and not from this one.</summary>
    public bool IsBeaten(int candidate) => Enumerable.Range(0, equalSectors.Length)
        .Any(other => other != candidate && Beats(other, candidate));

    /// <summary>True where both are compared and the bytes speak for the first.</summary>
    public bool Beats(int winner, int loser) =>
        wins[winner, loser] >= EnoughSectors && wins[loser, winner] * Tolerance <= wins[winner, loser];

    /// <summary>How far a merge of the delta into a candidate went.</summary>
    public CommitTrace TraceOf(int candidate) => CommitTrace.Of(isWholeEqual[candidate]);

    private void Add(HeldGrain grain, IReadOnlyList<IBlockReader?> candidates)
    {
        byte[] held = new byte[grain.LengthBytes], other = new byte[grain.LengthBytes];
        if (!TryRead(grain.Layer, grain.LayerOffset, held)) { return; }
        int sectorCount = (grain.LengthBytes + Sector.Bytes - 1) / Sector.Bytes;
        var counted = new List<Range>();
        for (int sector = 0; sector < sectorCount; sector++)
        {
            Range range = (sector * Sector.Bytes)..Math.Min((sector + 1) * Sector.Bytes, held.Length);
            if (held.AsSpan(range).ContainsAnyExcept((byte)0)) { counted.Add(range); }
        }
        if (counted.Count == 0) { return; }
        GrainCount++;
        var equal = new bool[]?[candidates.Count];
        for (int i = 0; i < candidates.Count; i++)
        {
            bool[]? same = candidates[i] is { } reader && TryRead(reader, grain.VirtualOffset, other)
                ? [.. counted.Select(range => held.AsSpan(range).SequenceEqual(other.AsSpan(range)))] : null;
            int count = same?.Count(isSame => isSame) ?? 0;
            bool isWhole = count == counted.Count;
            isWholeEqual[i].Add(isWhole);
            if (isWhole) { continue; }
            equal[i] = same;
            equalSectors[i] += count;
            if (count > 0) { filledGrains[i]++; }
        }
        for (int i = 0; i < equal.Length; i++)
        {
            for (int j = 0; j < equal.Length; j++)
            {
                if (i == j || equal[i] is not { } mine || equal[j] is not { } theirs) { continue; }
                wins[i, j] += mine.Zip(theirs).Count(pair => pair.First && !pair.Second);
            }
        }
    }

    private static bool TryRead(IBlockReader reader, long offset, byte[] target)
    {
        if (offset + target.Length > reader.Length) { return false; }
        try
        {
            reader.Read(offset, target);
            return true;
        }
        catch (BlockException)
        {
            // What cannot be read is no evidence.
            return false;
        }
    }
}

/// <summary>
/// Whether a delta's grains are in a disk below it from the first one up to some place, and not behind it:
/// what a merge downwards leaves that was interrupted, or finished. Where somebody wrote to the disk below
/// after a merge was finished, most grains behind the first change are still there: that is no such trace.
/// </summary>
/// <param name="GrainCount">Grains compared.</param>
/// <param name="MergedGrains">Grains before the first one that is not in the disk below.</param>
/// <param name="ScatteredGrains">Grains behind it that are.</param>
internal readonly record struct CommitTrace(int GrainCount, int MergedGrains, int ScatteredGrains)
{
    // A few grains may be the same by chance, and QEMU has up to sixteen copies under way at once.
    private const int FewGrains = 4, ProvenShare = 20, ScatteredShare = 4;

    /// <summary>True when the grains look like that.</summary>
    public bool IsMerge =>
        MergedGrains > 0 && ScatteredGrains * ScatteredShare <= GrainCount - MergedGrains;

    /// <summary>True when they are too many for chance.</summary>
    public bool IsProof => IsMerge && MergedGrains >= FewGrains && MergedGrains * ProvenShare >= GrainCount;

    /// <summary>True when all of the delta is in the disk below.</summary>
    public bool IsFinished => MergedGrains == GrainCount;

    /// <summary>Finds the place.</summary>
    public static CommitTrace Of(IReadOnlyList<bool> isWholeEqual)
    {
        int merged = isWholeEqual.TakeWhile(isEqual => isEqual).Count();
        return new CommitTrace(
            isWholeEqual.Count, merged, isWholeEqual.Skip(merged).Count(isEqual => isEqual));
    }
}
