using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Chains.Rebasing;

/// <summary>
/// Brings into a delta what it would lose on another parent: where it holds nothing, and the two parents differ, the
/// content that it has now.
/// </summary>
/// <param name="chain">The delta over its old parent; runs of depth 0 are its own.</param>
/// <param name="newParent">What it is to stand on.</param>
/// <param name="target">The delta, writable; null only to count.</param>
/// <param name="hasParent">False when it stands alone so far: then zeros have to be written out, for its device takes
/// a hole for zeros.</param>
internal sealed class DeltaFiller(IBlockReader chain, IBlockReader newParent, IBlockDevice? target, bool hasParent)
{
    private const int BufferBytes = 1 << 20, UnitBytes = 64 << 10;
    private readonly byte[] mine = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private readonly byte[] other = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private long copiedBytes;

    /// <summary>Does it, and returns how many bytes that took.</summary>
    public long Run(IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        for (long offset = 0; offset < chain.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRun run = chain.GetRun(offset, chain.Length - offset);
            long length = run.LengthBytes;
            if (run.Depth > 0 || run.Kind == RunKind.Hole)
            {
                BlockRun beside = newParent.GetRun(offset, length);
                length = beside.LengthBytes;
                if (!IsSame(run, beside)) { length = Bring(offset, length); }
            }
            offset += length;
            progress?.Report(new CopyProgress(offset, chain.Length));
        }
        return copiedBytes;
    }

    // The same place of the same file, or nothing on both sides.
    private static bool IsSame(in BlockRun a, in BlockRun b) =>
        (a.ReadsAsZero && b.ReadsAsZero)
        || (a.File is not null && b.File is not null && a.HostOffset == b.HostOffset && a.File.Path == b.File.Path);

    private long Bring(long offset, long length)
    {
        // Up to the next unit, so that what is compared and written lies on whole grains where it can.
        int count = (int)Math.Min(length, BufferBytes - (offset % UnitBytes));
        Span<byte> a = mine.AsSpan(0, count), b = other.AsSpan(0, count);
        chain.Read(offset, a);
        newParent.Read(offset, b);
        for (int at = 0; at < count;)
        {
            int unit = (int)Math.Min(count - at, UnitBytes - ((offset + at) % UnitBytes));
            ReadOnlySpan<byte> old = a.Slice(at, unit);
            if (!old.SequenceEqual(b.Slice(at, unit))) { Put(offset + at, old); }
            at += unit;
        }
        return count;
    }

    private void Put(long offset, ReadOnlySpan<byte> bytes)
    {
        copiedBytes += bytes.Length;
        if (target is null) { return; }
        if (hasParent && bytes.IndexOfAnyExcept((byte)0) < 0)
        {
            target.WriteZeroes(offset, bytes.Length, ZeroMode.MayPunch);
            return;
        }
        target.Write(offset, bytes);
    }
}
