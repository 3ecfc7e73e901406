using System.Text;
using System.Text.Json;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>
/// A change tracking file never lies about what we wrote: it goes with the first write, and the user is told.
/// </summary>
public sealed class ChangeTrackingTests : IDisposable
{
    // The magic of such a file (libyal, "VMware Virtual Disk (VMDK) format", change tracking file).
    private static readonly byte[] Tracking = [0xA2, 0x72, 0x19, 0xF6, 1, 0, 0, 0, .. new byte[1528]];
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicFlat", "write")]
    [InlineData("monolithicFlat", "grow")]
    [InlineData("monolithicFlat", "shrink")]
    [InlineData("monolithicSparse", "write")]
    [InlineData("monolithicSparse", "grow")]
    [InlineData("vmfsSparse", "write")]
    public void AWriteEndsItAndSaysSo(string kind, string verb)
    {
        string path = Tracked(folder.NewDisk("disk.vmdk", 1 << 20, kind), "disk-ctk.vmdk");
        string tracking = folder.Write("disk-ctk.vmdk", Tracking);
        CommandResult run = verb switch
        {
            "write" => CommandRun.Vmdk([1, 2, 3], null, "write", "--json", "--offset", "0", path),
            "grow" => CommandRun.Vmdk("resize", "--json", path, "+1M"),
            _ => CommandRun.Vmdk("resize", "--json", "--shrink", path, "512K"),
        };
        AssertTold(run.MustReturn(0), path);
        Assert.False(File.Exists(tracking));
        Assert.Null(DescriptorOf(path).ChangeTrackPath);

        // It is told once.
        Assert.DoesNotContain("VMDK7620",
            CommandRun.Vmdk([1], null, "write", "--offset", "0", path).MustReturn(0).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void NothingWrittenEndsNothing()
    {
        string path = Tracked(folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat"), "disk-ctk.vmdk");
        string tracking = folder.Write("disk-ctk.vmdk", Tracking);
        byte[] before = File.ReadAllBytes(path);
        CommandRun.Vmdk("write", "--offset", "0", path).MustReturn(0);
        CommandRun.Vmdk([1], null, "write", "--offset", "0", "--dry-run", path).MustReturn(0);
        CommandResult plan = CommandRun.Vmdk("resize", "--dry-run", "--json", path, "2M").MustReturn(0);
        AssertTold(plan, path);
        Assert.True(File.Exists(tracking));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("secret.txt", "secret.txt")]
    [InlineData("/etc/hostname", null)]
    [InlineData("../up-ctk.vmdk", "up-ctk.vmdk")]
    [InlineData("link-ctk.vmdk", "link-ctk.vmdk")]
    [InlineData("lost-ctk.vmdk", null)]
    public void WhatIsNoTrackingFileIsNotTouched(string named, string? file)
    {
        string own = Directory.CreateDirectory(folder.File("own")).FullName;
        string path = Path.Combine(own, "disk.vmdk");
        DiskCreator.Create(new DiskCreation { Path = path, CapacityBytes = 1 << 20 },
            TestContext.Current.CancellationToken);
        Tracked(path, named);
        folder.Write("up-ctk.vmdk", Tracking);
        File.WriteAllText(Path.Combine(own, "secret.txt"), "a secret");
        File.CreateSymbolicLink(Path.Combine(own, "link-ctk.vmdk"), folder.File("up-ctk.vmdk"));
        CommandResult run =
            CommandRun.Vmdk([1], null, "write", "--json", "--offset", "0", path).MustReturn(0);
        AssertTold(run, path);
        Assert.Null(DescriptorOf(path).ChangeTrackPath);
        Assert.True(File.Exists(folder.File("up-ctk.vmdk")));
        if (file is not null && file != "up-ctk.vmdk") { Assert.True(File.Exists(Path.Combine(own, file))); }
    }

    [Theory]
    [InlineData(MergedDelta.Empty)]
    [InlineData(MergedDelta.Keep)]
    [InlineData(MergedDelta.Delete)]
    public void ACommitEndsItOnEveryLinkThatChanges(MergedDelta afterwards)
    {
        string lower = folder.NewDisk("base.vmdk", 1 << 20, "monolithicFlat"),
            upper = folder.File("top.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", lower, "-F", "vmdk", upper).MustSucceed();
        CommandRun.Vmdk([1, 2, 3], null, "write", "--offset", "0", upper).MustReturn(0);
        Tracked(lower, "base-ctk.vmdk");
        Tracked(upper, "top-ctk.vmdk");
        folder.Write("base-ctk.vmdk", Tracking);
        folder.Write("top-ctk.vmdk", Tracking);
        string[] option = afterwards switch
        {
            MergedDelta.Keep => ["-d"],
            MergedDelta.Delete => ["--delete"],
            _ => [],
        };
        AssertTold(CommandRun.Vmdk(["commit", "--dry-run", "--json", .. option, upper]).MustReturn(0), lower);
        CommandResult run = CommandRun.Vmdk(["commit", "--json", .. option, upper]).MustReturn(0);
        AssertTold(run, lower);
        bool isKept = afterwards == MergedDelta.Keep;
        Assert.Equal(isKept ? 1 : 2, FindingsIn(run).Count(finding => finding.Code == "VMDK7620"));
        Assert.False(File.Exists(folder.File("base-ctk.vmdk")));
        Assert.Equal(isKept, File.Exists(folder.File("top-ctk.vmdk")));
        Assert.Null(DescriptorOf(lower).ChangeTrackPath);
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat)]
    [InlineData(CreateTypes.MonolithicSparse)]
    [InlineData(CreateTypes.VmfsSparse)]
    public void NoCutLeavesANameOrNewContentBesideOldTracking(string kind)
    {
        AssertCuts(kind, host =>
        {
            using Disk disk = DiskRecipe.OpenForWriting(host, "/vm/disk.vmdk");
            disk.Device!.Write(0, Enumerable.Repeat((byte)0x5A, 4096).ToArray());
            disk.Device.Flush();
        });
        AssertCuts(kind, host => DiskResizer.Resize(
            new ResizeRequest { Path = "/vm/disk.vmdk", SizeBytes = 512 * 100, IsAdded = true },
            new DiskOpenOptions { Host = host }));
        if (kind != CreateTypes.MonolithicFlat) { return; }
        AssertCuts(kind, host => DiskResizer.Resize(
            new ResizeRequest { Path = "/vm/disk.vmdk", SizeBytes = 512 * 100, AllowsShrink = true },
            new DiskOpenOptions { Host = host }));
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat)]
    [InlineData(CreateTypes.MonolithicSparse)]
    public void NoCutOfACommitLeavesThemEither(string kind) => AssertCuts(kind, host =>
    {
        var options = new DiskOpenOptions { Host = host };
        ChainChanger.Apply(
            () => MergePlanner.Plan(new MergeRequest { HeadPath = "/vm/disk-000001.vmdk" }, options), options,
                null,
            TestContext.Current.CancellationToken);
    }, hasDelta: true);

    // At every cut: a tracking file that is named is there, and then the disk has neither new content nor a
    // new size.
    private static void AssertCuts(string kind, Action<SimulatedHost> change, bool hasDelta = false)
    {
        var host = new SimulatedHost();
        var recipe = new DiskRecipe(host, new Random(RandomCases.Seed));
        recipe.Base(kind, "disk", 600);
        if (hasDelta)
        {
            recipe.Delta(CreateTypes.MonolithicSparse, "disk-000001", "/vm/disk.vmdk");
            using Disk delta = DiskRecipe.OpenForWriting(host, "/vm/disk-000001.vmdk");
            delta.Device!.Write(0, Enumerable.Repeat((byte)0x5A, 4096).ToArray());
        }
        host.Put("/vm/disk-ctk.vmdk", Tracking);
        Track(host, "/vm/disk.vmdk", "disk-ctk.vmdk");
        byte[] before = ContentOf(host);
        HostJournal journal = host.Record();
        change(host);
        Assert.DoesNotContain("/vm/disk-ctk.vmdk", host.Files);
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            for (int tear = -2; tear < 4; tear++)
            {
                CutVariant variant = tear == -2 ? CutVariant.Keep : tear == -1 ? CutVariant.Drop
                    : CutVariant.Tear;
                SimulatedHost after = journal.HostAfterCut(cut, variant, tear);
                string what = $"{kind}, cut {cut} of {journal.Count}, {variant} {tear}";
                Link link = LinkProbe.Read(after, "/vm/disk.vmdk", new FindingList());
                bool isNamed = link.Descriptor!.ChangeTrackPath is not null;
                Assert.True(!isNamed
                    || after.Files.Contains("/vm/disk-ctk.vmdk"), $"{what}: the named file is gone");
                Assert.True(!isNamed || ContentOf(after).AsSpan().SequenceEqual(before),
                    $"{what}: new content, and tracking that does not know of it");
                Assert.True(cut < journal.Count || !isNamed, $"{what}: done, and not durable");
            }
        }
    }

