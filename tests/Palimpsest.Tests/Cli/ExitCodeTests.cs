using Palimpsest.Cli;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary>The table of exit codes, held by one real case each, and the manners of error messages.</summary>
public sealed class ExitCodeTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void SoundDisksReturn0()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        foreach (string verb in (string[])["info", "check", "map", "read"])
        {
            CommandRun.Vmdk(verb, path).MustReturn(0);
        }
        CommandRun.Vmdk(path).MustReturn(0);
        CommandRun.Vmdk(folder.Path).MustReturn(0);
    }

    [Fact]
    public void WarningsAndDifferencesReturn1()
    {
        string text = ChainRecipe.Head.Replace("version=1\n", "", StringComparison.Ordinal)
            + "RW 8 FLAT \"data.bin\" 0\n";
        string path = folder.WriteDescriptor("disk.vmdk", text);
        string data = folder.Write("data.bin", ChainRecipe.Numbered(8)),
            other = folder.Write("other.bin", new byte[4096]);
        CommandRun.Vmdk("info", path).MustReturn(ExitCodes.Finding);
        CommandRun.Vmdk("check", path).MustReturn(ExitCodes.Finding);
        CommandRun.Vmdk("compare", data, other).MustReturn(ExitCodes.Finding);
        CommandRun.Vmdk("compare", data, path).MustReturn(ExitCodes.Fine);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("info")]
    [InlineData("info a b")]
    [InlineData("create d.vmdk")]
    [InlineData("create d.vmdk --size 1X")]
    [InlineData("create d.vmdk --size 1000")]
    [InlineData("create d.vmdk --size 1M --kind nonsense")]
    [InlineData("create d.vmdk --size 1M --adapter nonsense")]
    [InlineData("convert -O qcow2 a b")]
    [InlineData("map --offset 1 a")]
    [InlineData("info /nonexistent/disk.vmdk")]
    [InlineData("")]
    public void WrongCommandLinesReturn2(string line)
    {
        CommandResult run = CommandRun.Vmdk(line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .MustReturn(ExitCodes.Usage);
        Assert.NotEqual("", run.Error);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public void KeptScarsReturn3AndDamageReturns4()
    {
        string path = ShortDisk();
        CommandRun.Vmdk("check", path).MustReturn(ExitCodes.Damaged);
        CommandRun.Vmdk("read", path).MustReturn(ExitCodes.Damaged);
        CommandRun.Vmdk("convert", path, folder.File("copy.vmdk")).MustReturn(ExitCodes.Damaged);
        Assert.False(File.Exists(folder.File("copy.vmdk")));
        CommandRun.Vmdk("convert", "--keep-scars", path, folder.File("kept.vmdk"))
            .MustReturn(ExitCodes.SourceUnreadable);
        CommandRun.Vmdk("compare", path, folder.File("kept.vmdk")).MustReturn(ExitCodes.SourceUnreadable);
    }

    [Fact]
    public void RefusalsReturn5()
    {
        string outside = folder.WriteDescriptor(
            "disk.vmdk", ChainRecipe.Head + "RW 8 FLAT \"/etc/hostname\" 0\n");
        CommandResult run = CommandRun.Vmdk("convert", outside, folder.File("copy.vmdk"))
            .MustReturn(ExitCodes.Refused);
        Assert.Contains("VMDK1020", run.Error, StringComparison.Ordinal);
        Assert.Contains("--allow-outside", run.Error, StringComparison.Ordinal);
        string path = folder.NewDisk("a.vmdk", 1 << 20, "monolithicFlat");
        CommandRun.Vmdk("create", path, "--size", "1M").MustReturn(ExitCodes.Refused);
        CommandRun.Vmdk("resize", path, "512K").MustReturn(ExitCodes.Refused);
        CommandRun.Vmdk("compare", "-f", "raw", path, path).MustReturn(ExitCodes.Refused);
    }

    [Fact]
    public void BrokenChainsReturn10()
    {
        string path = folder.WriteDescriptor(
            "disk.vmdk", ChainRecipe.Head + "RW 8 FLAT \"lost-flat.vmdk\" 0\n");
        foreach (string verb in (string[])["info", "check", "map", "read"])
        {
            CommandRun.Vmdk(verb, path).MustReturn(ExitCodes.ChainIncomplete);
        }
    }

    [Fact]
    public void HeldDisksReturn11()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicSparse");
        using (LocalHost.Instance.LockForWriting(path))
        {
            CommandResult run = CommandRun.Vmdk([1, 2, 3], null, "write", "--offset", "0", path);
            run.MustReturn(ExitCodes.Locked);
        }
        CommandRun.Vmdk([1, 2, 3], null, "write", "--offset", "0", path).MustReturn(ExitCodes.Fine);
    }

    [Fact]
    public void KnownAndUnsupportedReturns63()
    {
        string path = folder.WriteDescriptor(
            "disk.vmdk", ChainRecipe.Head.Replace("custom", "vmfsRDM", StringComparison.Ordinal)
            + "RW 8 VMFSRDM \"disk-rdm.vmdk\"\n");
        CommandRun.Vmdk("info", path).MustReturn(ExitCodes.Unsupported);
    }

    [Fact]
    public void MistakesOfOursReturn70WithoutATrace()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        using var error = new MemoryStream();
        int code = VmdkCommand.Run(
            ["info", path], Stream.Null, new FailingStream(), error, null,
            TestContext.Current.CancellationToken);
        string message = System.Text.Encoding.UTF8.GetString(error.ToArray());
        Assert.Equal(ExitCodes.Bug, code);
        Assert.Contains("report", message, StringComparison.Ordinal);
        Assert.Single(message.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void CancellationReturns130AndLeavesNothing()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat"), copy = folder.File("copy.vmdk");
        using var error = new MemoryStream();
        int code = VmdkCommand.Run(
            ["convert", path, copy], Stream.Null, Stream.Null, error, null,
            new CancellationToken(canceled: true));
        Assert.Equal(ExitCodes.Interrupted, code);
        Assert.Equal(["disk-flat.vmdk", "disk.vmdk"],
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void ClosedPipesEndQuietly()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        using var error = new MemoryStream();
        Assert.Equal(141, VmdkCommand.Run(
            ["map", path], Stream.Null, new ClosedPipe(), error, null,
            TestContext.Current.CancellationToken));
        Assert.Equal(0, error.Length);
    }

    [Fact]
    public void ErrorsAreOneJsonDocumentWhenJsonWasAskedFor()
    {
        CommandResult run = CommandRun.Vmdk("map", "--json", folder.File("nothing.vmdk"))
            .MustReturn(ExitCodes.Usage);
        Assert.Equal("palimpsest/1", run.Json().GetProperty("schema").GetString());
        Assert.Equal("error", run.Json().GetProperty("report").GetString());
        Assert.Equal(ExitCodes.Usage, run.Json().GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void QuietPrintsOnlyErrors()
    {
        string path = ShortDisk();
        foreach (string[] arguments in (string[][])[[path], ["info", path], ["check", path], ["map", path]])
        {
            CommandResult run = CommandRun.Vmdk(["-q", .. arguments]);
            Assert.Equal("", run.Output);
            Assert.Equal("", run.Error);
        }
    }

    private string ShortDisk()
    {
        string path = folder.NewDisk("short.vmdk", 1 << 20, "monolithicFlat");
        using FileStream data = File.OpenWrite(folder.File("short-flat.vmdk"));
        data.SetLength(512 << 10);
        return path;
    }

    private sealed class FailingStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) =>
            throw new InvalidOperationException("as a test");

        public override void Write(byte[] buffer, int offset, int count) =>
            throw new InvalidOperationException("as a test");
    }

    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new BrokenPipeException();

        public override void Write(byte[] buffer, int offset, int count) => throw new BrokenPipeException();
    }
}
