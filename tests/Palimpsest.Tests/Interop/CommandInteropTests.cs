using System.Text.Json;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>
/// The JSON shapes that are QEMU's, held against QEMU; and the real executable at its far ends.
/// </summary>
public sealed class CommandInteropTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicSparse")]
    [InlineData("monolithicFlat")]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("twoGbMaxExtentFlat")]
    public void MapIsQemusMap(string kind)
    {
        string path = folder.File("disk.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", $"subformat={kind}", path, "2200M")
            .MustSucceed();
        Scribble(path, "write -P 1 1M 200k", "write -P 2 2040M 16M", "write -z 64M 1M",
            "write -P 3 2199M 1M");
        AssertSameMap(path, "vmdk");
    }

    [Fact]
    public void MapOfAChainIsQemusMap()
    {
        string bottom = folder.File("base.vmdk"), middle = folder.File("middle.vmdk"),
            top = folder.File("top.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", bottom, "64M")
            .MustSucceed();
        Scribble(bottom, "write -P 1 0 8M");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", middle).MustSucceed();
        Scribble(middle, "write -P 2 4M 8M");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", "zeroed_grain=on", "-b", middle, "-F",
            "vmdk", top).MustSucceed();
        Scribble(top, "write -P 3 10M 1M", "write -z 1M 1M");
        AssertSameMap(top, "vmdk");
    }

    [Fact]
    public void MapOfAStreamIsQemusMap()
    {
        string raw = folder.Write(
            "raw.img", [.. ChainRecipe.Numbered(1024), .. new byte[1 << 20], .. ChainRecipe.Numbered(256)]);
        string path = folder.File("stream.vmdk");
        Tool.Run("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, path)
            .MustSucceed();
        AssertSameMap(path, "vmdk");
    }

    [Fact]
    public void MapOfARawImageIsQemusMap()
    {
        string path = folder.WriteHole("disk.raw", 8 << 20);
        using (FileStream file = File.OpenWrite(path))
        {
            file.Position = 1 << 20;
            file.Write(ChainRecipe.Numbered(64));
        }
        AssertSameMap(path, "raw");
    }

    [Theory]
    [InlineData("monolithicSparse")]
    [InlineData("monolithicFlat")]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("streamOptimized")]
    public void InfoIsQemusInfo(string kind)
    {
        string path = folder.File("disk.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", $"subformat={kind}", path, "64M")
            .MustSucceed();
        JsonElement theirs = Parse(Tool.Run("qemu-img", "info", "--output=json", path).MustSucceed().Output);
        JsonElement ours = CommandRun.Vmdk("info", "--output=json", path).MustReturn(0).Json();
        foreach (JsonProperty property in theirs.EnumerateObject())
        {
            // Newer QEMU versions describe the protocol layer too; that is about QEMU's own graph of nodes.
            if (property.Name is "children") { continue; }
            Assert.Equal(Canonical(property.Value), Canonical(ours.GetProperty(property.Name)));
        }
    }

    [Fact]
    public void AClosedPipeEndsTheRealCommandQuietly()
    {
        string path = folder.NewDisk("disk.vmdk", 64 << 20, "monolithicSparse");
        string own = Path.Combine(AppContext.BaseDirectory, "vmdk");
        ToolResult run = Tool.Run(
            "bash", "-c", "\"$0\" read \"$1\" | head -c 1 > /dev/null; echo ${PIPESTATUS[0]}", own, path);
        Assert.Equal("141", run.MustSucceed().Output.Trim());
        Assert.Equal("", run.Error);
    }

    [Fact]
    public void OutputOfSeveralCommandsGoesToOneFile()
    {
        string own = Path.Combine(AppContext.BaseDirectory, "vmdk"), log = folder.File("log");
        Tool.Run("bash", "-c", "{ \"$0\" --version; \"$0\" frobnicate; \"$0\" --version; } > \"$1\" 2>&1",
            own, log);
        string[] lines = File.ReadAllLines(log);
        Assert.Equal(3, lines.Length);
        Assert.Equal(lines[0], lines[2]);
        Assert.StartsWith("vmdk: there is no verb and no file \"frobnicate\"", lines[1],
            StringComparison.Ordinal);
    }

    [Fact]
    public void AFullDeviceIsSaid()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        string own = Path.Combine(AppContext.BaseDirectory, "vmdk");
        ToolResult run = Tool.Run("bash", "-c", "\"$0\" read \"$1\" > /dev/full", own, path).MustReturn(5);
        Assert.Contains("standard output", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TheCompletionScriptWorks()
    {
        string script = folder.Write(
            "completion", CommandRun.Vmdk("completion", "bash").MustReturn(0).Output);
        Assert.Equal("convert compare commit completion --allocate --allow-outside",
            string.Join(' ', Tool.Run("bash", "-c",
            "source \"$0\"; COMP_WORDS=(vmdk co) COMP_CWORD=1; _vmdk; echo \"${COMPREPLY[@]}\"; "
            + "COMP_WORDS=(vmdk create --al) COMP_CWORD=2; _vmdk; echo \"${COMPREPLY[@]}\"", script)
            .MustSucceed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Tool.Run("shellcheck", "--shell=bash", script).MustSucceed();
    }

    // QEMU says nothing of file names in this shape; ours is told beside its fields.
    private static void AssertSameMap(string path, string format)
    {
        JsonElement theirs =
            Parse(Tool.Run("qemu-img", "map", "--output=json", "-f", format, path).MustSucceed().Output);
        JsonElement ours = CommandRun.Vmdk("map", "--output=json", path).MustReturn(0).Json();
        string[] fields = ["start", "length", "depth", "present", "zero", "data", "offset"];
        Assert.Equal(theirs.EnumerateArray().Select(entry => Fields(entry, fields)),
            ours.EnumerateArray().Select(entry => Fields(entry, fields)));
    }

    private static string Fields(JsonElement entry, string[] names) => string.Join(' ', names.Select(name =>
        entry.TryGetProperty(name, out JsonElement value) ? $"{name}={value.GetRawText()}" : $"{name}=none"));

    private static string Canonical(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object =>
            "{" + string.Join(',', value.EnumerateObject().OrderBy(each => each.Name, StringComparer.Ordinal)
            .Select(each => $"{each.Name}:{Canonical(each.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(',', value.EnumerateArray().Select(Canonical)) + "]",
        _ => value.GetRawText(),
    };

    private static JsonElement Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static void Scribble(string path, params string[] commands) =>
        Tool.Run("qemu-io", ["-f", "vmdk", .. commands.SelectMany(command => new[] { "-c", command }), path])
            .MustSucceed();
}
