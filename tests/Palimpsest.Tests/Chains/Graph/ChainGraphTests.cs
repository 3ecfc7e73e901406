using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Graph;

/// <summary>The links of hand-made folders, and what is wrong with their edges.</summary>
public sealed class ChainGraphTests : IDisposable
{
    private readonly GraphFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TwoChildrenStandOnOneBase()
    {
        folder.Link("base.vmdk", "0000000a");
        folder.Link("left.vmdk", "0000000b", "base.vmdk", "0000000a");
        folder.Link("right.vmdk", "0000000c", "base.vmdk", "0000000a");
        folder.Link("top.vmdk", "0000000d", "left.vmdk", "0000000b");
        ChainGraph graph = folder.Graph();
        Assert.Equal(["base.vmdk"], graph.Roots.Select(link => link.Name));
        Assert.Equal(["left.vmdk", "right.vmdk"],
            Link(graph, "base.vmdk").Children.Select(link => link.Name));
        Assert.Equal(["right.vmdk", "top.vmdk"],
            graph.Links.Where(link => link.IsHead).Select(link => link.Name));
        Assert.Equal([1, 2, 2, 3], graph.Links.Select(link => link.LinkCount!.Value));
        Assert.All(graph.Links.Skip(1), link => Assert.Equal(EdgeState.Good, link.Edge!.State));
        Assert.Null(Link(graph, "base.vmdk").Edge);
        Assert.Empty(graph.Links.SelectMany(link => link.Findings));
        Assert.Empty(graph.Findings.Items);
    }

    [Theory]
    [InlineData("base.vmdk", "0000000a", 8, EdgeState.Good, null)]
    [InlineData("base.vmdk", "0000000b", 8, EdgeState.ContentIdMismatch, "VMDK7002")]
    [InlineData("base.vmdk", "0000000c", 8, EdgeState.WrongBase, "VMDK7401")]
    [InlineData("base.vmdk", "0000000a", 16, EdgeState.CapacityMismatch, "VMDK7003")]
    [InlineData("base.vmdk", "0000000c", 16, EdgeState.ContentIdMismatch, "VMDK7002")]
    [InlineData("gone.vmdk", "0000000b", 8, EdgeState.ParentMissing, "VMDK7001")]
    [InlineData("/somewhere/gone.vmdk", "0000000b", 8, EdgeState.ParentOutside, "VMDK1020")]
    [InlineData("../gone.vmdk", "0000000b", 8, EdgeState.ParentOutside, "VMDK1020")]
    [InlineData("data.bin", "0000000b", 8, EdgeState.ParentNotADisk, "VMDK7013")]
    [InlineData("child.vmdk", "0000000f", 8, EdgeState.Loop, "VMDK7004")]
    public void EdgesSayWhatOpeningSays(
        string hint, string parentId, int sectors, EdgeState state, string? code)
    {
        folder.Link("base.vmdk", "0000000a");
        folder.Link("twin.vmdk", "0000000c");
        folder.Write("data.bin", ChainRecipe.Numbered(8));
        string path = folder.Link("child.vmdk", "0000000f", hint, parentId, sectors);
        GraphLink child = Link(folder.Graph(), "child.vmdk");
        Assert.Equal(state, child.Edge!.State);
        Assert.Equal(code, child.Edge.Finding?.Code.Id);
        Assert.Equal(hint, child.Edge.Hint);
        Assert.Equal(hint is "base.vmdk" or "child.vmdk" ? hint : null, child.Parent?.Name);

        // Opening knows no other links, so it cannot tell a wrong base from a changed one.
        string? refusal = state == EdgeState.WrongBase ? "VMDK7002" : code;
        using DiskInspection inspection = Disk.Inspect(path);
        Assert.Equal(refusal, inspection.Refusal?.Reason.Code.Id);
    }

    [Fact]
    public void TheTrueParentIsNamed()
    {
        folder.Link("base.vmdk", "0000000a");
        folder.Link("true.vmdk", "0000000c");
        folder.Link("large.vmdk", "0000000c", sectors: 16);
        folder.Link("child.vmdk", "0000000f", "base.vmdk", "0000000c");
        folder.Link("above.vmdk", "0000000c", "child.vmdk", "0000000f");
        GraphEdge edge = Link(folder.Graph(), "child.vmdk").Edge!;
        Assert.Equal("true.vmdk", edge.LikelyParent!.Name);
        Assert.Contains(folder.File("true.vmdk"), edge.Finding!.Message, StringComparison.Ordinal);
        folder.Link("copy.vmdk", "0000000c");
        edge = Link(folder.Graph(), "child.vmdk").Edge!;
        Assert.Equal(EdgeState.WrongBase, edge.State);
        Assert.Null(edge.LikelyParent);
        Assert.Equal(["copy.vmdk", "true.vmdk"], edge.LikelyParents.Select(link => link.Name));
    }

