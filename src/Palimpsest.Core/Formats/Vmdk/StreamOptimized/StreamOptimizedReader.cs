using System.Buffers.Binary;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Reads a stream-optimised extent at random, in both dialects: with the grain directory at the front, or
/// named by a footer. Where directory or tables are missing or damaged, the index is rebuilt from the
/// markers, and grains that may be lost are <see cref="RunKind.Unreadable"/>: reading them throws, they never
/// read as zeros. Thread-safe; threads decompress in parallel. Owns its file.
/// </summary>
public sealed class StreamOptimizedReader : ISparseLayer
{
    private readonly HostFile file;
    private readonly bool ownsFile;
    private readonly IGrainMap map;
    private readonly GrainInflaterPool inflaters;
    private readonly GrainCache cache;

    private StreamOptimizedReader(
        HostFile file, bool ownsFile, StreamShape shape, IGrainMap map, long fileLength)
    {
        this.file = file;
        this.ownsFile = ownsFile;
        this.map = map;
        Shape = shape;
        inflaters = new GrainInflaterPool(file, fileLength, shape);
        cache = new GrainCache(shape.GrainBytes);
    }

    /// <summary>The header at the front of the file.</summary>
    public SparseHeader Header => Shape.Header;

    /// <inheritdoc/>
    public long Length => Shape.CapacityBytes;

    /// <summary>Capacity in bytes; the same as <see cref="Length"/>.</summary>
    public long CapacityBytes => Shape.CapacityBytes;

    /// <inheritdoc/>
    public int GrainBytes => Shape.GrainBytes;

    /// <summary>
    /// Place of the embedded descriptor's area in the file, in bytes; null when there is none.
    /// </summary>
    public (long OffsetBytes, int LengthBytes)? EmbeddedDescriptorRange => Shape.DescriptorRange;

    /// <summary>
    /// True when a footer (or its absence) decides; false when the grain directory stands at the front.
    /// </summary>
    public bool HasFooterDialect => Shape.DirectoryIsAtEnd;

    /// <summary>
    /// True when the file's own tables could not be used and the markers were scanned instead.
    /// </summary>
    public bool IsSalvaged => map is SalvagedGrains;

    internal StreamShape Shape { get; }

    internal IGrainMap Map => map;

