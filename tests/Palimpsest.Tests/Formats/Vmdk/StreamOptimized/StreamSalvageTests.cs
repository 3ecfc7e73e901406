using System.Buffers.Binary;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>Truncated and damaged streams: what is read is true, what is not there is never zeros.</summary>
public sealed class StreamSalvageTests
{
    private const int Grain = StreamRecipe.GrainBytes;

    [Fact]
    public void A_stream_cut_anywhere_gives_what_is_there_and_nothing_false()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] whole = recipe.BuildStream(), disk = recipe.Disk();
        HashSet<long> stored = [.. recipe.MarkerOffsets.Keys];
        foreach (int length in CutPoints(recipe, whole))
        {
            var findings = new FindingList();
            using StreamOptimizedReader reader = StreamRecipe.Open(whole[..length], findings);
            Assert.NotEmpty(findings.Items);
            HashSet<long> present = [.. recipe.MarkerOffsets.Where(pair => EndOf(whole, pair.Value) <= length)
                .Select(pair => pair.Key)];
            // The last grain of the disk, or the directory, proves that no grain can follow.
            bool isComplete = length >= recipe.DirectoryMarkerOffset + 16 || present.Contains(1535);
            Assert.Equal(isComplete ? Severity.Warning : Severity.Error, findings.Worst);
            long last = present.Count == 0 ? -1 : present.Max();
            var buffer = new byte[Grain];
            for (long grain = 0; grain * Grain < reader.Length; grain++)
            {
                int grainLength = (int)Math.Min(Grain, reader.Length - (grain * Grain));
                RunKind expected = present.Contains(grain) ? RunKind.Data
                    : isComplete || grain < last ? RunKind.Hole : RunKind.Unreadable;
                Assert.Equal(expected, reader.GetRun(grain * Grain, 1).Kind);
                if (expected == RunKind.Unreadable)
                {
                    var error =
                        Assert.Throws<BlockException>(() => reader.Read(grain * Grain, buffer.AsSpan(0, 1)));
                    Assert.Equal(BlockErrorKind.Corrupt, error.Kind);
                    continue;
                }
                Assert.False(
                    expected == RunKind.Hole && stored.Contains(grain), "a stored grain became a hole");
                reader.Read(grain * Grain, buffer.AsSpan(0, grainLength));
                Assert.True(buffer.AsSpan(0, grainLength)
                    .SequenceEqual(disk.AsSpan((int)(grain * Grain), grainLength)));
            }
        }
    }

    [Fact]
    public void A_random_access_file_cut_anywhere_keeps_its_holes_and_loses_only_what_is_missing()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] whole = recipe.BuildRandomAccess(), disk = recipe.Disk();
        foreach (int length in CutPoints(recipe, whole).Where(length => length >= recipe.MarkerOffsets[0]))
        {
            using StreamOptimizedReader reader = StreamRecipe.Open(whole[..length]);
            AssertNothingFalse(reader, disk, [.. recipe.MarkerOffsets.Keys],
                [.. recipe.MarkerOffsets.Where(pair => EndOf(whole, pair.Value) <= length)
                    .Select(pair => pair.Key)]);
        }
    }

    [Fact]
    public void An_overwritten_stretch_costs_its_grains_only()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] whole = recipe.BuildStream(), disk = recipe.Disk();
        byte[][] dirts = [new byte[9000], StreamRecipe.Content(77, 9000)];
        foreach (byte[] dirt in dirts)
        {
            for (int at = recipe.MarkerOffsets[0]; at < recipe.DirectoryMarkerOffset; at += 7777)
            {
                // The footer is cut off too, so that the markers are all there is.
                byte[] bad = whole[..(recipe.FooterOffset)];
                int length = Math.Min(dirt.Length, recipe.DirectoryMarkerOffset - at);
                dirt.AsSpan(0, length).CopyTo(bad.AsSpan(at));
                HashSet<long> intact = [.. recipe.MarkerOffsets
                    .Where(pair => EndOf(whole, pair.Value) <= at || pair.Value >= at + length)
                    .Select(pair => pair.Key)];
                using StreamOptimizedReader reader = StreamRecipe.Open(bad);
                AssertNothingFalse(reader, disk, [.. recipe.MarkerOffsets.Keys], intact);
            }
        }
    }

    [Fact]
    public void A_wrong_size_in_a_marker_does_not_hide_the_grains_behind_it()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] whole = recipe.BuildStream(), disk = recipe.Disk();
        byte[] bad = whole[..recipe.FooterOffset];
        BinaryPrimitives.WriteInt32LittleEndian(bad.AsSpan(recipe.MarkerOffsets[2] + 8), 100_000);
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(bad, findings);
        Assert.Contains(findings.Items, finding => finding.Code == StreamFindings.DamagedPlace);
        AssertNothingFalse(reader, disk, [.. recipe.MarkerOffsets.Keys],
            [.. recipe.MarkerOffsets.Keys.Where(grain => grain != 2)]);
    }

    [Fact]
    public void A_table_out_of_the_file_makes_the_markers_decide()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] bytes = recipe.BuildStream();
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(recipe.DirectoryMarkerOffset + 512), 0xFFFFFFF0);
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes, findings);
        Assert.True(reader.IsSalvaged);
        Assert.Contains(findings.Items, finding => finding.Code == StreamFindings.DamagedTables);
        var disk = new byte[reader.Length];
        reader.Read(0, disk);
        Assert.True(disk.AsSpan().SequenceEqual(recipe.Disk()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(-2)]
    public void Tables_that_share_sectors_make_the_markers_decide(int distance)
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] bytes = recipe.BuildStream();
        BinaryPrimitives.WriteInt32LittleEndian(
            bytes.AsSpan(recipe.DirectoryMarkerOffset + 512 + 8), (recipe.TableOffsets[0] / 512) + distance);
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        Assert.True(reader.IsSalvaged);
        var disk = new byte[reader.Length];
        reader.Read(0, disk);
        Assert.True(disk.AsSpan().SequenceEqual(recipe.Disk()));
    }

    [Fact]
    public void In_a_cut_stream_out_of_order_every_absent_grain_is_unreadable()
    {
        var recipe = new StreamRecipe(128 * 10);
        foreach (int grain in (int[])[4, 1, 7, 2]) { recipe.Grain(grain, StreamRecipe.Content(grain)); }
        byte[] whole = recipe.BuildStream();
        var findings = new FindingList();
        using (StreamOptimizedReader intact = StreamRecipe.Open(whole))
        {
            Assert.Equal(RunKind.Hole, intact.GetRun(0, 1).Kind);
        }
        using StreamOptimizedReader reader =
            StreamRecipe.Open(whole[..(recipe.DirectoryMarkerOffset - 1024)], findings);
        Assert.Contains(findings.Items, finding => finding.Code == StreamFindings.OutOfOrder);
        var buffer = new byte[Grain];
        for (int grain = 0; grain < 10; grain++)
        {
            if (!recipe.MarkerOffsets.ContainsKey(grain))
            {
                Assert.Equal(RunKind.Unreadable, reader.GetRun(grain * Grain, Grain).Kind);
                continue;
            }
            reader.Read(grain * Grain, buffer);
            Assert.True(buffer.AsSpan().SequenceEqual(StreamRecipe.Content(grain)));
        }
    }

    [Fact]
    public void Out_of_order_a_lost_grain_may_be_any_even_where_its_neighbours_are_close()
    {
        var recipe = new StreamRecipe(128 * 10);
        foreach (int grain in (int[])[4, 9, 5, 2]) { recipe.Grain(grain, StreamRecipe.Content(grain)); }
        byte[] bad = recipe.BuildStream()[..recipe.FooterOffset];
        bad.AsSpan(recipe.MarkerOffsets[9], recipe.MarkerOffsets[5] - recipe.MarkerOffsets[9]).Clear();
        using StreamOptimizedReader reader = StreamRecipe.Open(bad);
        Assert.Equal(RunKind.Data, reader.GetRun(5 * Grain, 1).Kind);
        Assert.Equal(RunKind.Unreadable, reader.GetRun(9 * Grain, 1).Kind);
        Assert.Equal(RunKind.Unreadable, reader.GetRun(0, 1).Kind);
    }

    [Fact]
    public void Progress_markers_between_grains_are_stepped_over()
    {
        var recipe = new StreamRecipe(128 * 20) { WithProgressMarkers = true };
        for (int grain = 0; grain < 20; grain++) { recipe.Grain(grain, StreamRecipe.Content(grain)); }
        byte[] whole = recipe.BuildStream();
        var findings = new FindingList();
        using StreamOptimizedReader reader = StreamRecipe.Open(whole[..recipe.FooterOffset], findings);
        Assert.Equal(StreamFindings.FooterLost, Assert.Single(findings.Items).Code);
        var disk = new byte[reader.Length];
        reader.Read(0, disk);
        Assert.True(disk.AsSpan().SequenceEqual(recipe.Disk()));
    }

    [Fact]
    public void The_truncation_is_told_with_its_numbers()
    {
        var recipe = new StreamRecipe(128 * 10);
        for (int grain = 0; grain < 5; grain++) { recipe.Grain(grain * 2, StreamRecipe.Content(grain)); }
        byte[] whole = recipe.BuildStream();
        var findings = new FindingList();
        using StreamOptimizedReader reader =
            StreamRecipe.Open(whole[..(recipe.MarkerOffsets[6] + 700)], findings);
        Finding finding = Assert.Single(findings.Items);
        Assert.Equal(StreamFindings.Truncated, finding.Code);
        Assert.Contains("3 grains of at most 10 are present, up to sector 640 of 1280", finding.Message);
        Assert.Contains("the grain at sector 768 is cut", finding.Message);
    }

    [Fact]
    public void A_file_full_of_false_markers_stays_bounded()
    {
        // Every sector claims to be a grain of one sector, in descending order, in a file without an end.
        var bytes = new byte[1 << 20];
        new StreamRecipe(1L << 30).BuildStream().AsSpan(0, 512).CopyTo(bytes);
        for (int sector = 1; sector < bytes.Length / 512; sector++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(sector * 512), (10_000L - sector) * 128);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan((sector * 512) + 8), 100);
        }

        // This thread's share: other tests allocate at the same time.
        long before = GC.GetAllocatedBytesForCurrentThread();
        using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        Assert.Throws<BlockException>(() => reader.Read(9000L * Grain, new byte[10]));
    }

    private static void AssertNothingFalse(
        StreamOptimizedReader reader, byte[] disk, HashSet<long> stored, HashSet<long> intact)
    {
        var buffer = new byte[Grain];
        for (long grain = 0; grain * Grain < reader.Length; grain++)
        {
            int length = (int)Math.Min(Grain, reader.Length - (grain * Grain));
            RunKind kind = reader.GetRun(grain * Grain, length).Kind;
            if (intact.Contains(grain)) { Assert.Equal(RunKind.Data, kind); }
            else if (stored.Contains(grain)) { Assert.True(kind is RunKind.Unreadable or RunKind.Data); }
            if (kind == RunKind.Unreadable) { continue; }
            try
            {
                reader.Read(grain * Grain, buffer.AsSpan(0, length));
                Assert.True(buffer.AsSpan(0, length)
                    .SequenceEqual(disk.AsSpan((int)(grain * Grain), length)));
            }
            catch (BlockException error)
            {
                Assert.Equal(BlockErrorKind.Corrupt, error.Kind);
                Assert.DoesNotContain(grain, intact);
            }
        }
    }

    private static long EndOf(byte[] whole, int markerOffset) =>
        markerOffset + 12 + BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(markerOffset + 8));

    /// <summary>Around every piece's first and last bytes, and a coarse sweep through everything.</summary>
    private static IEnumerable<int> CutPoints(StreamRecipe recipe, byte[] whole)
    {
        var points = new SortedSet<int> { 512, 513, 64 * 512, whole.Length - 1, whole.Length - 513 };
        foreach (int marker in recipe.MarkerOffsets.Values)
        {
            int end = (int)EndOf(whole, marker);
            foreach (int near in
                (int[])[marker, marker + 11, marker + 16, marker + 512, end - 1, end, end + 1])
            {
                points.Add(near);
            }
        }
        points.Add(recipe.DirectoryMarkerOffset);
        points.Add(recipe.DirectoryMarkerOffset + 20);
        points.Add(recipe.FooterOffset);
        points.Add(recipe.FooterOffset + 600);
        for (int at = 512; at < whole.Length; at += 9001) { points.Add(at); }
        return points.Where(point => point >= 512 && point < whole.Length - 512);
    }
}
