using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Drifting;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Chains.Graph;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Formats.Vmdk;
using Palimpsest.Tests.Formats.Vmdk.SeSparse;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Drifting;

/// <summary>The numbers of layers, held against a record of what was written to them.</summary>
public sealed class ChainDriftTests
{
    [Fact]
    public void NumbersAreThoseOfTheWrites()
    {
        for (int i = 0; i < RandomCases.Count(250); i++)
        {
            int seed = RandomCases.Seed + i;
            try
            {
                RunModel(seed);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"PALIMPSEST_SEED={seed}: {error.Message}", error);
            }
        }
    }

    // Grains 0-3 by the recipe: data, zero, nothing, data; and one at the far end.
    [Fact]
    public void AnSeSparseDeltaOverAFlatBase()
    {
        const long Capacity = 40L << 20;
        using var scratch = new SparseScratch();
        File.WriteAllBytes(scratch["base-flat.vmdk"], ChainRecipe.Numbered((int)(Capacity / 512)));
        File.WriteAllText(scratch["base.vmdk"], GraphFolder.Text("0000000a",
            extent: $"RW {Capacity / 512} VMFS \"base-flat.vmdk\""));
        using (HostFile file = scratch.Create("d-sesparse.vmdk"))
        {
            var builder = new SeSparseBuilder(file, Capacity);
            byte[] grain = ChainRecipe.Numbered(8);
            builder.Grain(0, grain);
            builder.Entry(1, 0x2000_0000_0000_0000);
            builder.Grain(3, grain);
            builder.Grain((Capacity / 4096) - 1, grain);
        }
        File.WriteAllText(scratch["d.vmdk"], GraphFolder.Text("0000000b", "base.vmdk", "0000000a",
            extent: $"RW {Capacity / 512} SESPARSE \"d-sesparse.vmdk\""));
        ChainDrift drift = Measure(scratch["d.vmdk"], LocalHost.Instance);
        Assert.Equal((3 * 4096L, 4096L, 0L), (drift.Layers[0].DataBytes, drift.Layers[0].ZeroBytes,
            drift.Layers[0].HiddenBytes));
        Assert.Equal((Capacity, 4 * 4096L), (drift.Base.DataBytes, drift.SupersededBytes));
        Assert.Equal(new CommitCost(3 * 4096, 4096, 0), drift.Layers[0].Commit);
        Assert.Equal(drift.Layers[0].Commit, drift.Consolidation);
        Assert.Equal(0, drift.UnansweredBytes);
    }

    [Fact]
    public void ABaseAloneHasNothingAboveIt()
    {
        using var folder = new GraphFolder();
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicSparse");
        ChainDrift drift = Measure(path, LocalHost.Instance);
        Assert.Null(drift.Consolidation);
        Assert.Null(drift.MeanDepth);
        Assert.Equal((0L, 0L, 1L << 20), (drift.SupersededBytes, drift.CoveredBytes, drift.UnansweredBytes));
        Assert.Null(Measure(folder.Write("raw.img", new byte[4096]), LocalHost.Instance).Layers[0].Commit);
    }

    [Fact]
    public void WhatCannotBeReadIsNeitherDataNorZero()
    {
        using var folder = new GraphFolder();
        folder.Write("short.bin", ChainRecipe.Numbered(4));
        string path = folder.Link("disk.vmdk", "0000000a", extent: "RW 8 FLAT \"short.bin\" 0");
        ChainDrift drift = Measure(path, LocalHost.Instance);
        Assert.Equal((2048L, 2048L, 4096L),
            (drift.Base.DataBytes, drift.Base.UnreadableBytes, drift.Base.VisibleBytes));
        CommandRun.Vmdk("drift", path).MustReturn(4);
    }

    // Flat extents above a base have no holes that fall through: what their file lacks is zero.
    [Fact]
    public void AFlatExtentInADeltaHidesEverything()
    {
        using var folder = new GraphFolder();
        folder.Write("low.bin", ChainRecipe.Numbered(4096));
        folder.Write("high.bin", "");
        using (FileStream high = File.OpenWrite(folder.File("high.bin"))) { high.SetLength(2 << 20); }
        folder.Link("base.vmdk", "0000000a", extent: "RW 4096 FLAT \"low.bin\" 0");
        string path = folder.Link("top.vmdk", "0000000b", "base.vmdk", "0000000a",
            extent: "RW 4096 FLAT \"high.bin\" 0");
        ChainDrift drift = Measure(path, LocalHost.Instance);
        Assert.Equal(2L << 20, drift.Layers[0].ZeroBytes + drift.Layers[0].DataBytes);
        Assert.Equal(2L << 20, drift.SupersededBytes);
    }

    [Fact]
    public void LayersHaveTheTimesOfTheirSnapshots()
    {
        using var folder = new GraphFolder();
        folder.Link("vm.vmdk", "00000000");
        string path = folder.Link("vm-000001.vmdk", "00000001", "vm.vmdk", "00000000");
        folder.Write("vm.vmsd", """
            snapshot.current = "1"
            snapshot0.uid = "1"
            snapshot0.displayName = "before update"
            snapshot0.createTimeHigh = "388745"
            snapshot0.createTimeLow = "1991180826"
            snapshot0.disk0.fileName = "vm.vmdk"
            """);
        File.SetLastWriteTimeUtc(path, new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc));
        var layers = CommandRun.Vmdk("drift", "--json", path).MustReturn(0).Json().GetProperty("layers");
        Assert.StartsWith("2022-11-28T15:24:12", layers[0].GetProperty("begunUtc").GetString());
        Assert.Equal("2024-02-29T12:34:56Z", layers[0].GetProperty("modifiedUtc").GetString());
        Assert.Equal("before update", layers[1].GetProperty("frozenBy")[0].GetProperty("name").GetString());
        Assert.False(layers[1].TryGetProperty("begunUtc", out _));
    }

    [Theory]
    [InlineData(24, 0)]
    [InlineData(25, 1)]
    [InlineData(33, 1)]
    public void LongChainsReturnOne(int count, int exitCode)
    {
        using var folder = new GraphFolder();
        for (int i = 0; i < count; i++)
        {
            folder.Link($"{i}.vmdk", $"{i:x8}", i == 0 ? null : $"{i - 1}.vmdk",
                i == 0 ? null : $"{i - 1:x8}");
        }
        var report = CommandRun.Vmdk("drift", "--json", folder.File($"{count - 1}.vmdk"))
            .MustReturn(exitCode).Json();
        Assert.Equal(32 - count, report.GetProperty("linksLeft").GetInt32());
        Assert.Equal(exitCode, report.GetProperty("findings").GetArrayLength());
    }

    // Directories and tables of a disk of this size must not be held as a whole.
    [Fact]
    public void AHugeEmptyDiskNeedsLittleMemory()
    {
        const long Capacity = 60L << 40, LastGrain = (Capacity / 4096) - 1;
        using var scratch = new SparseScratch();
        File.WriteAllText(scratch["base.vmdk"],
            GraphFolder.Text("0000000a", extent: $"RW {Capacity / 512} ZERO"));
        using (HostFile file = scratch.Create("d-sesparse.vmdk"))
        {
            new SeSparseBuilder(file, Capacity).Grain(LastGrain, ChainRecipe.Numbered(8));
        }
        File.WriteAllText(scratch["d.vmdk"], GraphFolder.Text("0000000b", "base.vmdk", "0000000a",
            extent: $"RW {Capacity / 512} SESPARSE \"d-sesparse.vmdk\""));
        long before = GC.GetAllocatedBytesForCurrentThread();
        ChainDrift drift = Measure(scratch["d.vmdk"], LocalHost.Instance);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 24 << 20);
        Assert.Equal((4096L, Capacity), (drift.Layers[0].DataBytes, drift.Base.ZeroBytes));
        Assert.Equal(4096, drift.Layers[0].Cells[^1]);
        Assert.Equal(Capacity - 4096, drift.Base.VisibleBytes);
    }

    [Fact]
    public void ItCanBeInterrupted()
    {
        using var folder = new GraphFolder();
        using Disk disk = Disk.Open(folder.NewDisk("disk.vmdk", 1 << 20, "monolithicSparse"));
        Assert.Throws<OperationCanceledException>(() =>
            ChainDrift.Measure(disk, LocalHost.Instance, null, new CancellationToken(canceled: true)));
    }

    private static void RunModel(int seed)
    {
        var random = new Random(seed);
        var host = new SimulatedHost();
        var recipe = new DiskRecipe(host, random);
        var model = new DriftModel();
        string path = recipe.Base(
            DiskRecipe.BaseKinds[random.Next(DiskRecipe.BaseKinds.Length)], "disk", random.Next(64, 3000));
        int count = random.Next(1, 6);
        for (int link = 0; ; link++)
        {
            using (Disk disk = DiskRecipe.OpenForWriting(host, path))
            {
                model.AddLayer(disk.Links[0]);
                for (int i = random.Next(8); i > 0; i--) { Write(disk, model, random); }
            }
            if (link == count) { break; }
            path = recipe.Delta(DiskRecipe.DeltaKinds[random.Next(DiskRecipe.DeltaKinds.Length)],
                $"disk-{link:d6}", path);
        }
        model.AssertSame(Measure(path, host));
    }

    // Extents that cannot be written are left alone.
    private static void Write(Disk disk, DriftModel model, Random random)
    {
        long sectors = disk.CapacityBytes / Sector.Bytes;
        long first = random.NextInt64(sectors);
        long sectorCount = random.NextInt64(1, Math.Min(200, sectors - first + 1));
        byte[] bytes = new byte[sectorCount * Sector.Bytes];
        random.NextBytes(bytes);
        try
        {
            disk.Device!.Write(first * Sector.Bytes, bytes);
        }
        catch (BlockException error) when (error.Kind == BlockErrorKind.ReadOnly)
        {
            return;
        }
        model.Write(first, sectorCount);
    }

    private static ChainDrift Measure(string path, IHost host)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        return ChainDrift.Measure(disk, host);
    }
}
