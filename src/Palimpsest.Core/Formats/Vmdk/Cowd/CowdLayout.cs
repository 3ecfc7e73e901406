using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Cowd;

/// <summary>What the header of a COWD extent says, checked against the file it is in. Immutable.</summary>
public sealed record CowdLayout
{
    /// <summary>Largest grain, in sectors: 1 MiB.</summary>
    internal const uint MaxGrainSectors = 2048;

    /// <summary>Sectors of the header, after which the directory usually comes.</summary>
    internal const int HeaderSectors = CowdHeader.SizeBytes / Sector.Bytes;

    private const uint KnownVersion = 1, KnownFlags = 3;

    private CowdLayout(GrainGeometry geometry) => Geometry = geometry;

    /// <summary>The header as it is in the file.</summary>
    public required CowdHeader Header { get; init; }

    /// <summary>Guest-visible bytes.</summary>
    public long CapacityBytes => Geometry.CapacityBytes;

    /// <summary>Bytes of a grain.</summary>
    public int GrainBytes => Geometry.GrainBytes;

    /// <summary>The tables.</summary>
    internal GrainGeometry Geometry { get; }

    /// <summary>
    /// Reads and checks the header; null, with a refusal among the findings, when the extent cannot be
    /// opened.
    /// </summary>
    internal static CowdLayout? Load(HostFile file, FindingList findings)
    {
        long fileLength = file.Length;
        Span<byte> bytes = stackalloc byte[CowdHeader.SizeBytes];
        if (fileLength < bytes.Length)
        {
            findings.Add(CowdFindings.NotCowd, file.Path,
                $"the file has {fileLength} bytes, a COWD header 2048", 0);
            return null;
        }
        file.Read(0, bytes);
        return Parse(bytes, file.Path, findings) is { } header
            ? Validate(header, fileLength, file.Path, findings) : null;
    }

    /// <summary>
    /// The header in a span of at least 2,048 bytes; null, with a refusal, when it is not one to read on
    /// from.
    /// </summary>
    internal static CowdHeader? Parse(ReadOnlySpan<byte> bytes, string path, FindingList findings)
    {
        CowdHeader header = MemoryMarshal.Read<CowdHeader>(bytes);
        if (header.Magic != CowdHeader.MagicNumber)
        {
            findings.Add(CowdFindings.NotCowd, path,
                $"the file begins with 0x{(uint)header.Magic:x8}, not with COWD", 0, "magic");
            return null;
        }
        if (header.Version != KnownVersion || header.Flags != KnownFlags)
        {
            findings.Add(CowdFindings.UnknownVersion, path,
                $"the header names version {(uint)header.Version} and flags 0x{(uint)header.Flags:x}", 4,
                "version");
            return null;
        }
        return header;
    }

    /// <summary>
    /// Checks a header against the length of its file; null, with a refusal, when the extent cannot be
    /// opened.
    /// </summary>
    internal static CowdLayout? Validate(in CowdHeader header, long fileLength, string path,
        FindingList findings)
    {
        if (header.GrainSize is var grainSize
            && (grainSize == 0 || grainSize > MaxGrainSectors || !uint.IsPow2(grainSize)))
        {
            findings.Add(CowdFindings.BadShape, path,
                $"the grain size is {(uint)grainSize} sectors, not a power of two up to {MaxGrainSectors}",
                16, "grainSize");
            return null;
        }
        int grainBytes = (int)(uint)header.GrainSize * Sector.Bytes;
        long capacityBytes = (long)(uint)header.SectorCount * Sector.Bytes;
        long tableCount = GrainGeometry.CountTables(capacityBytes,
            (long)grainBytes * CowdHeader.TableEntries);
        if (header.DirectoryEntries < tableCount)
        {
            findings.Add(CowdFindings.BadShape, path,
                $"the directory has {(uint)header.DirectoryEntries} entries, and "
                + $"{(uint)header.SectorCount} sectors in grains of {(uint)header.GrainSize} need "
                + $"{tableCount}", 24, "numGDEntries");
            return null;
        }
        long directoryOffset = (long)(uint)header.DirectoryOffset * Sector.Bytes;
        if (directoryOffset < CowdHeader.SizeBytes
            || directoryOffset + (tableCount * GrainGeometry.EntryBytes) > fileLength)
        {
            findings.Add(CowdFindings.DirectoryLost, path,
                $"the directory of {tableCount} entries is said to begin at sector "
                + $"{(uint)header.DirectoryOffset}; the file has {fileLength} bytes", 20, "gdOffset");
            return null;
        }
        if (header.UncleanShutdown != 0)
        {
            findings.Add(CowdFindings.NotClosed, path,
                $"uncleanShutdown is {(uint)header.UncleanShutdown}", 0x670, "uncleanShutdown");
        }
        long directorySectors = Sector.CountFor(tableCount * GrainGeometry.EntryBytes);
        long firstFree = header.DirectoryOffset == HeaderSectors ? HeaderSectors + directorySectors
            : HeaderSectors;
        return new CowdLayout(new GrainGeometry
        {
            CapacityBytes = capacityBytes,
            GrainBytes = grainBytes,
            EntriesPerTable = CowdHeader.TableEntries,
            DirectoryOffset = directoryOffset,
            FirstTableSector = firstFree,
            FirstGrainSector = firstFree,
            HasZeroEntries = false,
        })
        {
            Header = header,
        };
    }
}
