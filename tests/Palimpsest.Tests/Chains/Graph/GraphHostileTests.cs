using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Graph;

/// <summary>Folders made to exhaust memory, time, the terminal or the reader.</summary>
public sealed class GraphHostileTests
{
    [Fact]
    public void TooManyFilesAreRefused()
    {
        SimulatedHost host = Folder(ChainGraph.MaximumFiles + 1, i => GraphFolder.Text($"{i:x8}"));
        BlockException refusal = Assert.Throws<BlockException>(() => Graph(host));
        Assert.Equal(BlockErrorKind.Refused, refusal.Kind);
        Assert.Contains($"{ChainGraph.MaximumFiles}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TooMuchTextIsRefused()
    {
        string text = GraphFolder.Text("0000000a") + new string('#', 1_000_000);
        BlockException refusal = Assert.Throws<BlockException>(() => Graph(Folder(80, _ => text)));
        Assert.Equal(BlockErrorKind.Refused, refusal.Kind);
    }

    [Fact]
    public void TooManyExtentsAreRefused()
    {
        string lines = string.Join('\n', Enumerable.Repeat("RW 8 ZERO", 50_000));
        BlockException refusal = Assert.Throws<BlockException>(
            () => Graph(Folder(6, i => GraphFolder.Text($"{i:x8}", extent: lines))));
        Assert.Equal(BlockErrorKind.Refused, refusal.Kind);
    }

    [Fact]
    public void ComplaintsAreBounded()
    {
        string lines = string.Join('\n', Enumerable.Range(0, 20_000).Select(i => $"RW 8 FLAT \"x{i}\" 0"));
        GraphLink link = Graph(Folder(1, _ => GraphFolder.Text("0000000a", extent: lines))).Links.Single();
        Assert.InRange(link.Findings.Count, 1, 16);
        Assert.Equal(20_000, link.Findings.Count + link.DroppedFindings);
    }

    [Fact]
    public void ThousandsOfLinksInOneChainAreDrawn()
    {
        const int Count = 3000;
        SimulatedHost host = Folder(Count, i => GraphFolder.Text(
            $"{i:x8}", i == 0 ? null : $"{i - 1:d5}.vmdk", i == 0 ? null : $"{i - 1:x8}"));
        ChainGraph graph = Graph(host);
        Assert.Equal(Count, graph.Links[^1].LinkCount);
        Assert.Equal("VMDK7005", graph.Links[^1].Findings.Single().Code.Id);
        Assert.Equal(Count, graph.ComponentOf(graph.Links[0]).Count);
    }

    [Fact]
    public void AWheelOfThousandsIsOneLoop()
    {
        const int Count = 3000;
        SimulatedHost host = Folder(Count, i => GraphFolder.Text(
            $"{i:x8}", $"{(i + 1) % Count:d5}.vmdk", $"{(i + 1) % Count:x8}"));
        ChainGraph graph = Graph(host);
        Assert.Single(graph.Roots);
        Finding loop = Assert.Single(graph.Links.SelectMany(link => link.Findings));
        Assert.InRange(loop.Message.Length, 1, 500);
    }

    [Fact]
    public void OneIdForThousandsOfDisksNamesFewLikelyParents()
    {
        SimulatedHost host = Folder(2000, i => i == 0 ? GraphFolder.Text("0000000b")
            : GraphFolder.Text("0000000a", "00000.vmdk", "0000000a"));
        ChainGraph graph = Graph(host);
        Assert.All(graph.Links.Skip(1), link =>
        {
            Assert.Equal(EdgeState.WrongBase, link.Edge!.State);
            Assert.InRange(link.Edge.LikelyParents.Count, 1, 16);
        });
    }

    [Fact]
    public void OnlyDescriptorsAreRead()
    {
        var host = new SimulatedHost();
        var recipe = new DiskRecipe(host, new Random(1));
        string path = recipe.Base("monolithicFlat", "disk", 32 << 11);
        recipe.Delta("vmfsSparse", "disk-000001", path);
        host.Put("/vm/big.vmdk", new byte[64 << 20]);
        host.BytesRead = 0;
        Assert.Equal(2, Graph(host).Links.Count);
        Assert.InRange(host.BytesRead, 1, 64 << 10);
    }

    [Fact]
    public void APipeDoesNotHang()
    {
        using var folder = new GraphFolder();
        folder.Link("disk.vmdk", "0000000a");
        folder.Link("child.vmdk", "0000000b", "pipe.vmdk", "0000000a");
        Tool.Run("mkfifo", folder.File("pipe.vmdk")).MustSucceed();
        Tool.Run("mkfifo", folder.File("vm.vmx")).MustSucceed();
        ChainGraph graph = folder.Graph();
        Assert.Equal(["child.vmdk", "disk.vmdk"], graph.Links.Select(link => link.Name));
        Assert.Equal("VMDK7014", graph.Links[0].Edge!.Finding!.Code.Id);
        Assert.Throws<ImageException>(() => folder.Graph("pipe.vmdk"));
    }

    [Fact]
    public void NamesCannotMoveTheCursor()
    {
        using var folder = new GraphFolder();
        folder.Link("a\e[31m.vmdk", "0000000a");
        folder.Link("b.vmdk", "0000000b", "x\e]0;title\a.vmdk", "0000000a");
        folder.Settings("vm\n.vmx", ("scsi0:0", "a\u202Eb.vmdk"));
        folder.Snapshots("vm.vmsd", 1, (1, "red\e[31m", "a\e[31m.vmdk"));
        CommandResult run = CommandRun.Vmdk("chain", folder.Path);
        Assert.DoesNotContain('\e', run.Output);
        Assert.DoesNotContain('\a', run.Output);
        Assert.DoesNotContain('\u202E', run.Output);
        Assert.Contains("a\\x1B[31m.vmdk", run.Output, StringComparison.Ordinal);
        Assert.Equal("chain", CommandRun.Vmdk("chain", "--json", folder.Path).Json()
            .GetProperty("report").GetString());
    }

    [Fact]
    public void LinesDoNotGrowWithTheChain()
    {
        using var folder = new GraphFolder();
        for (int i = 0; i < 400; i++)
        {
            folder.Link($"{i:d3}.vmdk", $"{i:x8}", i == 0 ? null : $"{i - 1:d3}.vmdk",
                i == 0 ? null : $"{i - 1:x8}");
        }
        string[] lines = CommandRun.Vmdk("chain", folder.Path).MustReturn(4).Output.Split('\n');
        Assert.InRange(lines.Max(line => line.Length), 100, 300);
        Assert.Equal(400, lines.Count(line => line.Contains(".vmdk  ", StringComparison.Ordinal)));
    }

    [Fact]
    public void LongNamesAreNoFiles()
    {
        using var folder = new GraphFolder();
        string longName = new('x', 5000);
        folder.Link("child.vmdk", "0000000b", longName, "0000000a", extent: $"RW 8 FLAT \"{longName}\" 0");
        folder.Settings("vm.vmx", ("scsi0:0", longName + ".vmdk"), ("scsi0:1", "child.vmdk"));
        ChainGraph graph = folder.Graph();
        Assert.Equal(EdgeState.ParentMissing, graph.Links.Single().Edge!.State);
        Assert.Equal(ExtentState.Missing, graph.Links.Single().Extents.Single().State);
        Assert.Equal(DiskPlace.Missing, graph.Machines.Single().Disks[0].Place);
    }

    // Every prefix of every kind of file, and random damage, in one folder.
    [Fact]
    public void DamageIsSaidProperly()
    {
        string[] seeds =
        [
            GraphFolder.Text("0000000a", "00001.vmdk", "0000000b", extent: "RW 8 FLAT \"00002.vmdk\" 0"),
            GraphFolder.Text("0000000b"), "COWD", "KDMV", "snapshot0.uid = \"1\"\n",
        ];
        var random = new Random(RandomCases.Seed);
        for (int round = 0; round < RandomCases.Count(400); round++)
        {
            var host = new SimulatedHost();
            for (int i = 0; i < 6; i++)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]);
                for (int hit = random.Next(4); hit > 0; hit--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }
                string extension = random.Next(8) switch { 0 => "vmx", 1 => "vmsd", _ => "vmdk" };
                host.Put($"/vm/{i:d5}.{extension}", bytes[..random.Next(bytes.Length + 1)]);
            }
            _ = Graph(host).Roots.Count();
        }
    }

    private static SimulatedHost Folder(int count, Func<int, string> text)
    {
        var host = new SimulatedHost();
        for (int i = 0; i < count; i++) { host.Put($"/vm/{i:d5}.vmdk", Encoding.ASCII.GetBytes(text(i))); }
        return host;
    }

    private static ChainGraph Graph(SimulatedHost host) =>
        ChainGraph.Of("/vm", new DiskOpenOptions { Host = host });
}
