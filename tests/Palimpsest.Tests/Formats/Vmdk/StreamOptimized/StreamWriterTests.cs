using System.Buffers.Binary;
using System.IO.Pipes;
using System.Text;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Streams we write: their structure, byte by byte, and what happens when something goes wrong.
/// </summary>
public sealed class StreamWriterTests
{
    private const int Grain = StreamRecipe.GrainBytes;
    private static readonly byte[] Descriptor = Encoding.ASCII.GetBytes("# Disk DescriptorFile\nversion=1\n");

    [Fact]
    public void The_pieces_stand_in_the_order_the_format_asks_for()
    {
        byte[] disk = DiskWithTables();
        byte[] file = Write(disk);
        Assert.Equal(0, file.Length % 512);
        Assert.Equal("KDMV"u8.ToArray(), file[..4]);
        Assert.Equal(3u, U32(file, 4));
        Assert.Equal(0x30001u, U32(file, 8));
        Assert.Equal((ulong)disk.Length / 512, U64(file, 12));
        Assert.Equal(128ul, U64(file, 20));
        Assert.Equal((1ul, 20ul), (U64(file, 28), U64(file, 36)));
        Assert.Equal(ulong.MaxValue, U64(file, 56));
        Assert.Equal(128ul, U64(file, 64));
        Assert.Equal([0x0A, 0x20, 0x0D, 0x0A, 1, 0], file[73..79]);
        Assert.Equal(Descriptor, file[512..(512 + Descriptor.Length)]);

        var pieces = new List<string>();
        var markers = new Dictionary<long, uint>();
        uint sector = 128, tableSector = 0, directorySector = 0;
        while (pieces.LastOrDefault() != "end")
        {
            int at = (int)sector * 512;
            uint size = U32(file, at + 8);
            if (size != 0)
            {
                pieces.Add($"grain {U64(file, at) / 128}");
                markers.Add((long)U64(file, at) / 128, sector);
                sector += (12 + size + 511) / 512;
                continue;
            }
            pieces.Add(((string[])["end", "table", "directory", "footer"])[U32(file, at + 12)]);
            if (pieces[^1] == "table") { tableSector = sector + 1; }
            if (pieces[^1] == "directory") { directorySector = sector + 1; }
            sector += 1 + (uint)U64(file, at);
        }
        Assert.Equal(["grain 0", "grain 3", "grain 511", "table", "grain 512", "table", "grain 1600", "table",
            "directory", "footer", "end"], pieces);
        Assert.Equal(file.Length, (int)sector * 512);
        Assert.Equal(directorySector, U64(file, file.Length - 1024 + 56));
        int directory = (int)directorySector * 512;
        Assert.Equal([U32(file, directory), U32(file, directory + 4), 0, tableSector],
            Enumerable.Range(0, 4).Select(index => U32(file, directory + (index * 4))));
        Assert.Equal(markers[1600], U32(file, ((int)tableSector * 512) + (1600 % 512 * 4)));
        int firstTable = (int)U32(file, (int)directorySector * 512) * 512;
        Assert.Equal([markers[0], 0, 0, markers[3]], Enumerable.Range(0, 4)
            .Select(index => U32(file, firstTable + (index * 4))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void What_is_written_is_what_is_read(int degree)
    {
        byte[] disk = DiskWithTables();
        byte[] file = Write(disk, new StreamWriteOptions { Degree = degree });
        Assert.Equal(Write(disk), file);
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(file, findings);
        Assert.Empty(findings.Items);
        var read = new byte[disk.Length];
        reader.Read(0, read);
        Assert.True(read.AsSpan().SequenceEqual(disk));
    }

    [Fact]
    public void Holes_are_not_read_and_grains_of_zeros_are_not_stored()
    {
        byte[] disk = new byte[1000 * Grain];
        StreamRecipe.Content(1, 100).CopyTo(disk, (500 * Grain) + 700);
        StreamRecipe.Content(2, Grain).CopyTo(disk, 900 * Grain);
        var touched = new List<long>();
        var source = new ArrayReader(disk) { OnRead = offset => { lock (touched) { touched.Add(offset); } } };
        source.Holes.Add((0, (500 * Grain) + 512));
        source.Holes.Add(((500 * Grain) + 4096, 880L * Grain));
        using var target = new MemoryStream();
        StreamWriteResult result = new StreamOptimizedWriter(target, disk.Length, Descriptor)
            .Write(source, null, Token);
        Assert.Equal(2, result.GrainCount);
        Assert.Equal(target.Length, result.LengthBytes);
        Assert.All(touched, offset => Assert.True(offset is 500 * Grain or >= 880L * Grain));
        using StreamOptimizedReader reader = StreamRecipe.Open(target.ToArray());
        var read = new byte[disk.Length];
        reader.Read(0, read);
        Assert.True(read.AsSpan().SequenceEqual(disk));
        Assert.Equal(new BlockRun(500 * Grain, RunKind.Hole), reader.GetRun(0, reader.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(Grain + 1)]
    [InlineData((5 * Grain) - 513)]
    public void A_disk_of_any_length_keeps_its_last_bytes(int length)
    {
        byte[] disk = StreamRecipe.Content(length, length);
        long capacity = (length + 511) / 512 * 512;
        using var target = new MemoryStream();
        new StreamOptimizedWriter(target, capacity, Descriptor).Write(new ArrayReader(disk), null, Token);
        using StreamOptimizedReader reader = StreamRecipe.Open(target.ToArray());
        Assert.Equal(capacity, reader.Length);
        var read = new byte[capacity];
        reader.Read(0, read);
        Assert.True(read.AsSpan(0, length).SequenceEqual(disk));
        Assert.False(read.AsSpan(length).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void An_empty_disk_is_a_stream_without_grains()
    {
        byte[] file = Write(new byte[3 * Grain]);
        Assert.Equal((128 + 2 + 3) * 512, file.Length);
        using StreamOptimizedReader reader = StreamRecipe.Open(file);
        Assert.Equal(new BlockRun(3 * Grain, RunKind.Hole), reader.GetRun(0, 3 * Grain));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public void Data_that_do_not_compress_fit(int level)
    {
        var disk = new byte[8 * Grain];
        new Random(3).NextBytes(disk);
        byte[] file = Write(disk, new StreamWriteOptions { Level = level });
        using StreamOptimizedReader reader = StreamRecipe.Open(file);
        var read = new byte[disk.Length];
        reader.Read(0, read);
        Assert.True(read.AsSpan().SequenceEqual(disk));
    }

    [Fact]
    public async Task A_pipe_is_enough()
    {
        byte[] disk = DiskWithTables();
        using var from = new AnonymousPipeServerStream(PipeDirection.In);
        using var to = new AnonymousPipeClientStream(PipeDirection.Out, from.ClientSafePipeHandle);
        Task writing = Task.Run(() =>
        {
            new StreamOptimizedWriter(to, disk.Length, Descriptor).Write(new ArrayReader(disk), null, Token);
            to.Dispose();
        }, TestContext.Current.CancellationToken);
        var received = new MemoryStream();
        await from.CopyToAsync(received, TestContext.Current.CancellationToken);
        await writing;
        Assert.Equal(Write(disk), received.ToArray());
    }

    [Fact]
    public void A_host_file_gets_the_same_bytes_and_must_be_new()
    {
        byte[] disk = DiskWithTables();
        using HostFile file = StreamRecipe.AsFile([]);
        new StreamOptimizedWriter(file, disk.Length, Descriptor).Write(new ArrayReader(disk), null, Token);
        var written = new byte[file.Length];
        file.Read(0, written);
        Assert.Equal(Write(disk), written);
        Assert.Equal(BlockErrorKind.Refused, Assert.Throws<BlockException>(
            () => new StreamOptimizedWriter(file, disk.Length, Descriptor)).Kind);
    }

    [Fact]
    public void A_long_descriptor_moves_the_grains()
    {
        byte[] descriptor = Encoding.ASCII.GetBytes(new string('#', 100_000));
        byte[] disk = StreamRecipe.Content(1, Grain);
        using var target = new MemoryStream();
        new StreamOptimizedWriter(target, disk.Length, descriptor).Write(new ArrayReader(disk), null, Token);
        using StreamOptimizedReader reader = StreamRecipe.Open(target.ToArray());
        Assert.Equal((512L, 196 * 512), reader.EmbeddedDescriptorRange);
        Assert.Equal(256ul, (ulong)reader.Header.OverHead);
        var read = new byte[Grain];
        reader.Read(0, read);
        Assert.Equal(disk, read);
    }

    [Fact]
    public void An_unreadable_source_stops_it_and_leaves_no_footer()
    {
        byte[] disk = StreamRecipe.Content(5, 40 * Grain);
        using var target = new MemoryStream();
        var error = Assert.Throws<BlockException>(
            () => new StreamOptimizedWriter(target, disk.Length, Descriptor)
            .Write(new ArrayReader(disk) { UnreadableAt = 30 * Grain }, null, Token));
        Assert.Equal((BlockErrorKind.Io, 30L * Grain), (error.Kind, error.OffsetBytes));
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(target.ToArray(), findings);
        Assert.Equal(StreamFindings.Truncated, Assert.Single(findings.Items).Code);
        Assert.Equal(RunKind.Unreadable, reader.GetRun(39 * Grain, 1).Kind);
    }

    [Fact]
    public void Cancelling_stops_it()
    {
        byte[] disk = StreamRecipe.Content(5, 64 * Grain);
        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(
            () => new StreamOptimizedWriter(new MemoryStream(), disk.Length, Descriptor)
            .Write(new ArrayReader(disk), _ => cancellation.Cancel(), cancellation.Token));
    }

    [Fact]
    public void Progress_ascends_to_the_capacity()
    {
        byte[] disk = DiskWithTables();
        var steps = new List<long>();
        new StreamOptimizedWriter(new MemoryStream(), disk.Length, Descriptor)
            .Write(new ArrayReader(disk), steps.Add, Token);
        Assert.Equal(steps.Order(), steps);
        Assert.Equal(disk.Length, steps[^1]);
    }

    [Fact]
    public void A_source_of_another_length_is_a_mistake()
    {
        var writer = new StreamOptimizedWriter(new MemoryStream(), 4096, Descriptor);
        Assert.Throws<ArgumentException>(() => writer.Write(new ArrayReader(new byte[4097]), null, Token));
        Assert.Throws<ArgumentException>(() => writer.Write(new ArrayReader(new byte[3584]), null, Token));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new StreamOptimizedWriter(new MemoryStream(), 4097, Descriptor));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] DiskWithTables()
    {
        var disk = new byte[(1601 * Grain) - (20 * 512)];
        foreach (int grain in (int[])[0, 3, 511, 512, 1600])
        {
            StreamRecipe.Content(grain, Grain / 2).CopyTo(disk, grain * Grain);
        }
        return disk;
    }

    private static byte[] Write(byte[] disk, StreamWriteOptions? options = null)
    {
        using var target = new MemoryStream();
        new StreamOptimizedWriter(target, disk.Length, Descriptor, options)
            .Write(new ArrayReader(disk), null, Token);
        return target.ToArray();
    }

    private static uint U32(byte[] file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));

    private static ulong U64(byte[] file, int at) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
}