    [Fact]
    public void ARenamedParentAndLostDescriptorsAreFoundAgain()
    {
        folder.Link("renamed.vmdk", "0000000c");
        folder.Link("child.vmdk", "0000000f", "old.vmdk", "0000000c");
        folder.Link("other.vmdk", "0000000e", "lost.vmdk", "0000000d");
        string data = folder.Write("lost-flat.vmdk", ChainRecipe.Numbered(8));
        ChainGraph graph = folder.Graph();
        Assert.Equal("renamed.vmdk", Link(graph, "child.vmdk").Edge!.LikelyParent!.Name);
        Assert.Null(Link(graph, "child.vmdk").Edge!.LikelyParentData);
        Assert.Equal(data, Link(graph, "other.vmdk").Edge!.LikelyParentData);
        Assert.Equal([data], graph.DataFiles);
        Assert.Equal(["child.vmdk", "renamed.vmdk"],
            graph.ComponentOf(Link(graph, "renamed.vmdk")).Select(link => link.Name));
    }

    [Fact]
    public void HintsWithFoldersAreFollowedOnlyWhenAllowed()
    {
        Directory.CreateDirectory(folder.File("bases"));
        folder.Link("bases/base.vmdk", "0000000a");
        folder.Link("inside.vmdk", "0000000b", "bases/base.vmdk", "0000000a");
        folder.Link("moved.vmdk", "0000000c", "/vmfs/volumes/5f/vm/local.vmdk", "0000000a");
        folder.Link("windows.vmdk", "0000000c", "C:\\\\vm\\\\local.vmdk", "0000000a");
        folder.Link("local.vmdk", "0000000a");
        ChainGraph graph = folder.Graph();
        Assert.Equal(folder.File("bases/base.vmdk"), Link(graph, "inside.vmdk").Parent!.Path);
        Assert.False(Link(graph, "inside.vmdk").Edge!.IsFoundByBareName);
        Assert.Equal("local.vmdk", Link(graph, "moved.vmdk").Parent!.Name);
        Assert.True(Link(graph, "moved.vmdk").Edge!.IsFoundByBareName);
        Assert.True(Link(graph, "windows.vmdk").Edge!.IsFoundByBareName);
        using var elsewhere = new TempFolder();
        string far = elsewhere.WriteDescriptor("far.vmdk", GraphFolder.Text("0000000a"));
        folder.Link("clone.vmdk", "0000000d", far, "0000000a");
        Assert.Equal(EdgeState.ParentOutside, Link(folder.Graph(), "clone.vmdk").Edge!.State);
        GraphEdge followed = Link(folder.Graph(allowOutside: true), "clone.vmdk").Edge!;
        Assert.Equal((EdgeState.Good, far), (followed.State, followed.Parent!.Path));
    }

