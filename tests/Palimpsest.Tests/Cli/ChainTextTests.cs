using System.Text.Json;
using System.Text.RegularExpressions;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Chains.Graph;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary>What <c>chain</c> and <c>drift</c> print.</summary>
public sealed partial class ChainTextTests : IDisposable
{
    private readonly GraphFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ATreeIsDrawn()
    {
        Tree();
        Assert.Equal("""
            FOLDER: 4 links, 2 heads
            vm.vmdk  4 KiB custom, N stored, CID 00000000, TIME
            │  snapshot 1 "first"
            ├─ vm-000001.vmdk  4 KiB custom, N stored, CID 00000001, TIME
            │  │  snapshot 2 "second", current
            │  └─ vm-000003.vmdk  4 KiB custom, N stored, CID 00000003, TIME  head  running: vm.vmx scsi0:0
            └─ vm-000002.vmdk  4 KiB custom, N stored, CID 00000002, TIME  head
                  VMDK7404 warning: No machine and no snapshot knows this delta
                    no .vmx file and no .vmsd file of the folder leads to it
                    next: vmdk drift FOLDER/vm-000002.vmdk
            vm.vmx: 1 disk
              scsi0:0: vm-000003.vmdk
            vm.vmsd: 2 snapshots, current is 2 "second"
            next: vmdk drift FOLDER/vm-000002.vmdk

            """, Masked(CommandRun.Vmdk("chain", folder.Path).MustReturn(1)));
    }

    [Fact]
    public void OrphansStandOnWhatIsMissing()
    {
        folder.Link("a.vmdk", "00000001", "gone.vmdk", "00000000");
        folder.Link("b.vmdk", "00000002", "gone.vmdk", "00000000");
        folder.Link("other.vmdk", "00000009");
        Assert.Equal("""
            FOLDER: 2 links, 2 heads
            gone.vmdk  not here
            ├─ a.vmdk  4 KiB custom, N stored, CID 00000001, TIME  <- this one  head
            │     VMDK7001 refusal: The parent of a snapshot is missing
            │       the parent "gone.vmdk" is not in FOLDER
            │       next: vmdk check FOLDER/a.vmdk
            └─ b.vmdk  4 KiB custom, N stored, CID 00000002, TIME  head
                  VMDK7001 refusal: The parent of a snapshot is missing
                    the parent "gone.vmdk" is not in FOLDER
                    next: vmdk check FOLDER/b.vmdk
            next: vmdk check FOLDER/a.vmdk

            """, Masked(CommandRun.Vmdk("chain", folder.File("a.vmdk")).MustReturn(10)));
    }

