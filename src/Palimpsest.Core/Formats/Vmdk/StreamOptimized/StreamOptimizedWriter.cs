using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>How a stream is written.</summary>
public sealed record StreamWriteOptions
{
    /// <summary>zlib's compression level, 1 (fast) to 9 (small).</summary>
    public int Level { get; init; } = 6;

    /// <summary>Threads that read and compress; at most <see cref="MaxDegree"/> are used.</summary>
    public int Degree { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// More threads than this are not started: their buffers would exceed the memory budget.
    /// </summary>
    public const int MaxDegree = 16;
}

/// <summary>What was written.</summary>
/// <param name="GrainCount">Grains stored; empty ones are left out.</param>
/// <param name="LengthBytes">Length of the file.</param>
public readonly record struct StreamWriteResult(long GrainCount, long LengthBytes);

/// <summary>
/// Writes a stream-optimised extent once, forward only, so that a pipe will do. Grains are read and
/// compressed by several threads in batches, and written in ascending order by the calling one; grains of
/// zeros are left out. Memory is bounded by <see cref="StreamWriteOptions.MaxDegree"/> (below 32 MiB) and the
/// directory (4 bytes per 32 MiB of disk), whatever the size of the disk. One instance writes one stream.
/// </summary>
/// <remarks>
/// Crash order: header, descriptor, grains and tables in file order; a flush; then footer and end-of-stream;
/// a flush. The front header says that the directory is named by the footer, so a file without one is known
/// to be unfinished, and one with a footer has everything before it on disk.
/// </remarks>
public sealed class StreamOptimizedWriter
{
    private const int GrainSectors = 128, GrainBytes = GrainSectors * Sector.Bytes;
    private const int UsualDescriptorSectors = 20, MaxDescriptorBytes = 1 << 20;
    private readonly StreamSink sink;
    private readonly long capacityBytes;
    private readonly byte[] descriptor;
    private readonly StreamWriteOptions options;
    private readonly uint[] directory;
    private readonly uint[] table = new uint[StreamShape.TableEntries];
    private readonly byte[] sectors = new byte[(1 + StreamShape.TableSectors) * Sector.Bytes];
    private int tableIndex;
    private bool tableUsed, used;
    private long storedGrains;

    /// <summary>
    /// Prepares to write to <paramref name="target"/>, which stays the caller's. <paramref
    /// name="capacityBytes"/> is a multiple of 512; <paramref name="descriptor"/> is the text to embed, at
    /// most 1 MiB.
    /// </summary>
    public StreamOptimizedWriter(
        Stream target, long capacityBytes, byte[] descriptor, StreamWriteOptions? options = null)
        : this(new StreamSink(target), capacityBytes, descriptor, options)
    {
    }

    /// <summary>
    /// The same, to a host file that must be empty. It stays the caller's and is flushed at the end.
    /// </summary>
    public StreamOptimizedWriter(
        HostFile target, long capacityBytes, byte[] descriptor, StreamWriteOptions? options = null)
        : this(new StreamSink(target), capacityBytes, descriptor, options)
    {
        if (target.Length != 0)
        {
            throw new BlockException(BlockErrorKind.Refused, target.Path, null,
                "a stream is only written to a new file, and this one has content");
        }
    }

