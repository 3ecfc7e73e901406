using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Sealing;

/// <summary>Sealing: what ends up in a seal, what is refused, and what a cut leaves.</summary>
public sealed class SealingTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("streamOptimized")]
    public void TheHashOfTheWholeIsThatOfQemusCopy(string kind)
    {
        string raw = folder.Write("in.raw",
            [.. ChainRecipe.Numbered(4000), .. new byte[3 << 20], .. ChainRecipe.Numbered(3001)]);
        string path = folder.File("disk.vmdk"), copy = folder.File("copy.raw");
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", $"subformat={kind}", raw, path)
            .MustSucceed();
        Tool.Run("qemu-img", "convert", "-f", "vmdk", "-O", "raw", path, copy).MustSucceed();
        Seal seal = Make(path, new SealOptions { TakesWholeHash = true, ChunkBytes = 65536 });
        Assert.Equal(Sha256Sum(copy), seal.WholeSha256);
        Assert.Equal(Make(copy, new SealOptions { ChunkBytes = 65536 }).Root, seal.Root);
    }

    [Fact]
    public void TheRootOfAChainIsThatOfQemusCopy()
    {
        string bottom = folder.File("base.vmdk"), top = folder.File("top.vmdk"), raw = folder.File("top.raw");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", bottom, "9M")
            .MustSucceed();
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 1 0 3M", bottom).MustSucceed();
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", top).MustSucceed();
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 2 1M 700k", "-c", "write -z 2M 64k", top)
            .MustSucceed();
        Tool.Run("qemu-img", "convert", "-f", "vmdk", "-O", "raw", top, raw).MustSucceed();
        Seal seal = Make(top, new SealOptions { TakesWholeHash = true });
        Assert.Equal(Sha256Sum(raw), seal.WholeSha256);
        Assert.Equal(Make(raw).Root, seal.Root);
        Assert.Equal(["top.vmdk", "base.vmdk"], seal.Links.Select(link => link.Name));
        Assert.Equal(["base.vmdk", "base-flat.vmdk"], seal.Links[1].Files.Select(file => file.Name));
    }

    [Fact]
    public void HolesAndWrittenZerosHaveTheSameRoot()
    {
        byte[] content = [.. ChainRecipe.Numbered(3000), .. new byte[5 << 20], .. ChainRecipe.Numbered(1096)];
        string written = folder.Write("written.raw", content), punched = folder.File("punched.raw"),
            sparse = folder.File("sparse.vmdk");
        Tool.Run("cp", "--sparse=always", written, punched).MustSucceed();
        Tool.Run("qemu-img", "convert", "-O", "vmdk", written, sparse).MustSucceed();
        string root = Make(written).Root;
        Assert.Equal(root, Make(punched).Root);
        Assert.Equal(root, Make(sparse).Root);
    }

    [Fact]
    public void ASealSaysWhatItsFilesWere()
    {
        string path = folder.NewDisk("disk.vmdk", 3 << 20, "monolithicFlat");
        string flat = folder.File("disk-flat.vmdk");
        Tool.Run("touch", "-d", "2024-02-29 12:34:56.123456700 UTC", flat).MustSucceed();
        Tool.Run("chmod", "640", flat).MustSucceed();
        Tool.Run("qemu-io", "-f", "raw", "-c", "write -P 7 0 1M", flat).MustSucceed();
        Tool.Run("touch", "-d", "2024-02-29 12:34:56.123456700 UTC", flat).MustSucceed();
        Make(path);
        Seal seal = Load(path);
        SealedLink link = Assert.Single(seal.Links);
        Assert.Contains("CID=" + link.ContentId, File.ReadLines(path));
        SealedFile file = link.Files[1];
        string[] stat = Tool.Run("stat", "-c", "%s %b %a", flat).MustSucceed().Output.Split();
        Assert.Equal(stat[0], $"{file.LengthBytes}");
        Assert.Equal(long.Parse(stat[1]) * 512, file.AllocatedBytes);
        Assert.Equal("0" + stat[2], file.Mode);
        Assert.Equal(new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc).AddTicks(1_234_567),
            file.ModifiedUtc);
        Assert.Null(file.ModeBeforeFreeze);
    }

    [Fact]
    public void FreezingTakesTheWritePermissionOffAndKeepsTheOldOne()
    {
        string bottom = folder.NewDisk("base.vmdk", 1 << 20, "monolithicFlat"), top = folder.File("top.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", top).MustSucceed();
        Tool.Run("chmod", "664", top).MustSucceed();
        Make(top, new SealOptions { Freezes = true });
        Assert.Equal("444", ModeOf(top));
        Assert.Equal("644", ModeOf(bottom));
        Assert.Equal(("0444", "0664"), (Load(top).Links[0].Files[0].Mode, OldModeOf(top)));

        // What a second seal finds is read-only already; the first one's memory must not be lost with it.
        Make(top, new SealOptions { Freezes = true, Replaces = true });
        Assert.Equal("0664", OldModeOf(top));
        Make(top, new SealOptions { Replaces = true });
        Assert.Equal("0664", OldModeOf(top));
        Tool.Run("chmod", "600", top).MustSucceed();
        Make(top, new SealOptions { Replaces = true });
        Assert.Null(OldModeOf(top));

        string? OldModeOf(string path) => Load(path).Links[0].Files[0].ModeBeforeFreeze;
    }

    [Fact]
    public void WhatIsThereIsNotReplacedByAccident()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat"),
            other = folder.Write("other", "text");
        Make(path);
        byte[] first = File.ReadAllBytes(path + ".seal");
        AssertRefused(new SealOptions());
        AssertRefused(new SealOptions { OutputPath = other });
        AssertRefused(new SealOptions { OutputPath = other, Replaces = true });
        AssertRefused(new SealOptions { OutputPath = path, Replaces = true });
        AssertRefused(new SealOptions { OutputPath = folder.File("disk-flat.vmdk"), Replaces = true });
        AssertRefused(new SealOptions { OutputPath = folder.Path, Replaces = true });
        Assert.Equal(first, File.ReadAllBytes(path + ".seal"));
        Assert.Equal("text", File.ReadAllText(other));
        Make(path, new SealOptions { Replaces = true });

        void AssertRefused(SealOptions options) =>
            Assert.Equal(BlockErrorKind.Refused,
                Assert.Throws<BlockException>(() => Make(path, options)).Kind);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(2048L)]
    [InlineData(5000L)]
    [InlineData(3L << 20)]
    [InlineData(2L << 30)]
    public void ChunksThatASealCannotHaveAreRefused(long chunkBytes)
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        Assert.Equal(BlockErrorKind.Unsupported, Assert.Throws<BlockException>(
            () => Make(path, new SealOptions { ChunkBytes = chunkBytes })).Kind);
    }

    [Fact]
    public void ADiskThatIsWrittenMeanwhileIsNotSealed()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        File.WriteAllBytes(folder.File("disk-flat.vmdk"), ChainRecipe.Numbered(2048));
        using Disk disk = Disk.Open(path);
        SealPlan plan = DiskSealer.Plan(disk, new SealOptions { ChunkBytes = 4096 });
        var writer = new WritingProgress(folder.File("disk-flat.vmdk"));
        ImageException refusal = Assert.Throws<ImageException>(
            () => DiskSealer.Run(plan, writer, TestContext.Current.CancellationToken));
        Assert.Equal(SealFindings.ChangedWhileSealed, refusal.Reason.Code);
        Assert.False(File.Exists(path + ".seal"));
    }

    [Fact]
    public void ACutLeavesTheOldSealOrTheNewOrNone()
    {
        int cuts = 0;
        foreach (bool hasOld in (bool[])[false, true])
        {
            var host = new SimulatedHost();
            var recipe = new DiskRecipe(host, new Random(RandomCases.Seed));
            string path = recipe.Base("monolithicFlat", "disk", 300);
            byte[]? old = null;
            if (hasOld)
            {
                MakeOn(host, path, new SealOptions { ChunkBytes = 4096 });
                old = host.Get(path + ".seal");
            }
            HostJournal journal = host.Record();
            MakeOn(host, path, new SealOptions { ChunkBytes = 8192, Replaces = true, Freezes = true });
            byte[] made = host.Get(path + ".seal");
            for (int cut = 0; cut <= journal.Count; cut++)
            {
                foreach (CutVariant variant in Enum.GetValues<CutVariant>())
                {
                    SimulatedHost left = journal.HostAfterCut(cut, variant, cut);
                    byte[]? found = left.Stat(path + ".seal") is null ? null : left.Get(path + ".seal");
                    bool isOld = Same(found, old), isNew = Same(found, made);
                    Assert.True(isOld || isNew, $"cut {cut}, {variant}");
                    Assert.True(isNew || cut < journal.Count, "it returned, and is not durable");
                    AssertFinishes(left, path);
                    cuts++;
                }
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{cuts} cuts");
    }

    [Theory]
    [InlineData(nameof(HostOperation.Read))]
    [InlineData(nameof(HostOperation.Write))]
    [InlineData(nameof(HostOperation.Flush))]
    [InlineData(nameof(HostOperation.Rename))]
    public void AHostThatFailsIsToldAndLosesNothing(string operationName)
    {
        var operation = Enum.Parse<HostOperation>(operationName);
        for (int number = 1; ; number++)
        {
            var host = new SimulatedHost();
            string path = new DiskRecipe(host, new Random(1)).Base("monolithicFlat", "disk", 300);
            MakeOn(host, path, new SealOptions { ChunkBytes = 4096 });
            byte[] old = host.Get(path + ".seal"), content = host.Get("/vm/disk-flat.vmdk");
            host.FailAt(operation, number, isForever: false);
            try
            {
                MakeOn(host, path, new SealOptions { ChunkBytes = 8192, Replaces = true, Freezes = true });
                Assert.True(number > 1);
                return;
            }
            catch (Exception error) when (error is BlockException or ImageException)
            {
                host.Heal();
                byte[] found = host.Get(path + ".seal");
                Assert.Contains(Seal.Parse(found, path, new FindingList()).Chunks.ChunkBytes,
                    (long[])[4096, 8192]);
                Assert.True(Same(found, old) || operation is HostOperation.Flush or HostOperation.Write);
                Assert.Equal(content, host.Get("/vm/disk-flat.vmdk"));
                AssertFinishes(host, path);
            }
        }
    }

    private static void AssertFinishes(SimulatedHost host, string path)
    {
        Seal seal = MakeOn(host, path,
            new SealOptions { ChunkBytes = 8192, Replaces = true, Freezes = true });
        Assert.All(seal.Links[0].Files, file =>
        {
            Assert.Equal(("0444", "0644"), (file.Mode, file.ModeBeforeFreeze));
            Assert.Equal(Convert.ToInt32("444", 8), host.Stat("/vm/" + file.Name)!.Value.Mode);
        });
    }

    private static bool Same(byte[]? first, byte[]? second) =>
        first is null ? second is null : second is not null && first.AsSpan().SequenceEqual(second);

    private static Seal MakeOn(SimulatedHost host, string path, SealOptions options)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        return DiskSealer.Run(DiskSealer.Plan(disk, options with { Host = host }), null,
            TestContext.Current.CancellationToken);
    }

    private static Seal Make(string path, SealOptions? options = null)
    {
        using Disk disk = Disk.Open(path);
        return DiskSealer.Run(DiskSealer.Plan(disk, options ?? new SealOptions()), null,
            TestContext.Current.CancellationToken);
    }

    private static Seal Load(string path) =>
        Seal.Load(LocalHost.Instance, Seal.PathFor(path), new FindingList());

    private static string Sha256Sum(string path) => Tool.Run("sha256sum", path).MustSucceed().Output[..64];

    private static string ModeOf(string path) =>
        Tool.Run("stat", "-c", "%a", path).MustSucceed().Output.Trim();

    private sealed class WritingProgress(string path) : IProgress<Palimpsest.Core.Blocks.CopyProgress>
    {
        private int calls;

        public void Report(Palimpsest.Core.Blocks.CopyProgress value)
        {
            if (Interlocked.Increment(ref calls) == 3)
            {
                using FileStream file = File.OpenWrite(path);
                file.Write(ChainRecipe.Numbered(2048, 1));
            }
        }
    }
}
