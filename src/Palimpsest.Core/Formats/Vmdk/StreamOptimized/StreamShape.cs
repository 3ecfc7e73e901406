using System.Numerics;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// A header whose numbers have been found possible, and what follows from them. Everything later relies on
/// these bounds: no product of them overflows, and the directory fits in memory.
/// </summary>
internal sealed record StreamShape
{
    /// <summary>Entries of a grain table.</summary>
    public const int TableEntries = SparseHeader.StandardTableEntries;

    /// <summary>Sectors of a grain table.</summary>
    public const int TableSectors = TableEntries * 4 / Sector.Bytes;

    /// <summary>
    /// Tables a directory may have: 128 TiB of disk with ordinary grains, twice what VMware supports, and 16
    /// MiB of directory.
    /// </summary>
    public const int MaxTableCount = 1 << 22;

    /// <summary>The largest grain accepted, in sectors (1 MiB). Every known writer uses 128.</summary>
    public const int MaxGrainSectors = 2048;

    private const int MaxDescriptorBytes = 1 << 20;

    public required SparseHeader Header { get; init; }

    /// <summary>Capacity in sectors.</summary>
    public required long CapacitySectors { get; init; }

    /// <summary>Sectors of a grain, a power of two.</summary>
    public required int GrainSectors { get; init; }

    /// <summary>Place of the embedded descriptor, in bytes.</summary>
    public required (long OffsetBytes, int LengthBytes)? DescriptorRange { get; init; }

    public long CapacityBytes => CapacitySectors * Sector.Bytes;

    public int GrainBytes => GrainSectors * Sector.Bytes;

    public long GrainCount => (CapacitySectors + GrainSectors - 1) / GrainSectors;

    public int TableCount => (int)((GrainCount + TableEntries - 1) / TableEntries);

    public long DirectorySectors => Sector.CountFor(TableCount * 4L);

    public bool DirectoryIsAtEnd => Header.DirectoryOffset == SparseHeader.DirectoryAtEnd;

    /// <summary>
    /// Bytes a compressed grain may have. Data that do not compress grow a little; the writers seen stay far
    /// below twice the grain, which is also what others allow.
    /// </summary>
    public int MaxCompressedBytes => (2 * GrainBytes) + 1024;

    /// <summary>
    /// Bytes that grain <paramref name="grainIndex"/> has on the disk: the last one may be short.
    /// </summary>
    public int GrainLength(long grainIndex) =>
        (int)Math.Min(GrainBytes, CapacityBytes - (grainIndex * GrainBytes));

    /// <summary>Reads a header out of its sector. Pure; the caller has checked the length.</summary>
    public static SparseHeader Parse(ReadOnlySpan<byte> sector) => MemoryMarshal.Read<SparseHeader>(sector);

    /// <summary>
    /// Checks a header against itself and the file. Adds findings, among them refusals, and then returns
    /// null.
    /// </summary>
    public static StreamShape? Validate(
        in SparseHeader header, long fileLength, string path, FindingList findings)
    {
        if (RefusalFor(header) is { } refusal)
        {
            findings.Add(refusal.Code, path, refusal.Message, refusal.OffsetBytes, refusal.Field);
            return null;
        }
        if (header.UncleanShutdown != 0)
        {
            findings.Add(StreamFindings.UncleanShutdown, path, "the unclean shutdown flag is set", 72,
                "uncleanShutdown");
        }
        return new StreamShape
        {
            Header = header,
            CapacitySectors = (long)(ulong)header.Capacity,
            GrainSectors = (int)(ulong)header.GrainSize,
            DescriptorRange = DescriptorRangeOf(header, fileLength, path, findings),
        };
    }

