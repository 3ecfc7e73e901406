using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>What a scan of a stream's markers found.</summary>
internal sealed record StreamScan
{
    /// <summary>The grains, by place on the disk.</summary>
    public required SalvagedGrains Grains { get; init; }

    /// <summary>True when the grain directory that ends a stream was met.</summary>
    public required bool SawDirectory { get; init; }

    /// <summary>Places where a marker belongs and none was, with another one found behind them.</summary>
    public required long DamagedPlaceCount { get; init; }

    /// <summary>Sector of the first of them.</summary>
    public required long FirstDamagedSector { get; init; }

    /// <summary>The grain whose data run over the end of the file; -1 when there is none.</summary>
    public required long CutGrain { get; init; }
}

/// <summary>
/// Walks a stream from marker to marker, without needing its tables: how a truncated or damaged file is read,
/// and how a whole one is checked. Where a marker belongs and none is, it goes on at the next sector that
/// begins like a grain and is followed by a marker again. Time and memory are bounded by the file's length.
/// </summary>
internal sealed class StreamScanner
{
    private const int ResyncChunkSectors = 128;
    private readonly HostFile file;
    private readonly StreamShape shape;
    private readonly long fileLength;
    private readonly CancellationToken cancellation;
    private readonly byte[] one = new byte[StreamMarker.SizeBytes];
    private readonly byte[] chunk = new byte[ResyncChunkSectors * Sector.Bytes];
    private readonly SalvagedGrains grains = new();
    private bool sawDirectory;
    private long damagedPlaceCount, firstDamagedSector = -1, cutGrain = -1;

    private StreamScanner(HostFile file, StreamShape shape, long fileLength, CancellationToken cancellation)
    {
        this.file = file;
        this.shape = shape;
        this.cancellation = cancellation;

        // Entries of a table are 32-bit sectors: what lies beyond cannot belong to a stream.
        this.fileLength = Math.Min(fileLength, (long)uint.MaxValue * Sector.Bytes);
    }

    private enum Piece : byte
    {
        Invalid,
        Zeros,
        Grain,
        CutGrain,
        Metadata,
        Directory,
        Footer,
    }

    /// <summary>Scans the whole file. Unreadable places of the host count as damage.</summary>
    public static StreamScan Run(
        HostFile file, StreamShape shape, long fileLength, CancellationToken cancellation = default)
    {
        var scanner = new StreamScanner(file, shape, fileLength, cancellation);
        scanner.Walk();
        scanner.grains.Seal(shape.GrainCount, scanner.sawDirectory,
            "no marker of this grain was found in the damaged stream, so whether it held data cannot be "
            + "known; fetch the disk again if you can");
        return new StreamScan
        {
            Grains = scanner.grains,
            SawDirectory = scanner.sawDirectory,
            DamagedPlaceCount = scanner.damagedPlaceCount,
            FirstDamagedSector = scanner.firstDamagedSector,
            CutGrain = scanner.cutGrain,
        };
    }

    private void Walk()
    {
        ulong overHead = shape.Header.OverHead;
        long sector = overHead is > 0 && overHead < (ulong)(fileLength / Sector.Bytes) ? (long)overHead : 1;
        long previous = sector - 1;
        while (HoldsMarker(sector))
        {
            cancellation.ThrowIfCancellationRequested();
            Piece piece = ReadPiece(sector, out StreamMarker marker, out long nextSector);
            if (piece == Piece.Footer || (sawDirectory && piece == Piece.Zeros)) { return; }
            if (piece is Piece.Grain or Piece.Metadata or Piece.Directory)
            {
                if (piece == Piece.Grain) { grains.Add(GrainOf(marker), sector); }
                sawDirectory |= piece == Piece.Directory;
                previous = sector;
                sector = nextSector;
                continue;
            }
            if (piece == Piece.CutGrain) { cutGrain = GrainOf(marker); }

            // A wrong size in the piece before leads to an invalid place too; then good grains lie in
            // between.
            long found = FindNextGrain(piece == Piece.Invalid ? previous + 1 : sector + 1);
            if (found < 0) { return; }
            if (damagedPlaceCount++ == 0) { firstDamagedSector = sector; }
            grains.MarkGap();
            sector = found;
            previous = found - 1;
        }
    }

    private long GrainOf(in StreamMarker marker) => (long)(ulong)marker.Value / shape.GrainSectors;

    private bool HoldsMarker(long sector) => (sector * Sector.Bytes) + StreamMarker.SizeBytes <= fileLength;

