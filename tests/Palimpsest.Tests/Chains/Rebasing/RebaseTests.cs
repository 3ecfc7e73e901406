using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Rebasing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Rebasing;

/// <summary>A delta goes to another parent: its guest sees the same before, after, and whenever the power goes.</summary>
public sealed class RebaseTests
{
    private const int SectorCount = 900;

    public static TheoryData<string, string> Moves => new()
    {
        { CreateTypes.MonolithicSparse, "below" }, { CreateTypes.MonolithicSparse, "beside" },
        { CreateTypes.MonolithicSparse, "none" }, { CreateTypes.TwoGbMaxExtentSparse, "below" },
        { CreateTypes.TwoGbMaxExtentSparse, "none" }, { CreateTypes.VmfsSparse, "below" },
        { CreateTypes.VmfsSparse, "beside" },
    };

    [Theory]
    [MemberData(nameof(Moves))]
    public void A_cut_anywhere_leaves_the_same_content(string kind, string where)
    {
        int cuts = 0;
        var host = new SimulatedHost();
        Scene scene = Make(host, kind);
        RebaseRequest request = scene.Request(where);
        HostJournal journal = host.Record();
        Rebase(host, request);
        AssertMoved(host, scene, request);
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int seed) in Variants())
            {
                SimulatedHost after = journal.HostAfterCut(cut, variant, seed);
                Assert.Equal(scene.Content, Read(after, scene.Head));
                HostJournal again = after.Record();
                Rebase(after, request);
                AssertMoved(after, scene, request);
                cuts++;
                int second = cuts % (again.Count + 1);
                SimulatedHost twice = again.HostAfterCut(second, CutVariant.Tear, cuts);
                Assert.Equal(scene.Content, Read(twice, scene.Head));
                Rebase(twice, request);
                AssertMoved(twice, scene, request);
                cuts++;
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind} to {where}: {cuts} cut points");
    }

    [Theory]
    [InlineData(HostOperation.Read)]
    [InlineData(HostOperation.Write)]
    [InlineData(HostOperation.Flush)]
    [InlineData(HostOperation.Rename)]
    internal void A_call_that_fails_is_told_and_nothing_is_lost(HostOperation operation)
    {
        for (int number = 1; ; number++)
        {
            var host = new SimulatedHost();
            Scene scene = Make(host, CreateTypes.VmfsSparse);
            RebaseRequest request = scene.Request("below");
            host.FailAt(operation, number, isForever: number % 2 == 0);
            bool failed = false;
            try { Rebase(host, request); }
            catch (Exception error) when (error is BlockException or ImageException) { failed = true; }
            host.Heal();
            Assert.Equal(scene.Content, Read(host, scene.Head));
            Rebase(host, request);
            AssertMoved(host, scene, request);
            if (!failed) { return; }
        }
    }

    [Fact]
    public void Unsafe_changes_the_descriptor_only_and_keeps_the_old_one()
    {
        var host = new SimulatedHost();
        Scene scene = Make(host, CreateTypes.VmfsSparse);
        byte[] old = host.Get(scene.Head);
        byte[] data = host.Get("/vm/head-delta.vmdk");
        RebaseResult result = Rebase(host, scene.Request("below") with { IsUnsafe = true });
        Assert.Equal(0, result.CopiedBytes);
        Assert.Equal(data, host.Get("/vm/head-delta.vmdk"));
        Assert.Equal(old, host.Get(result.KeptPath!));
        Assert.Equal("base.vmdk", ParentOf(host, scene.Head));
    }

    [Fact]
    public void A_dry_run_says_the_most_and_changes_nothing()
    {
        var host = new SimulatedHost();
        Scene scene = Make(host, CreateTypes.MonolithicSparse);
        RebaseRequest request = scene.Request("beside");
        byte[] before = host.Get(scene.Head);
        RebaseResult planned = Rebase(host, request with { IsDryRun = true });
        Assert.Equal(before, host.Get(scene.Head));
        RebaseResult done = Rebase(host, request);

        // A grain that is begun is filled, and what fills it is not brought again.
        Assert.InRange(done.CopiedBytes, 1, planned.CopiedBytes);
    }

    [Fact]
    public void What_cannot_be_a_parent_is_refused()
    {
        var host = new SimulatedHost();
        Scene scene = Make(host, CreateTypes.MonolithicSparse);
        var recipe = new DiskRecipe(host, new Random(2));
        string small = recipe.Base(CreateTypes.MonolithicFlat, "small", SectorCount - 8);
        AssertRefused(RebaseFindings.WouldLoop, scene.Middle, scene.Head);
        AssertRefused(RebaseFindings.NotAParent, scene.Head, small);
        AssertRefused(RebaseFindings.NotADelta, scene.Bottom, small);

        void AssertRefused(FindingCode code, string path, string parent)
        {
            ImageException refusal = Assert.Throws<ImageException>(() =>
                Rebase(host, new RebaseRequest { Path = path, ParentPath = parent }));
            Assert.Equal(code.Id, refusal.Reason.Code.Id);
        }
    }

    [Fact]
    public void Qemu_reads_the_same_from_a_moved_delta()
    {
        using var folder = new TempFolder();
        string bottom = folder.File("a.vmdk"), middle = folder.File("b.vmdk"), head = folder.File("c.vmdk"),
            want = folder.File("want.raw");
        Qemu("create", "-q", "-f", "vmdk", bottom, "24M");
        Scribble(bottom, "write -q -P 1 0 10M");
        Qemu("create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", middle);
        Scribble(middle, "write -q -P 2 5M 10M");
        Qemu("create", "-q", "-f", "vmdk", "-o", "zeroed_grain=on", "-b", middle, "-F", "vmdk", head);
        Scribble(head, "write -q -P 3 12M 1M", "write -q -z 2M 128k");
        Qemu("convert", "-f", "vmdk", "-O", "raw", head, want);
        foreach (string? parent in (string?[])[bottom, null, middle, bottom])
        {
            DiskRebase.Run(new RebaseRequest { Path = head, ParentPath = parent }, new DiskOpenOptions(), null,
                CancellationToken.None);
            Qemu("compare", "-f", "vmdk", "-F", "raw", head, want);
        }

        static void Qemu(params string[] arguments) => Tool.Run("qemu-img", arguments).MustSucceed();
        static void Scribble(string path, params string[] commands) => Tool.Run("qemu-io",
            [.. commands.SelectMany(command => (string[])["-c", command]), "-f", "vmdk", path]).MustSucceed();
    }

    private static IEnumerable<(CutVariant Variant, int Seed)> Variants() =>
        [(CutVariant.Keep, 0), (CutVariant.Drop, 0), (CutVariant.Tear, 1), (CutVariant.Tear, 2)];

    private static RebaseResult Rebase(SimulatedHost host, RebaseRequest request) =>
        DiskRebase.Run(request, new DiskOpenOptions { Host = host }, null, CancellationToken.None);

    private static Scene Make(SimulatedHost host, string kind)
    {
        var random = new Random(RandomCases.Seed);
        var recipe = new DiskRecipe(host, random);
        string bottom = recipe.Base(CreateTypes.MonolithicFlat, "base", SectorCount);
        string beside = recipe.Base(CreateTypes.MonolithicFlat, "beside", SectorCount);
        string middle = recipe.Delta(CreateTypes.MonolithicSparse, "middle", bottom);
        Scribble(host, middle, random);
        string head = recipe.Delta(kind, "head", middle);
        Scribble(host, head, random);
        return new Scene(bottom, beside, middle, head, Read(host, head));
    }

    private static void Scribble(SimulatedHost host, string path, Random random)
    {
        using Disk disk = DiskRecipe.OpenForWriting(host, path);
        for (int i = 0; i < 4; i++)
        {
            byte[] bytes = new byte[random.Next(1, 60) * 512];
            random.NextBytes(bytes);
            disk.Device!.Write(random.Next(SectorCount - (bytes.Length / 512)) * 512L, bytes);
        }
        disk.Device!.WriteZeroes(random.Next(400) * 512L, 128 * 512, ZeroMode.MayPunch);
    }

    private static byte[] Read(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        byte[] bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }

    private static void AssertMoved(SimulatedHost host, Scene scene, RebaseRequest request)
    {
        Assert.Equal(scene.Content, Read(host, scene.Head));
        string? parent = request.ParentPath is { } path ? path[(path.LastIndexOf('/') + 1)..] : null;
        Assert.Equal(parent, ParentOf(host, scene.Head));
    }

    private static string? ParentOf(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        return disk.Links[0].Descriptor!.ParentFileNameHint;
    }

    private sealed record Scene(string Bottom, string Beside, string Middle, string Head, byte[] Content)
    {
        internal RebaseRequest Request(string where) => new()
        {
            Path = Head,
            ParentPath = where switch { "below" => Bottom, "beside" => Beside, _ => null },
        };
    }
}