    [Fact]
    public void CirclesAreSeenWithWhatHangsOnThem()
    {
        folder.Link("a.vmdk", "0000000a", "c.vmdk", "0000000c");
        folder.Link("b.vmdk", "0000000b", "a.vmdk", "0000000a");
        folder.Link("c.vmdk", "0000000c", "b.vmdk", "0000000b");
        folder.Link("tail.vmdk", "0000000d", "b.vmdk", "0000000b");
        folder.Link("self.vmdk", "0000000e", "self.vmdk", "0000000e");
        ChainGraph graph = folder.Graph();
        Assert.Equal(["a.vmdk", "self.vmdk"], graph.Roots.Select(link => link.Name));
        Assert.All(graph.Links, link => Assert.Null(link.LinkCount));
        Assert.Equal([EdgeState.Loop, EdgeState.Loop, EdgeState.Loop, EdgeState.Loop, EdgeState.Good],
            graph.Links.Select(link => link.Edge!.State));
        Finding[] found = [.. graph.Links.SelectMany(link => link.Findings)];
        Assert.All(found, finding => Assert.Equal(ChainFindings.Loop, finding.Code));
        Assert.Equal(2, found.Length);
        Assert.EndsWith("a.vmdk over c.vmdk over b.vmdk over a.vmdk", found[0].Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(24, null)]
    [InlineData(25, "the chain has 25 links, 7 fewer than the limit")]
    [InlineData(32, "the chain has 32 links, 0 fewer than the limit")]
    [InlineData(33, "the chain has 33 links, 1 more than the limit")]
    [InlineData(256, "the chain has 256 links")]
    public void LongChainsAreFindings(int count, string? message)
    {
        for (int i = 0; i < count; i++)
        {
            folder.Link($"{i:d3}.vmdk", $"{i:x8}", i == 0 ? null : $"{i - 1:d3}.vmdk",
                i == 0 ? null : $"{i - 1:x8}");
        }
        ChainGraph graph = folder.Graph();
        Assert.Equal(count, graph.Links[^1].LinkCount);
        Finding? found = graph.Links.SelectMany(link => link.Findings).SingleOrDefault();
        Assert.Equal(message, found?.Message);
        Assert.Equal(count <= 24 ? null : count < 256 ? GraphFindings.LongChain : ChainFindings.TooDeep,
            found?.Code);
    }

    [Fact]
    public void ExtentsAreLookedAtFromOutside()
    {
        folder.Write("whole.bin", new byte[4096]);
        folder.Write("short.bin", new byte[1024]);
        folder.Link("disk.vmdk", "0000000a", extent: "RW 8 FLAT \"whole.bin\" 0\nRW 4 ZERO\n"
            + "RW 8 FLAT \"short.bin\" 0\nRW 8 FLAT \"gone.bin\" 0\nRW 8 FLAT \"/etc/passwd\" 0\n"
            + "NOACCESS 8 FLAT \"hidden.vmdk\" 0\nRW 8 FLAT \"sub\" 0");
        Directory.CreateDirectory(folder.File("sub"));
        folder.Write("hidden.vmdk", ChainRecipe.Numbered(8));
        GraphLink link = folder.Graph().Links.Single();
        Assert.Equal([ExtentState.Present, ExtentState.NoFile, ExtentState.Short, ExtentState.Missing,
            ExtentState.Outside, ExtentState.NoFile, ExtentState.Unusable],
            link.Extents.Select(extent => extent.State));
        Assert.Equal(["disk.vmdk", "whole.bin", "short.bin"],
            link.Files.Select(file => Path.GetFileName(file.Path)));
        Assert.Equal(["VMDK1020", "VMDK1021", "VMDK2001", "VMDK7014"],
            link.Findings.Select(finding => finding.Code.Id).Order());
        Assert.Equal(52 * 512, link.CapacityBytes);
        Assert.Empty(folder.Graph().DataFiles);
    }

    [Fact]
    public void SizesAndTimesAreTheHosts()
    {
        string data = folder.Write("disk-flat.vmdk", ChainRecipe.Numbered(4096));
        folder.Link("disk.vmdk", "0000000a", extent: "RW 4096 FLAT \"disk-flat.vmdk\" 0");
        var time = new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(data, time);
        GraphLink link = folder.Graph().Links.Single();
        long blocks = link.Files.Sum(file =>
            long.Parse(Tool.Run("stat", "-c", "%b", file.Path).MustSucceed().Output));
        Assert.Equal(blocks * 512, link.StoredBytes);
        Assert.Equal(time, link.ModifiedUtc);
        Assert.Equal(4096 * 512, link.Files[1].LengthBytes);
    }

    [Fact]
    public void WhatNoDescriptorNamesIsListed()
    {
        folder.NewDisk("disk.vmdk", 3L << 30, "twoGbMaxExtentSparse");
        File.Move(folder.File("disk.vmdk"), folder.File("kept.vmdk"));
        string delta = folder.Write("x-delta.vmdk", "COWD");
        string flat = folder.Write("y-flat.vmdk", new byte[512]);
        string named = folder.Write("z-ctk.vmdk", [0xA2, 0x72, 0x19, 0xF6]);
        string lonely = folder.Write("w-ctk.vmdk", [0xA2, 0x72, 0x19, 0xF6]);
        folder.Link("z.vmdk", "0000000a", extent: "RW 8 ZERO\nchangeTrackPath=\"z-ctk.vmdk\"");
        string part = folder.Write("a.vmdk.palimpsest-part", "");
        string next = folder.Write("b.vmdk.palimpsest-new", "");
        ChainGraph graph = folder.Graph();
        Assert.Equal(["kept.vmdk", "z.vmdk"], graph.Links.Select(link => link.Name));
        Assert.Equal([delta, flat], graph.DataFiles);
        Assert.Equal([lonely], graph.TrackingFiles);
        Assert.Equal([part, next], graph.Leftovers);
        Assert.Equal(["VMDK7402", "VMDK7402", "VMDK7411", "VMDK7403", "VMDK7403"],
            graph.Findings.Items.Select(finding => finding.Code.Id));
        Assert.True(File.Exists(named));
    }

    [Fact]
    public void ALinkIsNamedByItsDataToo()
    {
        folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        folder.Link("other.vmdk", "0000000a");
        string lost = folder.Write("lost-flat.vmdk", ChainRecipe.Numbered(8));
        Assert.Equal("disk.vmdk", folder.Graph("disk.vmdk").Named!.Name);
        Assert.Equal("disk.vmdk", folder.Graph("disk-flat.vmdk").Named!.Name);
        ChainGraph graph = folder.Graph("lost-flat.vmdk");
        Assert.Equal((null, lost), (graph.Named, graph.NamedData));
        Assert.Null(folder.Graph().Named);
        BlockException missing = Assert.Throws<BlockException>(() => folder.Graph("nothing.vmdk"));
        Assert.Equal(BlockErrorKind.NotFound, missing.Kind);
    }

    [Fact]
    public void ALinkUnderAnotherNameIsTheSameLink()
    {
        string path = folder.Link("disk.vmdk", "0000000a");
        File.CreateSymbolicLink(folder.File("alias.vmdk"), path);
        File.CreateSymbolicLink(folder.File("nowhere.vmdk"), folder.File("gone"));
        folder.Link("child.vmdk", "0000000b", "alias.vmdk", "0000000a");
        ChainGraph graph = folder.Graph("alias.vmdk");
        Assert.Equal(["child.vmdk", "disk.vmdk"], graph.Links.Select(link => link.Name));
        Assert.Equal(path, graph.Named!.Path);
        Assert.Equal(path, Link(graph, "child.vmdk").Parent!.Path);
    }

    [Fact]
    public void DamagedDescriptorsStayNodes()
    {
        folder.Link("good.vmdk", "0000000a");
        folder.Write("empty.vmdk", "");
        folder.Write("unknown.vmdk", GraphFolder.Text("0000000b", extent: "RW 8 FROTH \"x\""));
        folder.Link("child.vmdk", "0000000c", "empty.vmdk", "0000000a");
        ChainGraph graph = folder.Graph();
        Assert.Equal(["child.vmdk", "empty.vmdk", "good.vmdk", "unknown.vmdk"],
            graph.Links.Select(link => link.Name));
        Assert.Null(Link(graph, "empty.vmdk").Descriptor);
        Assert.Equal(Severity.Refusal, Link(graph, "empty.vmdk").Findings[0].Severity);
        Assert.Equal("VMDK1005", Link(graph, "unknown.vmdk").Findings[0].Code.Id);
        Assert.Equal(EdgeState.ParentNotADisk, Link(graph, "child.vmdk").Edge!.State);
    }

    // What opening and drawing think of a folder must be the same, whatever is in it.
    [Fact]
    public void RandomFoldersOpenAsTheyAreDrawn()
    {
        int good = 0, bad = 0;
        for (int seed = 0; seed < RandomCases.Count(300); seed++)
        {
            var random = new Random(RandomCases.Seed + seed);
            var host = new SimulatedHost();
            int count = random.Next(2, 12);
            for (int i = 0; i < count; i++)
            {
                string? hint = random.Next(4) == 0 ? null : $"{random.Next(count + 1)}.vmdk";
                string text = GraphFolder.Text($"{random.Next(1, 3):x8}", hint,
                    hint is null ? null : $"{random.Next(1, 3):x8}", random.Next(8) == 0 ? 16 : 8);
                host.Put($"/vm/{i}.vmdk", System.Text.Encoding.ASCII.GetBytes(text));
            }
            var options = new DiskOpenOptions { Host = host };
            ChainGraph graph = ChainGraph.Of("/vm", options);
            Assert.Equal(count, graph.Links.Count);
            foreach (GraphLink link in graph.Links)
            {
                using DiskInspection inspection = Disk.Inspect(link.Path, options);
                Assert.True(IsWhole(link) == inspection.Disk is not null,
                    $"PALIMPSEST_SEED={RandomCases.Seed + seed}, {link.Name}: {inspection.Refusal?.Message}");
                _ = inspection.Disk is null ? bad++ : good++;
                if (inspection.Disk is { } disk) { Assert.Equal(disk.Links.Count, link.LinkCount); }
            }
        }
        Assert.True(good > 50 && bad > 50, $"{good} good, {bad} bad");
    }

    private static bool IsWhole(GraphLink link)
    {
        for (GraphLink? next = link; next is not null; next = next.Parent)
        {
            if (next.Edge is { State: not EdgeState.Good }) { return false; }
        }
        return true;
    }

    private static GraphLink Link(ChainGraph graph, string name) =>
        graph.Links.Single(link => link.Name == name);
}
