using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>
/// Where the descriptor lies in an extent that embeds one: its area, of which the text may fill a part.
/// </summary>
/// <param name="OffsetBytes">Byte offset in the file.</param>
/// <param name="LengthBytes">Bytes reserved; the text ends at the first NUL.</param>
public readonly record struct EmbeddedDescriptorArea(long OffsetBytes, int LengthBytes);

/// <summary>
/// What the header of a hosted sparse extent says, checked against the file it is in. Immutable.
/// </summary>
public sealed record HostedSparseLayout
{
    /// <summary>Largest grain taken for real, in sectors (32 MiB).</summary>
    internal const ulong MaxGrainSectors = 65536;

    // 62 TiB in grains of 4 KiB have 32 Mi tables.
    private const long MaxTables = 1L << 26;
    private const int MaxDescriptorBytes = 16 << 20;
    private const uint IncompatibleFlags = 0xFFFF0000;

    private HostedSparseLayout(GrainGeometry geometry) => Geometry = geometry;

    /// <summary>The header as it is in the file.</summary>
    public required SparseHeader Header { get; init; }

    /// <summary>Guest-visible bytes.</summary>
    public long CapacityBytes => Geometry.CapacityBytes;

    /// <summary>Bytes of a grain.</summary>
    public int GrainBytes => Geometry.GrainBytes;

    /// <summary>The area of the embedded descriptor, or null when there is none.</summary>
    public EmbeddedDescriptorArea? EmbeddedDescriptor { get; init; }

    /// <summary>The tables.</summary>
    internal GrainGeometry Geometry { get; }

    /// <summary>True when a directory the header promises is not within the file.</summary>
    internal bool IsDirectoryMissing { get; init; }

    /// <summary>The flags as such.</summary>
    internal SparseFlags Flags => (SparseFlags)(uint)Header.Flags;

    /// <summary>True when the header says that entries of 1 are zeroed grains.</summary>
    internal bool AnnouncesZeroEntries => Flags.HasFlag(SparseFlags.ZeroedGrains) || Header.Version == 2;

    /// <summary>
    /// Reads and checks the header of <paramref name="file"/>; null, with a refusal among the findings, when
    /// the extent cannot be opened.
    /// </summary>
    internal static HostedSparseLayout? Load(HostFile file, FindingList findings)
    {
        long fileLength = file.Length;
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        if (fileLength < sector.Length)
        {
            findings.Add(SparseFindings.NotSparse, file.Path,
                $"the file has {fileLength} bytes, a sparse header 512", 0);
            return null;
        }
        file.Read(0, sector);
        return Parse(sector, file.Path, findings) is { } header
            ? Validate(header, fileLength, file.Path, findings) : null;
    }

    /// <summary>
    /// The header in a span of at least 512 bytes; null, with a refusal, when it is not one to read on from.
    /// </summary>
    internal static SparseHeader? Parse(ReadOnlySpan<byte> bytes, string path, FindingList findings)
    {
        SparseHeader header = MemoryMarshal.Read<SparseHeader>(bytes);
        if (header.Magic == (SparseHeader.MagicNumber | 0x20202020))
        {
            findings.Add(SparseFindings.UnfinishedConversion, path,
                "the header begins with kdmv in lower case", 0, "magic");
            return null;
        }
        if (header.Magic != SparseHeader.MagicNumber)
        {
            findings.Add(SparseFindings.NotSparse, path,
                $"the file begins with 0x{(uint)header.Magic:x8}, not with KDMV", 0, "magic");
            return null;
        }
        if ((uint)header.Version is 0 or > 3)
        {
            findings.Add(SparseFindings.UnknownVersion, path,
                $"the header names version {(uint)header.Version}", 4, "version");
            return null;
        }
        var flags = (SparseFlags)(uint)header.Flags;
        const uint Known = (uint)(SparseFlags.Compressed | SparseFlags.Markers);
        if (((uint)flags & IncompatibleFlags & ~Known) != 0
            || (flags.HasFlag(SparseFlags.Markers) && !flags.HasFlag(SparseFlags.Compressed)))
        {
            findings.Add(SparseFindings.UnknownFlags, path, $"the flags are 0x{(uint)flags:x8}", 8, "flags");
            return null;
        }
        if (flags.HasFlag(SparseFlags.Compressed) || header.CompressAlgorithm != 0)
        {
            findings.Add(SparseFindings.CompressedExtent, path,
                $"the flags are 0x{(uint)flags:x8}, the compression {(ushort)header.CompressAlgorithm}", 8,
                "flags");
            return null;
        }
        return header;
    }

    /// <summary>
    /// Checks a header against the length of its file; null, with a refusal, when the extent cannot be
    /// opened.
    /// </summary>
    internal static HostedSparseLayout? Validate(
        in SparseHeader header, long fileLength, string path, FindingList findings)
    {
        ulong grainSectors = header.GrainSize;
        if (grainSectors is 0 or > MaxGrainSectors || !ulong.IsPow2(grainSectors))
        {
            findings.Add(SparseFindings.BadShape, path,
                $"the grain size is {grainSectors} sectors, not a power of two up to {MaxGrainSectors}", 20,
                "grainSize");
            return null;
        }
        if (header.TableEntries != SparseHeader.StandardTableEntries)
        {
            findings.Add(SparseFindings.UnsupportedShape, path,
                $"grain tables have {(uint)header.TableEntries} entries, not 512", 44, "numGTEsPerGT");
            return null;
        }
        ulong tableCover = grainSectors * SparseHeader.StandardTableEntries;
        if (header.Capacity > (ulong)MaxTables * tableCover
            || header.Capacity > (ulong)(long.MaxValue / 1024))
        {
            findings.Add(SparseFindings.UnsupportedShape, path,
                $"the capacity is {(ulong)header.Capacity} sectors", 12, "capacity");
            return null;
        }
        if (header.DirectoryOffset == SparseHeader.DirectoryAtEnd)
        {
            findings.Add(SparseFindings.UnsupportedShape, path,
                "the grain directory is said to be in a footer, which only compressed extents have", 56,
                "gdOffset");
            return null;
        }
        NoteSmallThings(header, fileLength, path, findings);
        return Locate(header, fileLength, path, findings);
    }

