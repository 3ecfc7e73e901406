using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Blocks;

/// <summary>What a run of bytes is.</summary>
public enum RunKind : byte
{
    /// <summary>Bytes are stored for it (they may still all be zero).</summary>
    Data,

    /// <summary>
    /// Something says that it is zero: a zeroed grain, a ZERO extent. It hides whatever a lower layer holds.
    /// </summary>
    Zero,

    /// <summary>
    /// Nobody stores anything: reads as zero at the bottom of a chain, falls through to the parent above it.
    /// </summary>
    Hole,

    /// <summary>A scar: the host cannot read it. Reading throws.</summary>
    Unreadable,
}

/// <summary>
/// A run of equal status: how long, what it is, which layer answers, and, when the bytes lie in one piece
/// in a host file, where.
/// </summary>
/// <param name="LengthBytes">At least 1.</param>
/// <param name="Kind">What the run is.</param>
/// <param name="Depth">0 for the layer that was asked (the head), 1 for its parent, and so on.</param>
/// <param name="File">The host file, or null when the bytes are not linear in one (compressed,
/// synthesised).</param>
/// <param name="HostOffset">Byte offset in <paramref name="File"/>; meaningless without it.</param>
public readonly record struct BlockRun(
    long LengthBytes, RunKind Kind, int Depth = 0, HostFile? File = null, long HostOffset = 0)
{
    /// <summary>True when the run reads as zeros whoever reads it at the bottom of a chain.</summary>
    public bool ReadsAsZero => Kind is RunKind.Zero or RunKind.Hole;

    /// <summary>The same run cut to at most <paramref name="lengthBytes"/>.</summary>
    public BlockRun Truncate(long lengthBytes) =>
        lengthBytes >= LengthBytes ? this : this with { LengthBytes = lengthBytes };

    /// <summary>
    /// True when <paramref name="next"/>, following directly, continues this run: same status, same place.
    /// </summary>
    public bool Continues(in BlockRun next) =>
        Kind == next.Kind && Depth == next.Depth && ReferenceEquals(File, next.File)
        && (File is null || HostOffset + LengthBytes == next.HostOffset);
}
