using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Reads and decompresses single grains, checking marker, size, length and Adler-32. Owns one buffer; used by
/// one thread at a time, see <see cref="GrainInflaterPool"/>.
/// </summary>
[SuppressMessage("Design", "CA1001",
    Justification = "The input is a view of a byte array; there is nothing to free.")]
internal sealed class GrainInflater(HostFile file, long fileLength, StreamShape shape)
{
    /// <summary>
    /// Read with the marker, before its size is known: most grains of system disks come near it.
    /// </summary>
    private const int FirstReadBytes = 16384;
    private readonly byte[] compressed = new byte[StreamMarker.GrainDataOffset + shape.MaxCompressedBytes];
    private readonly byte[] overflow = new byte[1];
    private readonly CompressedBytes input = new();

    /// <summary>
    /// Fills <paramref name="target"/>, exactly one grain long, with the grain whose marker stands at
    /// <paramref name="markerSector"/>. A short last grain is padded with zeros. Throws
    /// <see cref="BlockException"/>, <c>Corrupt</c> for whatever is wrong with the bytes.
    /// </summary>
    public void Inflate(long grainIndex, uint markerSector, Span<byte> target)
    {
        long markerOffset = (long)markerSector * Sector.Bytes;
        int size = LoadCompressed(grainIndex, markerOffset);
        int produced = Decompress(grainIndex, markerOffset, size, target);
        int expected = shape.GrainLength(grainIndex);
        if (produced != target.Length && produced != expected)
        {
            throw Corrupt(grainIndex, markerOffset,
                $"it decompresses to {produced} bytes instead of {expected}");
        }
        target[produced..].Clear();
    }

    private int LoadCompressed(long grainIndex, long markerOffset)
    {
        int first = (int)Math.Min(Math.Min(FirstReadBytes, compressed.Length), fileLength - markerOffset);
        if (first < StreamMarker.SizeBytes)
        {
            throw Corrupt(grainIndex, markerOffset, "the file ends in its marker");
        }
        file.Read(markerOffset, compressed.AsSpan(0, first));
        var marker = MemoryMarshal.Read<StreamMarker>(compressed);
        ulong expectedSector = (ulong)grainIndex * (ulong)shape.GrainSectors;
        if (marker.Size == 0 || marker.Size > shape.MaxCompressedBytes)
        {
            throw Corrupt(grainIndex, markerOffset,
                $"its marker gives it {(uint)marker.Size} compressed bytes");
        }
        if (marker.Value != expectedSector)
        {
            throw Corrupt(grainIndex, markerOffset,
                $"its marker is that of sector {(ulong)marker.Value}, not of {expectedSector}");
        }
        int size = (int)(uint)marker.Size, whole = StreamMarker.GrainDataOffset + size;
        if (whole > fileLength - markerOffset)
        {
            throw Corrupt(grainIndex, markerOffset, "the file ends before its compressed data do");
        }
        if (whole > first) { file.Read(markerOffset + first, compressed.AsSpan(first, whole - first)); }
        return size;
    }

    private int Decompress(long grainIndex, long markerOffset, int size, Span<byte> target)
    {
        input.Set(compressed, StreamMarker.GrainDataOffset, size);
        int produced, beyond;
        try
        {
            using var zlib = new ZLibStream(input, CompressionMode.Decompress, leaveOpen: true);
            produced = zlib.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);

            // The checksum stands behind the data; only asking for more makes the decoder reach and compare
            // it.
            beyond = zlib.Read(overflow);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw Corrupt(grainIndex, markerOffset, "its compressed data are damaged", error);
        }

        // The decoder takes the end of its input for the end of the data. When it asked for more it had not
        // met the end mark and the checksum, and what it gave cannot be trusted.
        if (input.RanDry) { throw Corrupt(grainIndex, markerOffset, "its compressed data are cut short"); }
        return beyond == 0
            ? produced
            : throw Corrupt(grainIndex, markerOffset, $"it decompresses to more than {target.Length} bytes");
    }

    private BlockException Corrupt(
        long grainIndex, long markerOffset, string what, Exception? inner = null) =>
        new(BlockErrorKind.Corrupt, file.Path, markerOffset,
            $"the grain at virtual byte {grainIndex * shape.GrainBytes} is damaged: {what}; "
            + "fetch the disk again, or heal the range from another copy", inner);

    /// <summary>
    /// The compressed bytes of one grain as a stream that knows whether more was asked of it than it had.
    /// </summary>
    private sealed class CompressedBytes : Stream
    {
        private byte[] bytes = [];
        private int position, end;

        public bool RanDry { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Set(byte[] source, int start, int count)
        {
            (bytes, position, end, RanDry) = (source, start, start + count, false);
        }

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, end - position);
            if (count == 0) { RanDry = true; return 0; }
            bytes.AsSpan(position, count).CopyTo(buffer);
            position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>
/// Idle inflaters, so that a grain costs no buffer and threads never wait for one another. Keeps a few; more
/// threads than that make their own and drop them.
/// </summary>
internal sealed class GrainInflaterPool(HostFile file, long fileLength, StreamShape shape)
{
    private readonly GrainInflater?[] idle = new GrainInflater?[8];

    /// <summary>See <see cref="GrainInflater.Inflate"/>. Thread-safe.</summary>
    public void Inflate(long grainIndex, uint markerSector, Span<byte> target)
    {
        GrainInflater inflater = Take();
        try
        {
            inflater.Inflate(grainIndex, markerSector, target);
        }
        finally
        {
            GiveBack(inflater);
        }
    }

    private GrainInflater Take()
    {
        for (int index = 0; index < idle.Length; index++)
        {
            if (Interlocked.Exchange(ref idle[index], null) is { } inflater) { return inflater; }
        }
        return new GrainInflater(file, fileLength, shape);
    }

    private void GiveBack(GrainInflater inflater)
    {
        for (int index = 0; index < idle.Length; index++)
        {
            if (Interlocked.CompareExchange(ref idle[index], inflater, null) is null) { return; }
        }
    }
}
