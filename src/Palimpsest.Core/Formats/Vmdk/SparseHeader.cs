using System.Runtime.InteropServices;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// The "KDMV" header of hosted sparse and stream-optimised extents: 512 bytes, little-endian, offsets and
/// sizes in sectors. Source: VMware, Virtual Disk Format 5.0. Byte table: <c>HostedSparse/README.md</c>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct SparseHeader
{
    /// <summary>"KDMV" read as a little-endian number.</summary>
    public const uint MagicNumber = 0x564D444B;

    /// <summary>Size of the header in the file.</summary>
    public const int SizeBytes = 512;

    /// <summary>Entries of a grain table; disklib accepts no other number.</summary>
    public const int StandardTableEntries = 512;

    /// <summary>A grain directory offset that means "look in the footer".</summary>
    public const ulong DirectoryAtEnd = ulong.MaxValue;

    /// <summary>0x00</summary>
    public U32Le Magic { get; init; }

    /// <summary>0x04: 1; 2 when zeroed-grain entries are in use; 3 for streams.</summary>
    public U32Le Version { get; init; }

    /// <summary>0x08: see <see cref="SparseFlags"/>.</summary>
    public U32Le Flags { get; init; }

    /// <summary>0x0C: capacity in sectors.</summary>
    public U64Le Capacity { get; init; }

    /// <summary>0x14: grain size in sectors, a power of two.</summary>
    public U64Le GrainSize { get; init; }

    /// <summary>0x1C: sector of the embedded descriptor; 0 when there is none.</summary>
    public U64Le DescriptorOffset { get; init; }

    /// <summary>0x24: sectors reserved for the embedded descriptor.</summary>
    public U64Le DescriptorSize { get; init; }

    /// <summary>0x2C: entries in a grain table.</summary>
    public U32Le TableEntries { get; init; }

    /// <summary>0x30: sector of the redundant grain directory.</summary>
    public U64Le RedundantDirectoryOffset { get; init; }

    /// <summary>0x38: sector of the grain directory, or <see cref="DirectoryAtEnd"/>.</summary>
    public U64Le DirectoryOffset { get; init; }

    /// <summary>0x40: sectors of metadata before the first grain.</summary>
    public U64Le OverHead { get; init; }

    /// <summary>0x48: 1 while open for writing.</summary>
    public byte UncleanShutdown { get; init; }

    /// <summary>0x49: 0x0A, detects a transfer in text mode.</summary>
    public byte SingleEndLineChar { get; init; }

    /// <summary>0x4A: 0x20</summary>
    public byte NonEndLineChar { get; init; }

    /// <summary>0x4B: 0x0D</summary>
    public byte DoubleEndLineChar1 { get; init; }

    /// <summary>0x4C: 0x0A</summary>
    public byte DoubleEndLineChar2 { get; init; }

    /// <summary>0x4D: 0 none, 1 deflate.</summary>
    public U16Le CompressAlgorithm { get; init; }
}

/// <summary>
/// Flag bits of <see cref="SparseHeader.Flags"/>. The high 16 bits are incompatible ones: unknown means
/// refuse.
/// </summary>
[Flags]
public enum SparseFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>The four newline bytes are valid.</summary>
    ValidNewlines = 1,

    /// <summary>The redundant grain directory is valid.</summary>
    RedundantDirectory = 2,

    /// <summary>A grain table entry of 1 means a zeroed grain.</summary>
    ZeroedGrains = 4,

    /// <summary>Grains are compressed.</summary>
    Compressed = 0x10000,

    /// <summary>Markers with the grain's sector precede the data.</summary>
    Markers = 0x20000,
}
