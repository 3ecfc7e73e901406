using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.SeSparse;

public sealed class SeSparseTests : IDisposable
{
    private const long Capacity = (40L << 20) + 512;

    private readonly SparseScratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void HeadersAreAsTheReadmeSays()
    {
        ReadmeTable.AssertDescribes<SeSparseHeader>("SeSparse", "## Constant header");
        ReadmeTable.AssertDescribes<SeSparseVolatileHeader>("SeSparse", "## Volatile header");
    }

    [Fact]
    public void GrainsAreFoundAndRunsMerged()
    {
        byte[] expected = SeSparseSample.Write(scratch, "s", Capacity, seed: 3);
        var findings = new FindingList();
        using var reader = SeSparseReader.Open(scratch.OpenRead("s"), findings);
        Assert.Empty(findings.Items);
        Assert.Equal((Capacity, 4096), (reader.Length, reader.GrainBytes));
        Assert.Equal(expected, SparseScratch.ReadAll(reader));
        Assert.Equal(new BlockRun(5 * 4096, RunKind.Hole), reader.GetRun(0, Capacity));

        // Grains 5 to 104 lie behind each other from number 4,000 on, across the wrap of the low twelve bits.
        BlockRun data = reader.GetRun(5 * 4096, Capacity - (5 * 4096));
        Assert.Equal((RunKind.Data, 100L * 4096), (data.Kind, data.LengthBytes));
        Assert.Equal((RunKind.Zero, 2L * 4096),
            (reader.GetRun(105 * 4096, 1 << 20).Kind, reader.GetRun(105 * 4096, 1 << 20).LengthBytes));
    }

    [Theory]
    [InlineData(0, 0, "VMDK5001")]
    [InlineData(8, 2, "VMDK5002")]
    [InlineData(24, 16, "VMDK5003")]
    [InlineData(32, 32, "VMDK5003")]
    [InlineData(40, 1, "VMDK5003")]
    [InlineData(72, 1, "VMDK5003")]
    [InlineData(300, 1, "VMDK5003")]
    [InlineData(512, 0, "VMDK5005")]
    [InlineData(512 + 24, 1, "VMDK5004")]
    [InlineData(512 + 100, 1, "VMDK5003")]
    [InlineData(19, 1, "VMDK5005")]
    [InlineData(132, 1, "VMDK5005")]
    [InlineData(85, 1, "VMDK5005")]
    public void WhatCannotBeKnownIsRefusedByName(int offset, byte value, string code)
    {
        SeSparseSample.Write(scratch, "r", Capacity, seed: 1);
        scratch.Patch("r", offset, value);
        using HostFile file = scratch.OpenRead("r");
        var error = Assert.Throws<ImageException>(() => SeSparseReader.Open(file, new FindingList()));
        Assert.Equal(code, error.Reason.Code.Id);
    }

    [Fact]
    public void ADirtyJournalIsNotSupported()
    {
        SeSparseSample.Write(scratch, "j", Capacity, seed: 1);
        scratch.Patch("j", 512 + 24, 1);
        using HostFile file = scratch.OpenRead("j");
        var error = Assert.Throws<ImageException>(() => SeSparseReader.Open(file, new FindingList()));
        Assert.Equal(63, error.Reason.Code.ExitCode);
    }

    [Fact]
    public void DamagedEntriesAreErrorsNotZeros()
    {
        using (HostFile file = scratch.Create("d"))
        {
            var builder = new SeSparseBuilder(file, Capacity);
            builder.Grain(0, new byte[4096]);
            builder.Entry(1, 5);
            builder.Entry(2, 0x4000_0000_0000_0000);
            builder.Entry(3, 0x3FFF_FFFF_FFFF_FFFF);
            builder.DirectoryEntry(1, 7);
        }
        using (var reader = SeSparseReader.Open(scratch.OpenRead("d"), new FindingList()))
        {
            Assert.Equal(RunKind.Data, reader.GetRun(0, 4096).Kind);
            foreach (long offset in (long[])[4096, 8192, 12288, SeSparseBuilder.Cover + 5])
            {
                Assert.Equal(RunKind.Unreadable, reader.GetRun(offset, 1).Kind);
                Assert.Equal(BlockErrorKind.Corrupt,
                    Assert.Throws<BlockException>(() => reader.Read(offset, new byte[1])).Kind);
            }
        }
        using HostFile again = scratch.OpenRead("d");
        var findings = new FindingList();
        SeSparseStatistics statistics = SeSparseCheck.Run(again, findings);
        Assert.Equal(["VMDK5006", "VMDK5007"], findings.Items.Select(finding => finding.Code.Id));
        Assert.False(statistics.IsSound);
        Assert.Equal(1, statistics.AllocatedGrains);
    }

    [Fact]
    public void TheLargestDiskIsMappedWithoutReadingItsTables()
    {
        const long Large = 62L << 40;
        byte[] grain = new byte[4096];
        Array.Fill(grain, (byte)9);
        using (HostFile file = scratch.Create("big"))
        {
            var builder = new SeSparseBuilder(file, Large);
            builder.Grain((Large / 4096) - 1, grain);

            // Tables that were handed out and never written lie in holes of the host.
            for (long table = 1000; table < 3000; table++) { builder.TableOf(table); }
        }
        using var reader = SeSparseReader.Open(scratch.OpenRead("big"), new FindingList());
        int runs = 0;
        var data = new List<long>();
        for (long offset = 0; offset < Large; runs++)
        {
            BlockRun run = reader.GetRun(offset, Large - offset);
            if (run.Kind == RunKind.Data) { data.Add(offset); }
            offset += run.LengthBytes;
        }
        Assert.Equal([Large - 4096], data);
        Assert.InRange(runs, 2, 1000);
    }
}

/// <summary>A seSparse extent with every kind of entry, and what a disk without a parent reads.</summary>
internal static class SeSparseSample
{
    public static byte[] Write(SparseScratch scratch, string name, long capacity, int seed,
        int firstGrain = 4000)
    {
        byte[] expected = new byte[(capacity + 4095) / 4096 * 4096];
        var random = new Random(seed);
        using HostFile file = scratch.Create(name);
        var builder = new SeSparseBuilder(file, capacity);
        builder.SkipToGrain(firstGrain);
        for (int grain = 5; grain < 105; grain++) { Store(grain); }
        builder.Entry(105, 0x1000_0000_0000_0000);
        builder.Entry(106, 0x2000_0000_0000_0000);
        for (int step = 0; step < 200; step++)
        {
            int grain = 200 + random.Next((expected.Length / 4096) - 201);
            if (random.Next(4) == 0)
            {
                builder.Entry(grain, 0x2000_0000_0000_0000);
                expected.AsSpan(grain * 4096, 4096).Clear();
            }
            else
            {
                Store(grain);
            }
        }
        Store((expected.Length / 4096) - 1);
        return expected[..(int)capacity];

        void Store(int grain)
        {
            Span<byte> content = expected.AsSpan(grain * 4096, 4096);
            random.NextBytes(content);
            builder.Grain(grain, content);
        }
    }
}
