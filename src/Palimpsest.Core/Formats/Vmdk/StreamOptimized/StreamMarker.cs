using System.Runtime.InteropServices;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// The marker that begins every piece of a stream, sector aligned. With a size it precedes a compressed
/// grain, whose data follow from byte 12 on (where <see cref="Type"/> stands otherwise); without one it
/// announces a table, a directory, the footer, or the end. Source: VMware, Virtual Disk Format 5.0,
/// "Stream-Optimized Compressed Sparse Extents". Byte table: <c>README.md</c>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct StreamMarker
{
    /// <summary>Bytes before a grain's data: value and size.</summary>
    public const int GrainDataOffset = 12;

    /// <summary>Bytes of a marker that is not a grain's.</summary>
    public const int SizeBytes = 16;

    /// <summary>
    /// 0x00: with a size, the grain's first sector on the virtual disk; else sectors that follow.
    /// </summary>
    public U64Le Value { get; init; }

    /// <summary>0x08: bytes of compressed data; 0 for metadata.</summary>
    public U32Le Size { get; init; }

    /// <summary>
    /// 0x0C: see <see cref="StreamMarkerType"/>; part of the data when <see cref="Size"/> is not 0.
    /// </summary>
    public U32Le Type { get; init; }
}

/// <summary>What a marker without a size announces.</summary>
public enum StreamMarkerType : uint
{
    /// <summary>End of the stream: a sector of zeros.</summary>
    EndOfStream = 0,

    /// <summary>A grain table follows.</summary>
    GrainTable = 1,

    /// <summary>The grain directory follows.</summary>
    GrainDirectory = 2,

    /// <summary>The footer, a copy of the header that knows where the directory is, follows.</summary>
    Footer = 3,

    /// <summary>Written by some recent exporters between grains; carries nothing a reader needs.</summary>
    Progress = 4,
}