    private static HostedSparseLayout? Locate(
        in SparseHeader header, long fileLength, string path, FindingList findings)
    {
        long capacityBytes = (long)(ulong)header.Capacity * Sector.Bytes;
        int grainBytes = (int)(ulong)header.GrainSize * Sector.Bytes;
        long tableCover = (long)grainBytes * SparseHeader.StandardTableEntries;
        long directoryBytes = GrainGeometry.CountTables(capacityBytes, tableCover) * GrainGeometry.EntryBytes;
        bool hasRedundant = ((SparseFlags)(uint)header.Flags).HasFlag(SparseFlags.RedundantDirectory);
        long? primary = Within(header.DirectoryOffset, directoryBytes, fileLength);
        long? redundant = hasRedundant ? Within(header.RedundantDirectoryOffset, directoryBytes, fileLength)
            : null;
        if (primary is null && redundant is null)
        {
            findings.Add(SparseFindings.DirectoriesLost, path,
                $"the directory of {directoryBytes} bytes is said to begin at sector "
                + $"{(ulong)header.DirectoryOffset}, the file has {fileLength} bytes", 56, "gdOffset");
            return null;
        }
        if (primary is null)
        {
            findings.Add(SparseFindings.DirectoryFallback, path,
                $"the directory is said to be at sector {(ulong)header.DirectoryOffset}", 56, "gdOffset");
        }
        else if (hasRedundant && redundant is null)
        {
            findings.Add(SparseFindings.RedundantDirectoryLost, path,
                $"the redundant directory is said to be at sector {(ulong)header.RedundantDirectoryOffset}",
                48, "rgdOffset");
        }
        ulong overhead = header.OverHead;
        var geometry = new GrainGeometry
        {
            CapacityBytes = capacityBytes,
            GrainBytes = grainBytes,
            EntriesPerTable = SparseHeader.StandardTableEntries,
            DirectoryOffset = primary ?? redundant!.Value,
            RedundantDirectoryOffset = primary is null ? null : redundant,
            FirstTableSector = 1,
            FirstGrainSector = overhead <= (ulong)Sector.CountFor(fileLength)
                ? Math.Max(2, (long)overhead) : 2,
            HasZeroEntries = true,
        };
        return new HostedSparseLayout(geometry)
        {
            Header = header,
            EmbeddedDescriptor = FindDescriptor(header, fileLength, path, findings),
            IsDirectoryMissing = primary is null || (hasRedundant && redundant is null),
        };
    }

    private static void NoteSmallThings(in SparseHeader header, long fileLength, string path,
        FindingList findings)
    {
        if (header.UncleanShutdown != 0)
        {
            findings.Add(SparseFindings.NotClosed, path,
                $"uncleanShutdown is {header.UncleanShutdown}", 72, "uncleanShutdown");
        }
        if (((SparseFlags)(uint)header.Flags).HasFlag(SparseFlags.ValidNewlines) && !SoundNewlines(header))
        {
            findings.Add(SparseFindings.NewlinesDamaged, path,
                $"the newline bytes are {header.SingleEndLineChar:x2} {header.NonEndLineChar:x2} "
                + $"{header.DoubleEndLineChar1:x2} {header.DoubleEndLineChar2:x2}, not 0a 20 0d 0a", 73,
                "newlines");
        }
        if (header.OverHead > (ulong)Sector.CountFor(fileLength))
        {
            findings.Add(SparseFindings.OverheadOutOfFile, path,
                $"overHead is {(ulong)header.OverHead} sectors, the file has {fileLength} bytes", 64,
                "overHead");
        }
    }

    /// <summary>True when the four bytes a text-mode transfer changes are as written.</summary>
    internal static bool SoundNewlines(in SparseHeader header) =>
        (header.SingleEndLineChar, header.NonEndLineChar, header.DoubleEndLineChar1,
            header.DoubleEndLineChar2)
        == (0x0A, 0x20, 0x0D, 0x0A);

    private static EmbeddedDescriptorArea? FindDescriptor(
        in SparseHeader header, long fileLength, string path, FindingList findings)
    {
        if (header.DescriptorOffset == 0 || header.DescriptorSize == 0) { return null; }
        if (header.DescriptorSize <= MaxDescriptorBytes / Sector.Bytes
            && Within(header.DescriptorOffset, (long)(ulong)header.DescriptorSize * Sector.Bytes, fileLength)
                is { } offset)
        {
            return new EmbeddedDescriptorArea(offset, (int)(ulong)header.DescriptorSize * Sector.Bytes);
        }
        findings.Add(SparseFindings.DescriptorOutOfFile, path,
            $"the descriptor is said to be {(ulong)header.DescriptorSize} sectors at sector "
            + $"{(ulong)header.DescriptorOffset}; the file has {fileLength} bytes", 28, "descriptorOffset");
        return null;
    }

    private static long? Within(ulong sector, long lengthBytes, long fileLength)
    {
        if (sector == 0 || sector > (ulong)(fileLength / Sector.Bytes)) { return null; }
        long offset = (long)sector * Sector.Bytes;
        return lengthBytes <= fileLength - offset ? offset : null;
    }
}