    [Fact]
    public void ACircleEndsWhereItBegan()
    {
        folder.Link("a.vmdk", "00000001", "b.vmdk", "00000002");
        folder.Link("b.vmdk", "00000002", "a.vmdk", "00000001");
        string text = Masked(CommandRun.Vmdk("chain", folder.Path).MustReturn(4));
        Assert.Contains("└─ b.vmdk  ", text, StringComparison.Ordinal);
        Assert.Contains("   └─ a.vmdk  again: the chain runs in a circle\n", text, StringComparison.Ordinal);
        Assert.Contains("VMDK7004", CommandRun.Vmdk(folder.Path).MustReturn(4).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ADiskShowsOnlyItsOwnTree()
    {
        Tree();
        folder.Link("spare.vmdk", "000000aa");
        folder.Write("spare.vmdk.palimpsest-new", "");
        folder.Write("lost-flat.vmdk", new byte[512]);
        JsonElement one = CommandRun.Vmdk("chain", "--json", folder.File("spare.vmdk")).MustReturn(1).Json();
        Assert.Equal(["spare.vmdk"], Names(one));
        Assert.Equal(1, one.GetProperty("leftovers").GetArrayLength());
        Assert.Equal(0, one.GetProperty("filesWithoutDescriptor").GetArrayLength());
        Assert.Equal(0, one.GetProperty("machines").GetArrayLength());
        JsonElement all = CommandRun.Vmdk("chain", "--json", folder.File("vm.vmx")).MustReturn(1).Json();
        Assert.Equal(["spare.vmdk", "vm-000001.vmdk", "vm-000002.vmdk", "vm-000003.vmdk", "vm.vmdk"],
            Names(all));
        Assert.Equal(1, all.GetProperty("filesWithoutDescriptor").GetArrayLength());
        Assert.Equal(3, all.GetProperty("edges").GetArrayLength());
    }

    [Fact]
    public void ProblemsOfTheJsonLeadToTheirFindings()
    {
        Tree();
        folder.Write("lost-flat.vmdk", new byte[512]);
        JsonElement report = CommandRun.Vmdk("chain", "--json", folder.Path).MustReturn(1).Json();
        JsonElement findings = report.GetProperty("findings");
        Assert.Equal(["VMDK7404 vm-000002.vmdk", "VMDK7402 "],
            report.GetProperty("problems").EnumerateArray().Select(problem =>
                findings[problem.GetProperty("findingIndex").GetInt32()].GetProperty("code").GetString() + " "
                + (problem.TryGetProperty("link", out JsonElement link)
                    ? Path.GetFileName(link.GetString()) : "")));
        Assert.Equal($"vmdk describe {folder.File("lost-flat.vmdk")} --dry-run",
            report.GetProperty("problems")[1].GetProperty("nextCommand").GetString());
    }

    // Half of the disk at the bottom; the head stores its last eighth and a grain of the first cell.
    [Fact]
    public void LayersAreDrawn()
    {
        const int Sectors = 64 << 11;
        folder.Write("half.bin", ChainRecipe.Numbered(Sectors / 2));
        string path = folder.NewDisk("head.vmdk", Sectors * 512L, "twoGbMaxExtentSparse");
        CommandRun.Vmdk(ChainRecipe.Numbered(16384), null, "write", path, "--offset", "56M").MustReturn(0);
        CommandRun.Vmdk(ChainRecipe.Numbered(1), null, "write", path, "--offset", "0").MustReturn(0);
        folder.Link("head.vmdk", "00000002", "base.vmdk", "00000001",
            extent: $"RW {Sectors} SPARSE \"head-s001.vmdk\"");
        folder.Link("base.vmdk", "00000001",
            extent: $"RW {Sectors / 2} FLAT \"half.bin\" 0\nRW {Sectors / 2} ZERO");
        Assert.Equal($"""
            FOLDER/head.vmdk: 2 layers, 64 MiB; VMware allows 30 more
            layer 0    head.vmdk, custom, last written TIME
                       8.06 MiB stored; 8.06 MiB visible, 0 bytes hidden
                       commit to its parent: 8.06 MiB to write, 8 MiB of room
                       |▁{new string(' ', 55)}████████|
            layer 1    base.vmdk, custom, last written TIME
                       32 MiB stored, 32 MiB zero; 55.9 MiB visible, 8.06 MiB hidden
                       |{new string('█', 64)}|
                       each of the 64 cells is 1 MiB of the disk; dim where nothing of it is visible
            reads      at depth 0: 8.06 MiB (20.2%)
                       at depth 1: 31.9 MiB (79.8%), 24 MiB zero
                       mean depth 0.80; 0 bytes stored nowhere
            base       64 KiB (0.2%) of its 32 MiB superseded; layers above answer for 8.06 MiB
            all        merged into the base: 8.06 MiB to write, 8 MiB of room; gives back N

            no findings

            """, Masked(CommandRun.Vmdk("drift", path).MustReturn(0)));
    }

    private void Tree()
    {
        folder.Link("vm.vmdk", "00000000");
        folder.Link("vm-000001.vmdk", "00000001", "vm.vmdk", "00000000");
        folder.Link("vm-000002.vmdk", "00000002", "vm.vmdk", "00000000");
        folder.Link("vm-000003.vmdk", "00000003", "vm-000001.vmdk", "00000001");
        folder.Settings("vm.vmx", ("scsi0:0", "vm-000003.vmdk"));
        folder.Snapshots("vm.vmsd", 2, (1, "first", "vm.vmdk"), (2, "second", "vm-000001.vmdk"));
    }

    private static IEnumerable<string?> Names(JsonElement report) =>
        report.GetProperty("links").EnumerateArray().Select(link => link.GetProperty("name").GetString());

    // What depends on the host: folders, times, and how much it stores.
    private string Masked(CommandResult run)
    {
        string text = run.Output.Replace(folder.Path, "FOLDER", StringComparison.Ordinal);
        text = Stored().Replace(Times().Replace(text, "TIME"), "N stored, CID");
        return GivenBack().Replace(text, "back N");
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d UTC")]
    private static partial Regex Times();

    [GeneratedRegex(@"[\d.]+ (?:bytes|KiB|MiB) stored, CID")]
    private static partial Regex Stored();

    [GeneratedRegex(@"back [\d.]+ (?:bytes|KiB|MiB)")]
    private static partial Regex GivenBack();
}
