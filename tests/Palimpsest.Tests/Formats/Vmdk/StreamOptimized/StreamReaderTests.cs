using System.Buffers.Binary;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>Whole and damaged streams, built from the format's definition.</summary>
public sealed class StreamReaderTests
{
    private const int Grain = StreamRecipe.GrainBytes;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_dialects_give_the_disk(bool isStream)
    {
        StreamRecipe recipe = ThreeTables();
        byte[] bytes = isStream ? recipe.BuildStream() : recipe.BuildRandomAccess();
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes, findings);
        Assert.Empty(findings.Items);
        Assert.False(reader.IsSalvaged);
        Assert.Equal(isStream, reader.HasFooterDialect);
        Assert.Equal(recipe.CapacitySectors * 512, reader.Length);
        Assert.Equal((512L, 20 * 512), reader.EmbeddedDescriptorRange);
        var disk = new byte[reader.Length];
        reader.Read(0, disk);
        Assert.True(disk.AsSpan().SequenceEqual(recipe.Disk()));
    }

    [Fact]
    public void Small_reads_at_any_offset_agree_with_the_disk()
    {
        StreamRecipe recipe = ThreeTables();
        byte[] expected = recipe.Disk();
        using StreamOptimizedReader reader = StreamRecipe.Open(recipe.BuildStream());
        var random = new Random(7);
        var buffer = new byte[200_000];
        for (int round = 0; round < 300; round++)
        {
            int length = random.Next(0, round % 3 == 0 ? buffer.Length : 5000);
            int offset = random.Next(0, round % 2 == 0 ? 8 * Grain : expected.Length - length);
            length = Math.Min(length, expected.Length - offset);
            reader.Read(offset, buffer.AsSpan(0, length));
            Assert.True(buffer.AsSpan(0, length).SequenceEqual(expected.AsSpan(offset, length)));
        }
    }

    [Fact]
    public void Many_threads_read_the_same_grains()
    {
        StreamRecipe recipe = ThreeTables();
        byte[] expected = recipe.Disk();
        using StreamOptimizedReader reader = StreamRecipe.Open(recipe.BuildStream());
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, index =>
        {
            int offset = index * 7919 % (8 * Grain), length = index % 4 == 0 ? 3 * Grain : 4096;
            var buffer = new byte[length];
            reader.Read(offset, buffer);
            Assert.True(buffer.AsSpan().SequenceEqual(expected.AsSpan(offset, length)));
        });
    }

    [Fact]
    public void Runs_tell_stored_zeroed_and_absent_grains_apart()
    {
        StreamRecipe recipe = new StreamRecipe((128 * 512 * 2) + 5)
            .Grain(0, StreamRecipe.Content(1)).Grain(1, StreamRecipe.Content(2)).Zeroed(2).Zeroed(3);
        using StreamOptimizedReader reader = StreamRecipe.Open(recipe.BuildStream());
        Assert.Equal(new BlockRun(2 * Grain, RunKind.Data), reader.GetRun(0, reader.Length));
        Assert.Equal(new BlockRun(10, RunKind.Data), reader.GetRun(5, 10));
        Assert.Equal(new BlockRun((2 * Grain) - 1, RunKind.Zero),
            reader.GetRun((2 * Grain) + 1, reader.Length / 2));
        Assert.Equal(new BlockRun(reader.Length - (4 * Grain), RunKind.Hole),
            reader.GetRun(4 * Grain, reader.Length - (4 * Grain)));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetRun(reader.Length, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(reader.Length - 1, new byte[2]));
    }

    [Theory]
    [InlineData(5 * 512)]
    [InlineData(Grain)]
    public void A_short_last_grain_may_be_stored_short_or_whole(int storedLength)
    {
        byte[] content = StreamRecipe.Content(3, storedLength);
        content.AsSpan(5 * 512).Clear();
        StreamRecipe recipe = new StreamRecipe(128 + 5).Grain(1, content);
        using StreamOptimizedReader reader = StreamRecipe.Open(recipe.BuildStream());
        var tail = new byte[5 * 512];
        reader.Read(Grain, tail);
        Assert.True(tail.AsSpan().SequenceEqual(content.AsSpan(0, tail.Length)));
    }

    [Fact]
    public void A_grain_in_the_middle_that_is_short_is_an_error()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4).Grain(1, StreamRecipe.Content(3, Grain - 1));
        using StreamOptimizedReader reader = StreamRecipe.Open(recipe.BuildStream());
        AssertCorrupt(reader, 1);
    }

    [Fact]
    public void A_grain_that_is_too_long_is_an_error()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4).Grain(1, StreamRecipe.Content(3, Grain + 1));
        using StreamOptimizedReader reader = StreamRecipe.Open(recipe.BuildStream());
        AssertCorrupt(reader, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    [InlineData(10_240)]
    [InlineData(100_000)]
    public void Zeros_behind_the_end_are_tolerated(int padding)
    {
        StreamRecipe recipe = ThreeTables();
        var findings = new FindingList();
        using StreamOptimizedReader reader =
            StreamRecipe.Open([.. recipe.BuildStream(), .. new byte[padding]], findings);
        Assert.Empty(findings.Items);
        Assert.False(reader.IsSalvaged);
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_a_grain_is_an_error_and_spares_the_others()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4)
            .Grain(0, StreamRecipe.Content(1)).Grain(1, StreamRecipe.Content(2))
            .Grain(2, StreamRecipe.Content(3));
        byte[] good = recipe.BuildStream(), disk = recipe.Disk();
        int start = recipe.MarkerOffsets[1];
        int size = BinaryPrimitives.ReadInt32LittleEndian(good.AsSpan(start + 8));
        var random = new Random(11);
        var buffer = new byte[Grain];
        for (int round = 0; round < 150; round++)
        {
            // The first rounds walk marker and zlib header, the last ones the checksum, the rest is spread.
            int at = round < 14 ? start + round : round < 22 ? start + 12 + size - 1 - (round - 14)
                : start + 12 + random.Next(size);
            byte[] bad = [.. good];
            bad[at] ^= (byte)(1 << random.Next(8));
            using StreamOptimizedReader reader = StreamRecipe.Open(bad);
            try
            {
                reader.Read(Grain, buffer);
                Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(Grain, Grain)),
                    $"byte {at - start} of the grain");
            }
            catch (BlockException error)
            {
                Assert.Equal(BlockErrorKind.Corrupt, error.Kind);
            }
            reader.Read(2 * Grain, buffer);
            Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(2 * Grain, Grain)));
        }
    }

    [Fact]
    public void A_wrong_checksum_is_an_error()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4).Grain(1, StreamRecipe.Content(2));
        byte[] bytes = recipe.BuildStream();
        int start = recipe.MarkerOffsets[1];
        bytes[start + 12 + BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(start + 8)) - 1] ^= 1;
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        AssertCorrupt(reader, 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(2000)]
    public void Compressed_data_cut_short_are_an_error_even_when_all_bytes_came_out(int missing)
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4).Grain(1, StreamRecipe.Content(2));
        byte[] bytes = recipe.BuildStream();
        Span<byte> size = bytes.AsSpan(recipe.MarkerOffsets[1] + 8);
        BinaryPrimitives.WriteInt32LittleEndian(size, BinaryPrimitives.ReadInt32LittleEndian(size) - missing);
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        AssertCorrupt(reader, 1);
    }

    [Fact]
    public void A_table_entry_that_leads_to_another_grain_is_an_error()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4)
            .Grain(0, StreamRecipe.Content(1)).Grain(1, StreamRecipe.Content(2));
        byte[] bytes = recipe.BuildStream();
        BinaryPrimitives.WriteInt32LittleEndian(
            bytes.AsSpan(recipe.TableOffsets[0] + 4), recipe.MarkerOffsets[0] / 512);
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        AssertCorrupt(reader, 1);
    }

    [Fact]
    public void An_entry_beyond_the_file_is_unreadable()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4)
            .Grain(0, StreamRecipe.Content(1)).Grain(1, StreamRecipe.Content(2));
        byte[] bytes = recipe.BuildRandomAccess();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(recipe.TableOffsets[0] + 4), 0x7FFFFFFF);
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        Assert.Equal(RunKind.Unreadable, reader.GetRun(Grain, Grain).Kind);
        AssertCorrupt(reader, 1);
    }

    [Fact]
    public void Hits_allocate_nothing()
    {
        using StreamOptimizedReader reader = StreamRecipe.Open(ThreeTables().BuildStream());
        var buffer = new byte[4096];
        reader.Read(0, buffer);
        reader.GetRun(0, reader.Length);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
        {
            reader.Read(round * 512, buffer);
            reader.GetRun(round * 512, 10 * Grain);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(8, 0x10001u, "VMDK6004", 63)]
    [InlineData(8, 0x70001u, "VMDK6003", 63)]
    [InlineData(8, 0x1u, "VMDK6001", 4)]
    [InlineData(4, 4u, "VMDK6003", 63)]
    [InlineData(0, 0x766D646Bu, "VMDK6002", 4)]
    [InlineData(0, 0u, "VMDK6001", 4)]
    [InlineData(44, 1024u, "VMDK6005", 4)]
    [InlineData(20, 0u, "VMDK6005", 4)]
    [InlineData(20, 96u, "VMDK6005", 4)]
    [InlineData(20, 0x80000000u, "VMDK6005", 4)]
    [InlineData(16, 0x80000000u, "VMDK6005", 4)]
    [InlineData(16, 0x7FFFFFFFu, "VMDK6005", 4)]
    [InlineData(74, 0x0A0D0A0Du, "VMDK6006", 4)]
    public void Hostile_or_foreign_headers_are_refused_by_name(
        int offset, uint value, string code, int exitCode)
    {
        byte[] bytes = ThreeTables().BuildStream();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
        var refused = Assert.Throws<ImageException>(() => StreamRecipe.Open(bytes));
        Assert.Equal(code, refused.Reason.Code.Id);
        Assert.Equal(exitCode, refused.Reason.Code.ExitCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(511)]
    public void A_file_shorter_than_a_header_is_refused(int length)
    {
        byte[] bytes = ThreeTables().BuildStream();
        Assert.Throws<ImageException>(() => StreamRecipe.Open(bytes[..length]));
    }

    [Fact]
    public void The_largest_capacity_in_a_tiny_file_costs_little_memory()
    {
        byte[] bytes = new StreamRecipe(128 * 4).Grain(1, StreamRecipe.Content(2)).BuildStream();
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(12), 1L << 38);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes, findings);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.True(reader.IsSalvaged);
        Assert.Equal(Severity.Error, findings.Worst);
        Assert.Equal(RunKind.Unreadable, reader.GetRun(reader.Length - 1, 1).Kind);
    }

    [Fact]
    public void A_marker_that_claims_four_gigabytes_is_an_error()
    {
        StreamRecipe recipe = new StreamRecipe(128 * 4)
            .Grain(1, StreamRecipe.Content(2)).Grain(2, StreamRecipe.Content(3));
        byte[] bytes = recipe.BuildStream();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(recipe.MarkerOffsets[1] + 8), uint.MaxValue);
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        AssertCorrupt(reader, 1);
        var buffer = new byte[Grain];
        reader.Read(2 * Grain, buffer);
        Assert.True(buffer.AsSpan().SequenceEqual(StreamRecipe.Content(3)));
    }

    internal static StreamRecipe ThreeTables()
    {
        var recipe = new StreamRecipe((128 * 512 * 3) - 100);
        foreach (int grain in (int[])[0, 1, 2, 5, 6, 511, 512, 700, 1100, 1535])
        {
            recipe.Grain(grain, StreamRecipe.Content(grain, grain == 1535 ? 28 * 512 : Grain));
        }
        return recipe;
    }

    private static void AssertCorrupt(StreamOptimizedReader reader, int grain)
    {
        var buffer = new byte[Grain];
        Assert.Equal(BlockErrorKind.Corrupt,
            Assert.Throws<BlockException>(() => reader.Read((long)grain * Grain, buffer)).Kind);
        Assert.Equal(BlockErrorKind.Corrupt,
            Assert.Throws<BlockException>(
                () => reader.Read(((long)grain * Grain) + 100, buffer.AsSpan(0, 10))).Kind);
    }
}
