using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// The power goes, or the process is killed, at every change that a resize makes: the disk has its old size or the
/// new one, what lies in both is unchanged, what is new is zero, and the same command finishes.
/// </summary>
public sealed class ResizeCutTests
{
    private const long MiB = 1 << 20;

    public static TheoryData<string, long, long> Resizes => new()
    {
        { CreateTypes.MonolithicFlat, 260, 700 },
        { CreateTypes.MonolithicFlat, 260, 100 },
        { CreateTypes.Vmfs, 260, 700 },
        { CreateTypes.Vmfs, 260, 100 },
        { CreateTypes.TwoGbMaxExtentFlat, 260, 700 },
        { CreateTypes.MonolithicSparse, 260, 270 },
        { CreateTypes.MonolithicSparse, 260, 90_000 },
        { CreateTypes.TwoGbMaxExtentSparse, 260, 90_000 },
        { CreateTypes.VmfsSparse, 260, 270 },
        { CreateTypes.VmfsSparse, 260, 20_000 },
        { CreateTypes.VmfsSparse, 260, 40_000_000 },
    };

    [Theory]
    [MemberData(nameof(Resizes))]
    public void A_resize_survives_a_cut_anywhere(string kind, long sectors, long newSectors)
    {
        var host = new SimulatedHost();
        var random = new Random(RandomCases.Seed);
        string path = new DiskRecipe(host, random).Base(kind, "disk", sectors);
        Cut(host, path, newSectors * Sector.Bytes, random);
    }

    [Theory]
    [InlineData(CreateTypes.TwoGbMaxExtentFlat)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse)]
    public void So_does_one_that_adds_extents(string kind)
    {
        var host = new SimulatedHost();
        const string Path = DiskRecipe.Folder + "disk.vmdk";
        Create(host, Path, kind, 2046 * MiB);
        Cut(host, Path, 5000 * MiB, new Random(RandomCases.Seed));
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, false)]
    [InlineData(CreateTypes.Vmfs, false)]
    [InlineData(DiskCreation.RawKind, true)]
    public void What_a_file_holds_behind_the_disks_end_does_not_come_up_when_it_grows(string kind, bool isRaw)
    {
        const string Path = DiskRecipe.Folder + "disk.vmdk";
        var host = new SimulatedHost();
        Create(host, Path, kind, 100 * Sector.Bytes);

        // As a shrink leaves it that was cut off between the descriptor and the file; a raw image ends within a sector.
        string data = isRaw ? Path : DiskRecipe.Folder + "disk-flat.vmdk";
        long length = isRaw ? (100 * Sector.Bytes) + 100 : 300 * Sector.Bytes;
        using (HostFile file = host.Open(data, HostAccess.ReadWrite))
        {
            file.Write(50 * Sector.Bytes, Enumerable.Repeat((byte)'x', (int)length - (50 * Sector.Bytes)).ToArray());
        }
        Assert.Throws<BlockException>(
            () => DiskResizer.Resize(
                new ResizeRequest { Path = Path, SizeBytes = 200 * Sector.Bytes }, ChainScene.On(host)));
        Assert.Equal(length, host.Get(data).Length);
        DiskResizer.Resize(
            new ResizeRequest { Path = Path, SizeBytes = 200 * Sector.Bytes, AllowsShrink = true }, ChainScene.On(host));
        byte[] content = ChainScene.Read(host, Path);
        Assert.Equal(200 * Sector.Bytes, content.Length);
        Assert.True(content.AsSpan(50 * Sector.Bytes, 50 * Sector.Bytes).IndexOfAnyExcept((byte)'x') < 0);
        Assert.True(content.AsSpan(100 * Sector.Bytes).IndexOfAnyExcept((byte)0) < 0, "old bytes came up");
    }

    private static void Create(SimulatedHost host, string path, string kind, long capacityBytes) => DiskCreator.Create(
        new DiskCreation { Path = path, CapacityBytes = capacityBytes, Kind = kind, Host = host },
        TestContext.Current.CancellationToken);

    private static void Cut(SimulatedHost host, string path, long newBytes, Random random)
    {
        byte[] start = Scribble(host, path, random);
        long oldBytes = LengthOf(host, path);
        new CutEverywhere(host)
        {
            Name = $"resize of {HostPath.NameOf(path)} from {oldBytes} to {newBytes} bytes",
            Operation = other => DiskResizer.Resize(
                new ResizeRequest { Path = path, SizeBytes = newBytes, AllowsShrink = true }, ChainScene.On(other)),
            AssertInvariant = other => AssertContent(other, path, start, [oldBytes, newBytes]),
            AssertFinal = other =>
            {
                AssertContent(other, path, start, [newBytes]);
                ChainScene.AssertSound(other, path);
                using Disk disk = Disk.Open(path, ChainScene.On(other));
                ChainScene.AssertFiles(other, disk.Links[0].Files);
            },
            RecoveryStride = 1,
        }.Run();
    }

    // What is stored at the start, where writes went; the rest is zero.
    private static byte[] Scribble(SimulatedHost host, string path, Random random)
    {
        using Disk disk = DiskRecipe.OpenForWriting(host, path);
        byte[] start = new byte[260 * Sector.Bytes];
        disk.Reader.Read(0, start);
        for (int i = 0; i < 4; i++)
        {
            Span<byte> bytes = start.AsSpan(random.Next(200) * Sector.Bytes, random.Next(1, 60) * Sector.Bytes);
            random.NextBytes(bytes);
        }
        random.NextBytes(start.AsSpan(255 * Sector.Bytes));
        disk.Device!.Write(0, start);
        return start;
    }

    private static long LengthOf(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, ChainScene.On(host));
        return disk.CapacityBytes;
    }

    private static void AssertContent(SimulatedHost host, string path, byte[] start, long[] lengths)
    {
        using Disk disk = Disk.Open(path, ChainScene.On(host));
        Assert.Contains(disk.CapacityBytes, lengths);
        byte[] buffer = new byte[start.Length];
        int common = (int)Math.Min(start.Length, disk.CapacityBytes);
        disk.Reader.Read(0, buffer.AsSpan(0, common));
        Assert.True(buffer.AsSpan(0, common).SequenceEqual(start.AsSpan(0, common)), "what was there changed");
        for (long offset = common; offset < disk.CapacityBytes;)
        {
            BlockRun run = disk.Reader.GetRun(offset, disk.CapacityBytes - offset);
            long count = run.ReadsAsZero ? run.LengthBytes : Math.Min(run.LengthBytes, buffer.Length);
            if (!run.ReadsAsZero)
            {
                disk.Reader.Read(offset, buffer.AsSpan(0, (int)count));
                Assert.True(buffer.AsSpan(0, (int)count).IndexOfAnyExcept((byte)0) < 0, $"not zero behind {offset}");
            }
            offset += count;
        }
    }
}