    // The bytes of the extents as the descriptor has them now; what lies behind them is not the disk's.
    private static byte[] ContentOf(SimulatedHost host)
    {
        Link link = LinkProbe.Read(host, "/vm/disk.vmdk", new FindingList());
        using IDisposable reader = new ExtentOpener(host, new HostNames(host, false), new FindingList())
            .Open(link, null, isWritable: false);
        byte[] bytes = new byte[link.CapacityBytes];
        ((Core.Blocks.IBlockReader)reader).Read(0, bytes);
        return bytes;
    }

    private static string Tracked(string path, string named)
    {
        Track(LocalHost.Instance, path, named);
        return path;
    }

    private static void Track(IHost host, string path, string named)
    {
        Link link = LinkProbe.Read(host, path, new FindingList());
        var editor = new DescriptorEditor(link.Descriptor!);
        editor.Set("changeTrackPath", named);
        DescriptorStore.Write(host, link.DescriptorPlace!, editor.ToBytes());
    }

    private static VmdkDescriptor DescriptorOf(string path) =>
        LinkProbe.Read(LocalHost.Instance, path, new FindingList()).Descriptor!;

    private static void AssertTold(CommandResult run, string path)
    {
        Assert.Contains("VMDK7620", run.Error, StringComparison.Ordinal);
        Assert.Contains("(CBT)", run.Error, StringComparison.Ordinal);
        Assert.Contains(("VMDK7620", path), FindingsIn(run));
    }

    private static (string Code, string Path)[] FindingsIn(CommandResult run) =>
        [.. run.Json().GetProperty("findings").EnumerateArray()
            .Select(finding =>
                (finding.GetProperty("code").GetString()!, finding.GetProperty("path").GetString()!))];
}
