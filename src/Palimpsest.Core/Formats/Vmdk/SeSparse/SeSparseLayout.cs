using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.SeSparse;

/// <summary>
/// What the headers of a seSparse extent say, checked against the file they are in. Immutable.
/// </summary>
public sealed record SeSparseLayout
{
    /// <summary>Bytes of a grain.</summary>
    internal const int GrainBytes = SeSparseHeader.GrainSectors * Sector.Bytes;

    /// <summary>Bytes of a grain table.</summary>
    internal const int TableBytes = SeSparseHeader.TableSectors * Sector.Bytes;

    /// <summary>Entries of a grain table.</summary>
    internal const int TableEntries = TableBytes / sizeof(ulong);

    /// <summary>Guest-visible bytes one table answers for.</summary>
    internal const long TableCoverBytes = (long)TableEntries * GrainBytes;

    private const ulong MaxSectors = long.MaxValue / 1024;

    private SeSparseLayout()
    {
    }

    /// <summary>The header as it is in the file.</summary>
    public required SeSparseHeader Header { get; init; }

    /// <summary>Guest-visible bytes.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Byte offset of the grain directory.</summary>
    internal long DirectoryOffset => (long)(ulong)Header.DirectoryOffset * Sector.Bytes;

    /// <summary>Byte offset of table 0.</summary>
    internal long TablesOffset => (long)(ulong)Header.TablesOffset * Sector.Bytes;

    /// <summary>Byte offset of grain 0.</summary>
    internal long GrainsOffset => (long)(ulong)Header.GrainsOffset * Sector.Bytes;

    /// <summary>Entries of the directory that answer for something.</summary>
    internal long TableCount =>
        (CapacityBytes / TableCoverBytes) + (CapacityBytes % TableCoverBytes == 0 ? 0 : 1);

    /// <summary>
    /// Reads and checks the headers; null, with a refusal among the findings, when the extent cannot be
    /// opened.
    /// </summary>
    internal static SeSparseLayout? Load(HostFile file, FindingList findings)
    {
        long fileLength = file.Length;
        Span<byte> sector = stackalloc byte[Sector.Bytes];
        if (fileLength < sector.Length)
        {
            findings.Add(SeSparseFindings.NotSeSparse, file.Path,
                $"the file has {fileLength} bytes, a header 512", 0);
            return null;
        }
        file.Read(0, sector);
        if (ParseConstant(sector, file.Path, findings) is not { } header
            || Validate(header, fileLength, file.Path, findings) is not { } layout)
        {
            return null;
        }
        long volatileOffset = (long)(ulong)header.VolatileHeaderOffset * Sector.Bytes;
        file.Read(volatileOffset, sector);
        return ParseVolatile(sector, volatileOffset, file.Path, findings) is null ? null : layout;
    }

    /// <summary>
    /// The constant header in a sector; null, with a refusal, when it is not one to read on from.
    /// </summary>
    internal static SeSparseHeader? ParseConstant(ReadOnlySpan<byte> sector, string path,
        FindingList findings)
    {
        SeSparseHeader header = MemoryMarshal.Read<SeSparseHeader>(sector);
        if (header.Magic != SeSparseHeader.MagicNumber)
        {
            findings.Add(SeSparseFindings.NotSeSparse, path,
                $"the file begins with 0x{(ulong)header.Magic:x16}", 0, "magic");
            return null;
        }
        if (header.Version != SeSparseHeader.KnownVersion)
        {
            findings.Add(SeSparseFindings.UnknownVersion, path,
                $"the header names version {(ulong)header.Version >> 32}.{(uint)(ulong)header.Version}", 8,
                "version");
            return null;
        }
        if (header.GrainSize != SeSparseHeader.GrainSectors
            || header.GrainTableSize != SeSparseHeader.TableSectors)
        {
            findings.Add(SeSparseFindings.UnknownShape, path,
                $"grains have {(ulong)header.GrainSize} sectors and tables "
                + $"{(ulong)header.GrainTableSize}, not 8 and 64",
                24, "grainSize");
            return null;
        }
        if ((header.Flags | header.Reserved1 | header.Reserved2 | header.Reserved3 | header.Reserved4) != 0
            || sector[Unsafe.SizeOf<SeSparseHeader>()..Sector.Bytes].IndexOfAnyExcept((byte)0) >= 0)
        {
            findings.Add(SeSparseFindings.UnknownShape, path,
                $"the flags are 0x{(ulong)header.Flags:x}, and they or bytes that are reserved are not zero",
                40, "flags");
            return null;
        }
        return header;
    }

