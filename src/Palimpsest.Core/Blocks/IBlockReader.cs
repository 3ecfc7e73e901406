namespace Palimpsest.Core.Blocks;

/// <summary>
/// A readable range of bytes of fixed length: a flat extent, a delta, a whole chain, a partition.
/// Synchronous, positional, without a cursor, and safe to call from several threads at once.
/// Asking for bytes outside <c>[0, Length)</c> is a mistake of the caller and throws
/// <see cref="ArgumentOutOfRangeException"/>; what the world or the image does wrong is a
/// <see cref="Findings.BlockException"/>.
/// </summary>
public interface IBlockReader : IDisposable
{
    /// <summary>Length in bytes. Constant for the life of the reader.</summary>
    long Length { get; }

    /// <summary>
    /// Fills the whole of <paramref name="target"/> from <paramref name="offset"/> (bytes), or throws
    /// <see cref="Findings.BlockException"/>. There are no short reads.
    /// </summary>
    void Read(long offset, Span<byte> target);

    /// <summary>
    /// The first run of equal status at <paramref name="offset"/>: at least 1 and at most
    /// <paramref name="length"/> bytes. A run may end early; two neighbours of equal status are legal,
    /// so callers who want maximal runs merge them. <paramref name="length"/> must be at least 1.
    /// </summary>
    BlockRun GetRun(long offset, long length);
}

/// <summary>
/// A block range that can be changed. Code that only looks takes <see cref="IBlockReader"/> and so cannot
/// write. Writes from several threads to disjoint ranges are safe; overlapping ones have no defined order.
/// </summary>
public interface IBlockDevice : IBlockReader
{
    /// <summary>Writes all of <paramref name="source"/> at <paramref name="offset"/> (bytes).</summary>
    void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>
    /// Makes a range read as zeros; <paramref name="mode"/> says what may happen to its storage.
    /// </summary>
    void WriteZeroes(long offset, long length, ZeroMode mode);

    /// <summary>
    /// Gives storage back where that is possible. The range may be rounded inward; what it reads
    /// afterwards is zeros or its old content, never foreign bytes.
    /// </summary>
    void Discard(long offset, long length);

    /// <summary>
    /// Returns when everything written before is durable, data before the tables that point to it.
    /// </summary>
    void Flush();
}

/// <summary>
/// One layer of a chain: a <see cref="RunKind.Hole"/> here means "this layer says nothing, ask the one
/// below". Read on its own, a hole reads as zeros.
/// </summary>
public interface ISparseLayer : IBlockReader
{
    /// <summary>Unit of allocation in bytes: what a first write to a hole has to fill.</summary>
    int GrainBytes { get; }
}

/// <summary>What <see cref="IBlockDevice.WriteZeroes"/> may do with the storage under the zeros.</summary>
public enum ZeroMode : byte
{
    /// <summary>The storage may be given back (a hole punched, a grain unmapped).</summary>
    MayPunch,

    /// <summary>The storage stays allocated: a later write must not fail for want of room.</summary>
    KeepAllocated,

    /// <summary>
    /// Only when it needs no data written; otherwise <see cref="Findings.BlockErrorKind.Unsupported"/> and
    /// nothing done.
    /// </summary>
    OnlyIfFast,
}
