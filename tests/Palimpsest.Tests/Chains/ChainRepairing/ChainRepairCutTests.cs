using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.ChainRepairing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.ChainRepairing;

/// <summary>The power goes at every write of a repair of two links, and of taking it back.</summary>
public sealed class ChainRepairCutTests
{
    private const int SectorCount = 900;
    private const string Middle = "/vm/middle.vmdk", Head = "/vm/head.vmdk";

    public static TheoryData<string> Kinds => [CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse,
        CreateTypes.VmfsSparse];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_cut_anywhere_leaves_each_link_as_before_or_repaired(string kind)
    {
        var host = new SimulatedHost();
        byte[] content = Make(host, kind);
        string[] old = [TextOf(host, Middle), TextOf(host, Head)];
        HostJournal journal = host.Record();
        ChainRepairResult result = Repair(host);
        Assert.Equal(2, result.UndoPaths.Count);
        Assert.Equal(content, Read(host, Head));
        string[] mended = [TextOf(host, Middle), TextOf(host, Head)];
        int cuts = 0;
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int seed) in Variants())
            {
                SimulatedHost after = journal.HostAfterCut(cut, variant, seed);
                AssertOldOrNew(after, old, mended);
                HostJournal again = after.Record();
                Repair(after);
                Assert.Equal(content, Read(after, Head));
                SimulatedHost twice = again.HostAfterCut(++cuts % (again.Count + 1), CutVariant.Tear, cuts);
                AssertOldOrNew(twice, old, mended);
                Repair(twice);
                Assert.Equal(content, Read(twice, Head));
                cuts++;
            }
        }
        cuts += CutUndo(host, result.UndoPaths, old, mended);
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {cuts} cut points");
    }

    [Theory]
    [InlineData(HostOperation.Read)]
    [InlineData(HostOperation.Write)]
    [InlineData(HostOperation.Flush)]
    [InlineData(HostOperation.Rename)]
    internal void A_call_that_fails_is_told_and_the_next_run_finishes(HostOperation operation)
    {
        for (int number = 1; ; number += operation == HostOperation.Read ? 7 : 1)
        {
            var host = new SimulatedHost();
            byte[] content = Make(host, CreateTypes.MonolithicSparse);
            string[] old = [TextOf(host, Middle), TextOf(host, Head)];
            host.FailAt(operation, number, isForever: number % 2 == 0);
            bool failed = false;
            try { failed = Repair(host).UndoPaths.Count < 2; }
            catch (Exception error) when (error is BlockException or ImageException) { failed = true; }
            host.Heal();
            Repair(host);
            Assert.Equal(content, Read(host, Head));
            Assert.DoesNotContain(TextOf(host, Head), old);
            if (!failed) { return; }
        }
    }

    private static int CutUndo(SimulatedHost host, IReadOnlyList<string> undo, string[] old, string[] mended)
    {
        int cuts = 0;
        HostJournal journal = host.Record();
        foreach (string path in undo) { DiskRepair.Undo(host, path); }
        Assert.Equal(string.Join("", old), TextOf(host, Middle) + TextOf(host, Head));
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int seed) in Variants())
            {
                SimulatedHost after = journal.HostAfterCut(cut, variant, seed);
                AssertOldOrNew(after, old, mended);
                foreach (string path in undo) { DiskRepair.Undo(after, path); }
                Assert.Equal(string.Join("", old), TextOf(after, Middle) + TextOf(after, Head));
                cuts++;
            }
        }
        return cuts;
    }

    private static IEnumerable<(CutVariant Variant, int Seed)> Variants() =>
        [(CutVariant.Keep, 0), (CutVariant.Drop, 0), (CutVariant.Tear, 1), (CutVariant.Tear, 2)];

    private static ChainRepairResult Repair(SimulatedHost host) => ChainRepair.Apply(ChainRepair.Plan(
        "/vm", new DiskOpenOptions { Host = host }, false, CancellationToken.None));

    private static void AssertOldOrNew(SimulatedHost host, string[] old, string[] mended)
    {
        Assert.Contains(TextOf(host, Middle), (string[])[old[0], mended[0]]);
        Assert.Contains(TextOf(host, Head), (string[])[old[1], mended[1]]);
    }

    // Base, middle, head; then the middle remembers a name that is gone, and the head one with another
    // length.
    private static byte[] Make(SimulatedHost host, string kind)
    {
        var random = new Random(RandomCases.Seed);
        var recipe = new DiskRecipe(host, random);
        string bottom = recipe.Base(CreateTypes.MonolithicFlat, "base", SectorCount);
        Assert.Equal(Middle, recipe.Delta(kind, "middle", bottom));
        Scribble(host, Middle, random);
        Assert.Equal(Head, recipe.Delta(kind, "head", Middle));
        Scribble(host, Head, random);
        byte[] content = Read(host, Head);
        SetHint(host, Head, "a name that is longer than the right one.vmdk");
        SetHint(host, Middle, "gone.vmdk");
        return content;
    }

    private static void SetHint(SimulatedHost host, string path, string hint)
    {
        Link link = LinkProbe.Read(host, path, new FindingList());
        var editor = new DescriptorEditor(link.Descriptor!);
        editor.Set("parentFileNameHint", hint);
        DescriptorStore.Write(host, link.DescriptorPlace!, editor.ToBytes());
    }

    private static void Scribble(SimulatedHost host, string path, Random random)
    {
        using Disk disk = DiskRecipe.OpenForWriting(host, path);
        byte[] bytes = new byte[20 * 512];
        for (int i = 0; i < 4; i++)
        {
            random.NextBytes(bytes);
            disk.Device!.Write(random.Next(SectorCount - 20) * 512L, bytes);
        }
    }

    private static string TextOf(SimulatedHost host, string path) => Encoding.UTF8.GetString(
        LinkProbe.Read(host, path, new FindingList()).Descriptor!.ToBytes()).TrimEnd('\0');

    private static byte[] Read(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        byte[] bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }
}
