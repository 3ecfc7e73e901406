using System.Buffers.Binary;
using System.IO.Compression;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// A few neighbouring grains on their way into a stream: read, tested for zeros and compressed by a worker,
/// into bytes that are written as they are. Its buffers are made once and used again. Handed between one
/// worker and the writing thread; never used by both at once.
/// </summary>
internal sealed class GrainBatch : IDisposable
{
    /// <summary>
    /// Grains in a batch. A divisor of a table's entries, so that no batch spans two tables.
    /// </summary>
    public const int MaxGrains = 4;

    private readonly int grainBytes;
    private readonly byte[] raw;
    private readonly FixedBuffer output;
    private readonly ZLibCompressionOptions compression;
    private readonly (int Index, int SectorInBatch)[] stored = new (int, int)[MaxGrains];
    private readonly ManualResetEventSlim done = new();
    private int storedCount;

    public GrainBatch(int grainBytes, int level)
    {
        this.grainBytes = grainBytes;
        raw = new byte[grainBytes * MaxGrains];

        // Room for data that do not compress: a byte may become nine bits, and the marker and padding come on
        // top.
        output = new FixedBuffer(((grainBytes * 5 / 4) + (2 * Sector.Bytes)) * MaxGrains);
        compression = new ZLibCompressionOptions { CompressionLevel = level };
    }

    /// <summary>First grain of the batch.</summary>
    public long FirstGrain { get; private set; }

    /// <summary>Grains it covers, empty ones included.</summary>
    public int GrainCount { get; private set; }

    /// <summary>What stopped the worker, or null. Valid after <see cref="WaitUntilDone"/>.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Markers and compressed data, padded to sectors.</summary>
    public ReadOnlySpan<byte> Output => output.Written;

    /// <summary>
    /// The grains in <see cref="Output"/>: index from <see cref="FirstGrain"/>, sector from its beginning.
    /// </summary>
    public ReadOnlySpan<(int Index, int SectorInBatch)> Stored => stored.AsSpan(0, storedCount);

    /// <summary>Makes the batch ready for a worker.</summary>
    public void Prepare(long firstGrain, int grainCount)
    {
        (FirstGrain, GrainCount, Error, storedCount) = (firstGrain, grainCount, null, 0);
        output.Clear();
        done.Reset();
    }

    /// <summary>The worker's part. Never throws; a failure is kept in <see cref="Error"/>.</summary>
    public void Run(IBlockReader source, CancellationToken stopping)
    {
        try
        {
            stopping.ThrowIfCancellationRequested();
            Compress(source);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Error = error;
        }
        finally
        {
            done.Set();
        }
    }

    /// <summary>Returns when the worker is through with it.</summary>
    public void WaitUntilDone() => done.Wait();

    public void Dispose()
    {
        done.Dispose();
        output.Dispose();
    }

    private void Compress(IBlockReader source)
    {
        long offset = FirstGrain * grainBytes;
        Span<byte> all = raw.AsSpan(0, GrainCount * grainBytes);
        int readable = (int)Math.Min(all.Length, source.Length - offset);
        source.Read(offset, all[..readable]);
        all[readable..].Clear();
        for (int index = 0; index < GrainCount; index++)
        {
            Span<byte> grain = all.Slice(index * grainBytes, grainBytes);
            if (!grain.ContainsAnyExcept((byte)0)) { continue; }
            stored[storedCount++] = (index, output.Position32 / Sector.Bytes);
            Append(FirstGrain + index, grain);
        }
    }

    private void Append(long grainIndex, ReadOnlySpan<byte> grain)
    {
        int start = output.Position32;
        output.Skip(StreamMarker.GrainDataOffset);
        using (var zlib = new ZLibStream(output, compression, leaveOpen: true)) { zlib.Write(grain); }
        Span<byte> marker = output.Slice(start, StreamMarker.GrainDataOffset);
        BinaryPrimitives.WriteInt64LittleEndian(marker, grainIndex * (grainBytes / Sector.Bytes));
        BinaryPrimitives.WriteInt32LittleEndian(marker[8..], output.Position32 - start - marker.Length);
        output.Skip(-output.Position32 & (Sector.Bytes - 1));
    }

    /// <summary>A stream into a byte array that does not grow.</summary>
    private sealed class FixedBuffer(int capacityBytes) : Stream
    {
        private readonly byte[] bytes = new byte[capacityBytes];

        public int Position32 { get; private set; }

        public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Position32);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Clear() => Position32 = 0;

        public Span<byte> Slice(int start, int count) => bytes.AsSpan(start, count);

        /// <summary>Goes on behind <paramref name="count"/> zeros.</summary>
        public void Skip(int count)
        {
            bytes.AsSpan(Position32, count).Clear();
            Position32 += count;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            buffer.CopyTo(bytes.AsSpan(Position32));
            Position32 += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) =>
            Write(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