    /// <summary>
    /// Opens <paramref name="file"/> and takes it over; it is closed too when opening fails. Throws <see
    /// cref="ImageException"/> when the header is refused, <see cref="BlockException"/> when the host cannot
    /// read. A truncated or damaged stream opens, with an <see cref="Severity.Error"/> finding.
    /// </summary>
    public static StreamOptimizedReader Open(HostFile file, FindingList findings)
    {
        try
        {
            return Open(file, findings, ownsFile: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        ThrowIfOutside(offset, target.Length);
        while (!target.IsEmpty)
        {
            long grainIndex = offset / GrainBytes;
            int offsetInGrain = (int)(offset % GrainBytes);
            long grainsTouched = (offsetInGrain + (long)target.Length + GrainBytes - 1) / GrainBytes;
            GrainSpan span = map.Find(grainIndex, 1);
            if (span.State != GrainState.Stored) { span = map.Find(grainIndex, grainsTouched); }
            int length = (int)Math.Min(target.Length, (span.Count * GrainBytes) - offsetInGrain);
            switch (span.State)
            {
                case GrainState.Stored:
                    length = Math.Min(length, GrainBytes - offsetInGrain);
                    ReadStored(grainIndex, span.MarkerSector, offsetInGrain, target[..length]);
                    break;
                case GrainState.Unreadable:
                    throw new BlockException(BlockErrorKind.Corrupt, file.Path, null,
                        $"the grain at virtual byte {grainIndex * GrainBytes} is unreadable: "
                        + map.UnreadableReason);
                default:
                    target[..length].Clear();
                    break;
            }
            offset += length;
            target = target[length..];
        }
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        ThrowIfOutside(offset, length);
        ArgumentOutOfRangeException.ThrowIfZero(length);
        long grainIndex = offset / GrainBytes;
        int offsetInGrain = (int)(offset % GrainBytes);
        long lastGrain = (offset + length - 1) / GrainBytes;
        GrainSpan span = map.Find(grainIndex, lastGrain - grainIndex + 1);
        RunKind kind = span.State switch
        {
            GrainState.Hole => RunKind.Hole,
            GrainState.Zero => RunKind.Zero,
            GrainState.Stored => RunKind.Data,
            _ => RunKind.Unreadable,
        };
        return new BlockRun(Math.Min(length, (span.Count * GrainBytes) - offsetInGrain), kind);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsFile) { file.Dispose(); }
    }

    internal static StreamOptimizedReader Open(
        HostFile file, FindingList findings, bool ownsFile, CancellationToken cancellation = default)
    {
        long fileLength = file.Length;
        if (fileLength < SparseHeader.SizeBytes)
        {
            throw findings.Refuse(StreamFindings.NotAStream, file.Path,
                $"the file has {fileLength} bytes, less than a header");
        }
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        file.Read(0, sector);
        SparseHeader header = StreamShape.Parse(sector);
        if (StreamShape.Validate(header, fileLength, file.Path, findings) is not { } shape)
        {
            findings.ThrowIfRefused();
            throw new InvalidOperationException("A header was turned down without a refusal.");
        }
        IGrainMap? map = LoadTables(file, shape, fileLength, findings, out string problem);
        map ??= Salvage(file, shape, fileLength, findings, problem, cancellation);
        return new StreamOptimizedReader(file, ownsFile, shape, map, fileLength);
    }

    /// <summary>Decompresses a whole grain into <paramref name="target"/>, past the cache.</summary>
    internal void InflateGrain(long grainIndex, uint markerSector, Span<byte> target) =>
        inflaters.Inflate(grainIndex, markerSector, target);

    /// <summary>
    /// The file's own index, or null with the reason. A footer is the header's last word; without one there
    /// is no directory.
    /// </summary>
    private static GrainTables? LoadTables(
        HostFile file, StreamShape shape, long fileLength, FindingList findings, out string problem)
    {
        ulong directorySector = shape.Header.DirectoryOffset;
        if (shape.DirectoryIsAtEnd)
        {
            if (StreamFooter.TryFind(file, fileLength, shape.Header, out string? noFooter) is not { } footer)
            {
                problem = noFooter!;
                return null;
            }
            directorySector = footer.DirectoryOffset;
        }
        GrainTables? tables =
            GrainTables.TryLoad(file, shape, directorySector, fileLength, out string? damage);
        problem = damage ?? "";
        if (tables is null)
        {
            findings.Add(StreamFindings.DamagedTables, file.Path, problem, null, "gdOffset");
        }
        else if (!shape.DirectoryIsAtEnd)
        {
            ReportCutGrains(file, tables, fileLength, findings);
        }
        return tables;
    }

    // With the tables at the front nothing at the end of the file is needed to open it, so a cut one looks
    // whole until one of its last grains is read.
    private static void ReportCutGrains(HostFile file, GrainTables tables, long fileLength,
        FindingList findings)
    {
        (long lostCount, uint last) = tables.Survey();
        if (last != 0 && last * (long)Sector.Bytes + StreamMarker.GrainDataOffset <= fileLength)
        {
            Span<byte> start = stackalloc byte[StreamMarker.GrainDataOffset];
            file.Read(last * (long)Sector.Bytes, start);
            uint compressedBytes = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
            if (last * (long)Sector.Bytes + StreamMarker.GrainDataOffset + compressedBytes > fileLength)
            {
                lostCount++;
            }
        }
        if (lostCount > 0)
        {
            findings.Add(StreamFindings.Truncated, file.Path,
                $"truncated: {lostCount} grains that its tables name lie behind the end of the file",
                fileLength);
        }
    }

    private static SalvagedGrains Salvage(
        HostFile file, StreamShape shape, long fileLength, FindingList findings,
        string problem, CancellationToken cancellation)
    {
        StreamScan scan = StreamScanner.Run(file, shape, fileLength, cancellation);
        StreamScanFindings.Add(scan, shape, file.Path, fileLength, problem, findings);
        return scan.Grains;
    }

    private void ReadStored(long grainIndex, uint markerSector, int offsetInGrain, Span<byte> target)
    {
        // A whole grain goes straight to its place: copies of whole disks neither fill the cache nor wait for
        // it.
        if (target.Length == GrainBytes && !cache.TryRead(grainIndex, target))
        {
            inflaters.Inflate(grainIndex, markerSector, target);
        }
        else if (target.Length != GrainBytes)
        {
            cache.Read(inflaters, grainIndex, markerSector, offsetInGrain, target);
        }
    }

    private void ThrowIfOutside(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
    }
}