    /// <summary>
    /// The volatile header in a sector; null, with a refusal, when the extent cannot be opened.
    /// </summary>
    internal static SeSparseVolatileHeader? ParseVolatile(
        ReadOnlySpan<byte> sector, long offset, string path, FindingList findings)
    {
        SeSparseVolatileHeader header = MemoryMarshal.Read<SeSparseVolatileHeader>(sector);
        if (header.Magic != SeSparseVolatileHeader.MagicNumber)
        {
            findings.Add(SeSparseFindings.BadShape, path,
                $"the volatile header begins with 0x{(ulong)header.Magic:x16}", offset, "magic");
            return null;
        }
        if (header.ReplayJournal != 0)
        {
            findings.Add(SeSparseFindings.DirtyJournal, path,
                $"replayJournal is {(ulong)header.ReplayJournal}", offset + 24, "replayJournal");
            return null;
        }
        if (sector[Unsafe.SizeOf<SeSparseVolatileHeader>()..Sector.Bytes].IndexOfAnyExcept((byte)0) >= 0)
        {
            findings.Add(SeSparseFindings.UnknownShape, path,
                "bytes of the volatile header that are reserved are not zero", offset + 32, "pad");
            return null;
        }
        return header;
    }

    /// <summary>
    /// Checks a header against the length of its file; null, with a refusal, when the extent cannot be
    /// opened.
    /// </summary>
    internal static SeSparseLayout? Validate(
        in SeSparseHeader header, long fileLength, string path, FindingList findings)
    {
        ulong fileSectors = (ulong)(fileLength / Sector.Bytes);
        ulong tableCover = TableCoverBytes / Sector.Bytes;
        ulong capacity = header.Capacity;
        ulong tableCount = (capacity / tableCover) + (capacity % tableCover == 0 ? 0UL : 1);
        if (capacity > MaxSectors
            || !IsWithin(header.DirectoryOffset, header.DirectorySize, fileSectors)
            || header.DirectorySize * (Sector.Bytes / sizeof(ulong)) < tableCount)
        {
            findings.Add(SeSparseFindings.BadShape, path,
                $"the directory is said to be {(ulong)header.DirectorySize} sectors at sector "
                + $"{(ulong)header.DirectoryOffset} for {capacity} sectors; the file has {fileLength} bytes",
                128, "grainDir");
            return null;
        }
        if (!IsWithin(header.VolatileHeaderOffset, 1, fileSectors)
            || header.TablesOffset > MaxSectors || header.GrainsOffset > MaxSectors)
        {
            findings.Add(SeSparseFindings.BadShape, path,
                $"the volatile header is said to be at sector {(ulong)header.VolatileHeaderOffset}, "
                + "the tables at "
                + $"{(ulong)header.TablesOffset}, the grains at {(ulong)header.GrainsOffset}; the file has "
                + $"{fileLength} bytes", 80, "volatileHeader");
            return null;
        }
        return new SeSparseLayout { Header = header, CapacityBytes = (long)capacity * Sector.Bytes };
    }

    private static bool IsWithin(ulong sector, ulong sectorCount, ulong fileSectors) =>
        sector != 0 && sector <= fileSectors && sectorCount <= fileSectors - sector;
}