    private StreamOptimizedWriter(
        StreamSink sink, long capacityBytes, byte[] descriptor, StreamWriteOptions? options)
    {
        const long MaxCapacityBytes = (long)StreamShape.MaxTableCount * StreamShape.TableEntries * GrainBytes;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacityBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacityBytes, MaxCapacityBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(capacityBytes % Sector.Bytes, 0, nameof(capacityBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            descriptor.Length, MaxDescriptorBytes, nameof(descriptor));
        this.sink = sink;
        this.capacityBytes = capacityBytes;
        this.descriptor = descriptor;
        this.options = options ?? new StreamWriteOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Level, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(this.options.Level, 9, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Degree, 1, nameof(options));
        directory = new uint[(GrainCount + StreamShape.TableEntries - 1) / StreamShape.TableEntries];
    }

    private long GrainCount => (capacityBytes + GrainBytes - 1) / GrainBytes;

    /// <summary>
    /// Writes the whole stream from <paramref name="source"/>, whose length is the capacity or, for an image
    /// that is no whole number of sectors, up to 511 bytes less. <paramref name="progress"/> is called on
    /// this thread with the bytes of the disk that are done. Throws what reading or writing throws; the
    /// target then holds an unfinished stream without a footer.
    /// </summary>
    public StreamWriteResult Write(
        IBlockReader source, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        if (used) { throw new InvalidOperationException("A stream is written once."); }
        if (source.Length > capacityBytes || capacityBytes - source.Length >= Sector.Bytes)
        {
            throw new ArgumentException($"The source has {source.Length} bytes, the stream {capacityBytes}.");
        }
        used = true;
        AppendFront();
        AppendGrains(source, progress, cancellation);
        AppendTable();
        AppendEnd();
        progress?.Invoke(capacityBytes);
        return new StreamWriteResult(storedGrains, sink.Position);
    }

    private SparseHeader Header(ulong directorySector, int descriptorSectors, int overHead) => new()
    {
        Magic = SparseHeader.MagicNumber,
        Version = 3,
        Flags = (uint)(SparseFlags.ValidNewlines | SparseFlags.Compressed | SparseFlags.Markers),
        Capacity = (ulong)(capacityBytes / Sector.Bytes),
        GrainSize = GrainSectors,
        DescriptorOffset = 1,
        DescriptorSize = (ulong)descriptorSectors,
        TableEntries = StreamShape.TableEntries,
        DirectoryOffset = directorySector,
        OverHead = (ulong)overHead,
        SingleEndLineChar = 0x0A,
        NonEndLineChar = 0x20,
        DoubleEndLineChar1 = 0x0D,
        DoubleEndLineChar2 = 0x0A,
        CompressAlgorithm = 1,
    };

    private SparseHeader Header(ulong directorySector)
    {
        // The usual 20 sectors leave room for tools that add lines to a descriptor without asking whether
        // they fit.
        int descriptorSectors = Math.Max(UsualDescriptorSectors, (int)Sector.CountFor(descriptor.Length));
        int overHead = (1 + descriptorSectors + GrainSectors - 1) / GrainSectors * GrainSectors;
        return Header(directorySector, descriptorSectors, overHead);
    }

    private void AppendFront()
    {
        SparseHeader header = Header(SparseHeader.DirectoryAtEnd);
        var front = new byte[(int)(ulong)header.OverHead * Sector.Bytes];
        MemoryMarshal.Write(front, header);
        descriptor.CopyTo(front.AsSpan(Sector.Bytes));
        sink.Append(front);
    }

    private void AppendGrains(IBlockReader source, Action<long>? progress, CancellationToken cancellation)
    {
        int degree = Math.Min(options.Degree, StreamWriteOptions.MaxDegree);
        var ring = new GrainBatch[(degree * 2) + 2];
        for (int index = 0; index < ring.Length; index++)
        {
            ring[index] = new GrainBatch(GrainBytes, options.Level);
        }
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var queue = new BlockingCollection<GrainBatch>();
        Thread[] workers = StartWorkers(degree, queue, source, stopping.Token);
        try
        {
            long given = 0, taken = 0;
            var cursor = new StoredGrainCursor(source, GrainBytes);
            while (cursor.MoveNext(out long firstGrain, out int grainCount))
            {
                cancellation.ThrowIfCancellationRequested();
                if (given - taken == ring.Length)
                {
                    Emit(ring[taken++ % ring.Length], progress, cancellation);
                }
                GrainBatch batch = ring[given++ % ring.Length];
                batch.Prepare(firstGrain, grainCount);
                queue.Add(batch, CancellationToken.None);
            }
            while (taken < given) { Emit(ring[taken++ % ring.Length], progress, cancellation); }
        }
        finally
        {
            // Whatever happened, no thread may still read the source when this returns.
            stopping.Cancel();
            queue.CompleteAdding();
            foreach (Thread worker in workers) { worker.Join(); }
            foreach (GrainBatch batch in ring) { batch.Dispose(); }
        }
    }

    private static Thread[] StartWorkers(
        int degree, BlockingCollection<GrainBatch> queue, IBlockReader source, CancellationToken stopping)
    {
        var workers = new Thread[degree];
        for (int index = 0; index < degree; index++)
        {
            workers[index] = new Thread(() =>
            {
                foreach (GrainBatch batch in queue.GetConsumingEnumerable()) { batch.Run(source, stopping); }
            }) { IsBackground = true, Name = "grain compression" };
            workers[index].Start();
        }
        return workers;
    }

    private void Emit(GrainBatch batch, Action<long>? progress, CancellationToken cancellation)
    {
        batch.WaitUntilDone();
        if (batch.Error is { } error)
        {
            cancellation.ThrowIfCancellationRequested();
            ExceptionDispatchInfo.Throw(error);
        }
        if (batch.FirstGrain / StreamShape.TableEntries is var batchTable && batchTable != tableIndex)
        {
            AppendTable();
            tableIndex = (int)batchTable;
        }
        foreach ((int index, int sectorInBatch) in batch.Stored)
        {
            table[(batch.FirstGrain + index) % StreamShape.TableEntries] =
                SectorNumber((sink.Position / Sector.Bytes) + sectorInBatch);
            tableUsed = true;
            storedGrains++;
        }
        sink.Append(batch.Output);
        progress?.Invoke(Math.Min(capacityBytes, (batch.FirstGrain + batch.GrainCount) * GrainBytes));
    }

    private static uint SectorNumber(long sector) => sector <= uint.MaxValue
        ? (uint)sector
        : throw new BlockException(BlockErrorKind.NoSpace, null, null,
            "a stream-optimised file cannot grow beyond 2 TiB; convert to another kind, or to several disks");

    /// <summary>Writes the table at hand, if any of its grains is stored, and begins the next.</summary>
    private void AppendTable()
    {
        if (!tableUsed) { return; }
        directory[tableIndex] = SectorNumber((sink.Position / Sector.Bytes) + 1);
        AppendNumbers(StreamMarkerType.GrainTable, table);
        Array.Clear(table);
        tableUsed = false;
    }

    private void AppendEnd()
    {
        uint directorySector = SectorNumber((sink.Position / Sector.Bytes) + 1);
        AppendNumbers(StreamMarkerType.GrainDirectory, directory);
        sink.Flush();
        Span<byte> end = sectors.AsSpan(0, 3 * Sector.Bytes);
        end.Clear();
        MemoryMarshal.Write(end, new StreamMarker { Value = 1, Type = (uint)StreamMarkerType.Footer });
        MemoryMarshal.Write(end[Sector.Bytes..], Header(directorySector));
        sink.Append(end);
        sink.Flush();
    }

    /// <summary>A marker and the numbers behind it, padded to sectors.</summary>
    private void AppendNumbers(StreamMarkerType type, ReadOnlySpan<uint> numbers)
    {
        Span<byte> sector = sectors.AsSpan(0, Sector.Bytes);
        sector.Clear();
        var marker =
            new StreamMarker { Value = (ulong)Sector.CountFor(numbers.Length * 4L), Type = (uint)type };
        MemoryMarshal.Write(sector, marker);
        sink.Append(sector);
        while (!numbers.IsEmpty)
        {
            int count = Math.Min(numbers.Length, StreamShape.TableEntries);
            Span<byte> bytes = sectors.AsSpan(0, (int)Sector.CountFor(count * 4L) * Sector.Bytes);
            bytes.Clear();
            Span<U32Le> fields = MemoryMarshal.Cast<byte, U32Le>(bytes);
            for (int index = 0; index < count; index++) { fields[index] = numbers[index]; }
            sink.Append(bytes);
            numbers = numbers[count..];
        }
    }
}