    private static (FindingCode Code, string Message, long OffsetBytes, string Field)? RefusalFor(
        in SparseHeader header)
    {
        if (header.Magic == (SparseHeader.MagicNumber ^ 0x20202020))
        {
            return (StreamFindings.UnfinishedConversion, "the file begins with \"kdmv\" in lower case", 0,
                "magic");
        }
        if (header.Magic != SparseHeader.MagicNumber)
        {
            return (StreamFindings.NotAStream, "the file does not begin with \"KDMV\"", 0, "magic");
        }
        if (header.Version is var version && (version < 1 || version > 3))
        {
            return (StreamFindings.UnsupportedFeature, $"version {(uint)version} of the format", 4,
                "version");
        }
        return FlagRefusalFor(header) ?? GeometryRefusalFor(header);
    }

    private static (FindingCode, string, long, string)? FlagRefusalFor(in SparseHeader header)
    {
        var flags = (SparseFlags)(uint)header.Flags;
        const SparseFlags Known = SparseFlags.Compressed | SparseFlags.Markers;
        if (((uint)flags & 0xFFFF0000 & ~(uint)Known) is var unknown && unknown != 0)
        {
            return (StreamFindings.UnsupportedFeature, $"incompatible feature bits 0x{unknown:x8}", 8,
                "flags");
        }
        if ((flags & SparseFlags.Compressed) == 0)
        {
            return (StreamFindings.NotAStream, "the header does not say that grains are compressed", 8,
                "flags");
        }
        if ((flags & SparseFlags.ValidNewlines) != 0
            && (header.SingleEndLineChar, header.NonEndLineChar,
                header.DoubleEndLineChar1, header.DoubleEndLineChar2) != (0x0A, 0x20, 0x0D, 0x0A))
        {
            return (StreamFindings.TextModeTransfer,
                $"the line end bytes are {header.SingleEndLineChar:x2} {header.NonEndLineChar:x2} "
                + $"{header.DoubleEndLineChar1:x2} {header.DoubleEndLineChar2:x2}, not 0a 20 0d 0a", 73,
                "newlines");
        }
        if ((flags & SparseFlags.Markers) == 0)
        {
            return (StreamFindings.NoMarkers, $"flags 0x{(uint)flags:x8}: compressed, without markers", 8,
                "flags");
        }
        return header.CompressAlgorithm == 1
            ? null
            : (StreamFindings.UnsupportedFeature,
                $"compression algorithm {(ushort)header.CompressAlgorithm}", 77, "compressAlgorithm");
    }

    private static (FindingCode, string, long, string)? GeometryRefusalFor(in SparseHeader header)
    {
        ulong grainSectors = header.GrainSize, capacity = header.Capacity;
        if (grainSectors is 0 or > MaxGrainSectors || !BitOperations.IsPow2(grainSectors))
        {
            return (StreamFindings.ImpossibleHeader,
                $"a grain of {grainSectors} sectors; it must be a power of two up to {MaxGrainSectors}", 20,
                "grainSize");
        }
        if (header.TableEntries != TableEntries)
        {
            return (StreamFindings.ImpossibleHeader,
                $"{(uint)header.TableEntries} entries in a grain table instead of {TableEntries}", 44,
                "numGTEsPerGT");
        }
        ulong limit = (ulong)MaxTableCount * TableEntries * grainSectors;
        return capacity is 0 || capacity > limit
            ? (StreamFindings.ImpossibleHeader,
                $"a capacity of {capacity} sectors; it must be 1 to {limit} with this grain size", 12,
                "capacity")
            : null;
    }

    private static (long, int)? DescriptorRangeOf(
        in SparseHeader header, long fileLength, string path, FindingList findings)
    {
        ulong offset = header.DescriptorOffset, size = header.DescriptorSize;
        if (offset == 0 || size == 0) { return null; }
        ulong fileSectors = (ulong)(fileLength / Sector.Bytes);
        if (size <= MaxDescriptorBytes / Sector.Bytes && offset <= fileSectors
            && size <= fileSectors - offset)
        {
            return ((long)offset * Sector.Bytes, (int)size * Sector.Bytes);
        }
        findings.Add(StreamFindings.DescriptorPlace, path,
            $"the descriptor is said to be {size} sectors at sector {offset} of a file of {fileSectors}",
            28, "descriptorOffset");
        return null;
    }
}
