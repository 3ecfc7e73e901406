using System.Globalization;
using System.Text.Json;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Tests.Chains.Graph;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>Graphs and drift of chains that QEMU made, held against what QEMU says of them.</summary>
public sealed class ChainInteropTests : IDisposable
{
    private readonly GraphFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void QemusTreeIsDrawn()
    {
        Create("base.vmdk", "monolithicFlat");
        Delta("one.vmdk", "base.vmdk", "monolithicSparse");
        Delta("two.vmdk", "base.vmdk", "twoGbMaxExtentSparse");
        Delta("three.vmdk", "two.vmdk", "monolithicSparse");
        ChainGraph graph = folder.Graph();
        Assert.Equal(["base.vmdk", "one.vmdk", "three.vmdk", "two.vmdk"],
            graph.Links.Select(link => link.Name));
        foreach (GraphLink link in graph.Links)
        {
            JsonElement theirs = JsonDocument.Parse(Tool.Run("qemu-img", "info", "--output=json", link.Path)
                .MustSucceed().Output).RootElement;
            JsonElement data = theirs.GetProperty("format-specific").GetProperty("data");
            Assert.Equal(data.GetProperty("cid").GetUInt32(), link.Descriptor!.ContentId);
            Assert.Equal(data.GetProperty("create-type").GetString(), link.Descriptor.CreateType);
            Assert.Equal(theirs.GetProperty("virtual-size").GetInt64(), link.CapacityBytes);
            Assert.Equal(theirs.TryGetProperty("full-backing-filename", out JsonElement backing)
                ? backing.GetString() : null, link.Parent?.Path);
        }
        CommandRun.Vmdk("chain", folder.Path).MustReturn(0);
    }

    // qemu-img commit changes the base's content id and leaves its child's parentCID as it was.
    [Fact]
    public void ACommitOfQemusIsSeen()
    {
        Create("base.vmdk", "monolithicSparse");
        Delta("child.vmdk", "base.vmdk", "monolithicSparse");
        Write("child.vmdk", "write -q -P 1 0 1M");
        CommandRun.Vmdk("chain", folder.Path).MustReturn(0);
        Tool.Run("qemu-img", "commit", "-q", "-d", folder.File("child.vmdk")).MustSucceed();
        GraphEdge edge = folder.Graph("child.vmdk").Named!.Edge!;
        Assert.Equal((EdgeState.ContentIdMismatch, "VMDK7002"), (edge.State, edge.Finding!.Code.Id));
        CommandResult run = CommandRun.Vmdk("chain", folder.File("child.vmdk")).MustReturn(10);
        Assert.Contains($"next: vmdk info {folder.File("base.vmdk")}\n", run.Output,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("monolithicSparse", 1)]
    [InlineData("monolithicFlat", 2)]
    [InlineData("twoGbMaxExtentSparse", 3)]
    public void DepthsAreThoseOfQemusMap(string baseKind, int seed)
    {
        var random = new Random(seed);
        Create("0.vmdk", baseKind);
        Scribble("0.vmdk", random);
        for (int i = 1; i <= 4; i++)
        {
            Delta($"{i}.vmdk", $"{i - 1}.vmdk", "monolithicSparse", "zeroed_grain=on");
            Scribble($"{i}.vmdk", random);
        }
        var data = new long[5];
        var zero = new long[5];
        string map = Tool.Run("qemu-img", "map", "--output=json", folder.File("4.vmdk")).MustSucceed().Output;
        foreach (JsonElement run in JsonDocument.Parse(map).RootElement.EnumerateArray())
        {
            long length = run.GetProperty("length").GetInt64();
            int depth = run.GetProperty("depth").GetInt32();
            bool isZero = run.GetProperty("zero").GetBoolean();
            if (!isZero) { data[depth] += length; }
            else if (depth < 4 && run.GetProperty("present").GetBoolean()) { zero[depth] += length; }
        }
        JsonElement report = CommandRun.Vmdk("drift", "--json", folder.File("4.vmdk")).MustReturn(0).Json();
        JsonElement depths = report.GetProperty("depths");
        Assert.Equal(data,
            depths.EnumerateArray().Select(depth => depth.GetProperty("dataBytes").GetInt64()));
        Assert.Equal(zero[..4],
            depths.EnumerateArray().Take(4).Select(depth => depth.GetProperty("zeroBytes").GetInt64()));
        double mean = data.Select((bytes, depth) => (double)bytes * depth).Sum() / data.Sum();
        Assert.Equal(mean, report.GetProperty("meanDepth").GetDouble(), 9);
        AssertStored(report);
    }

    // A layer without what is above it is a disk of its own to QEMU: what depth 0 stores there is all it has.
    private void AssertStored(JsonElement report)
    {
        foreach (JsonElement layer in report.GetProperty("layers").EnumerateArray())
        {
            string map = Tool.Run("qemu-img", "map", "--output=json", layer.GetProperty("path").GetString()!)
                .MustSucceed().Output;
            long stored = JsonDocument.Parse(map).RootElement.EnumerateArray()
                .Where(run => run.GetProperty("depth").GetInt32() == 0
                    && !run.GetProperty("zero").GetBoolean())
                .Sum(run => run.GetProperty("length").GetInt64());
            Assert.Equal(stored, layer.GetProperty("dataBytes").GetInt64());
        }
    }

    private void Create(string name, string kind) => Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o",
        $"subformat={kind}", folder.File(name), "3G").MustSucceed();

    private void Delta(string name, string parent, string kind, string options = "adapter_type=lsilogic") =>
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", $"subformat={kind},{options}",
            "-b", folder.File(parent), "-F", "vmdk", folder.File(name)).MustSucceed();

    private void Scribble(string name, Random random)
    {
        var commands = new List<string>();
        for (int i = 0; i < 12; i++)
        {
            long offset = random.NextInt64(3L << 14) << 16, length = random.NextInt64(1, 200) << 14;
            length = Math.Min(length, (3L << 30) - offset);
            string what = i % 4 == 3 ? "-z" : "-P 7";
            commands.Add(string.Create(CultureInfo.InvariantCulture, $"write -q {what} {offset} {length}"));
        }
        Write(name, [.. commands]);
    }

    private void Write(string name, params string[] commands) => Tool.Run("qemu-io",
        [.. commands.SelectMany(command => new[] { "-c", command }), folder.File(name)]).MustSucceed();
}