    private Piece ReadPiece(long sector, out StreamMarker marker, out long nextSector)
    {
        if (!TryRead(sector * Sector.Bytes, one))
        {
            marker = default;
            nextSector = sector;
            return Piece.Invalid;
        }
        Piece piece = Classify(one, sector, out marker, out nextSector);
        if (piece == Piece.Metadata && marker.Type == (uint)StreamMarkerType.Progress)
        {
            // Whether sectors follow this marker is not documented; what stands there decides.
            bool hasBody = HoldsMarker(nextSector) && TryRead(nextSector * Sector.Bytes, one)
                && Classify(one, nextSector, out _, out _) != Piece.Invalid;
            if (!hasBody) { nextSector = sector + 1; }
        }
        return piece;
    }

    private Piece Classify(
        ReadOnlySpan<byte> bytes, long sector, out StreamMarker marker, out long nextSector)
    {
        marker = MemoryMarshal.Read<StreamMarker>(bytes);
        ulong value = marker.Value;
        nextSector = sector + 1;
        if (marker.Size == 0)
        {
            nextSector += (long)Math.Min(value, ushort.MaxValue);
            return (StreamMarkerType)(uint)marker.Type switch
            {
                StreamMarkerType.EndOfStream when value == 0 => Piece.Zeros,
                StreamMarkerType.GrainTable when value == StreamShape.TableSectors => Piece.Metadata,
                StreamMarkerType.GrainDirectory when value == (ulong)shape.DirectorySectors =>
                    Piece.Directory,
                StreamMarkerType.Footer when value == 1 => Piece.Footer,
                StreamMarkerType.Progress when value <= ushort.MaxValue => Piece.Metadata,
                _ => Piece.Invalid,
            };
        }
        if (value >= (ulong)shape.CapacitySectors || value % (ulong)shape.GrainSectors != 0
            || marker.Size > shape.MaxCompressedBytes)
        {
            return Piece.Invalid;
        }
        long end = (sector * Sector.Bytes) + StreamMarker.GrainDataOffset + marker.Size;
        nextSector = Sector.CountFor(end);
        return end <= fileLength ? Piece.Grain : Piece.CutGrain;
    }

    /// <summary>The next sector that begins like a grain and is followed by a marker, or -1.</summary>
    private long FindNextGrain(long fromSector)
    {
        long sector = fromSector;
        while (HoldsMarker(sector))
        {
            cancellation.ThrowIfCancellationRequested();
            long hostOffset = sector * Sector.Bytes;
            long data = file.NextData(hostOffset);
            if (data >= fileLength) { return -1; }
            if (data >= hostOffset + Sector.Bytes)
            {
                sector = data / Sector.Bytes;
                continue;
            }
            int length = (int)Math.Min(chunk.Length, fileLength - hostOffset);
            if (!TryRead(hostOffset, chunk.AsSpan(0, length)))
            {
                // Part of the chunk may be readable; a single sector that is not, is stepped over.
                length = Math.Min(length, Sector.Bytes);
                if (!TryRead(hostOffset, chunk.AsSpan(0, length))) { sector++; continue; }
            }
            for (int at = 0; at + StreamMarker.SizeBytes <= length; at += Sector.Bytes, sector++)
            {
                if (BeginsGrain(chunk.AsSpan(at, StreamMarker.SizeBytes), sector)) { return sector; }
            }
        }
        return -1;
    }

    private bool BeginsGrain(ReadOnlySpan<byte> bytes, long sector)
    {
        if (Classify(bytes, sector, out _, out long nextSector) != Piece.Grain) { return false; }
        int compressionMethod = bytes[12] & 0x0F, headerCheck = ((bytes[12] << 8) | bytes[13]) % 31;
        if (compressionMethod != 8 || headerCheck != 0) { return false; }
        if (!HoldsMarker(nextSector)) { return true; }
        return TryRead(nextSector * Sector.Bytes, one)
            && Classify(one, nextSector, out _, out _) != Piece.Invalid;
    }

    /// <summary>
    /// Reads, or says that the host cannot: a scar in the file costs what lies under it, not the rest.
    /// </summary>
    private bool TryRead(long hostOffset, Span<byte> target)
    {
        try
        {
            file.Read(hostOffset, target);
            return true;
        }
        catch (BlockException error) when (error.Kind == BlockErrorKind.Io)
        {
            return false;
        }
    }
}
