using System.Text.Json;
using System.Text.RegularExpressions;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary>What the verbs print, as text and as JSON, on disks made by recipes.</summary>
public sealed partial class ReportTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void InfoOfAFlatDisk()
    {
        Assert.Equal("""
            FOLDER/disk.vmdk: a disk put together from extents of any kind
            capacity   4 KiB (4096 bytes)
            stored     N on the host
            adapter    lsilogic, virtual hardware version 14
            geometry   1 cylinder, 64 heads, 32 sectors per track
            layer      disk.vmdk, custom, CID 12345678
                       RW FLAT 2 KiB from byte 0 in data.bin, N stored
                       RDONLY ZERO 1 KiB from byte 2048
                       RW FLAT 1 KiB from byte 3072 in data.bin at byte 2048, N stored

            no findings

            """, Masked(CommandRun.Vmdk("info", Mixture()).MustReturn(0)));
    }

    [Fact]
    public void CheckOfAShortDisk()
    {
        string path = Mixture();
        folder.Write("data.bin", ChainRecipe.Numbered(5));
        Assert.Equal("""
            FOLDER/disk.vmdk: opens, and is damaged
              FOLDER/data.bin: FLAT, file of 2.5 KiB, sound
              FOLDER/data.bin: FLAT, file of 2.5 KiB, not sound
            VMDK2001 error: A flat file is shorter than its extent
              FOLDER/data.bin, byte 2560: the file has 2560 bytes, its extent needs 3072: the last 512 are missing
              next: Look for a longer copy. What is there can be copied with: vmdk convert DISK COPY --keep-scars

            """, Masked(CommandRun.Vmdk("check", path).MustReturn(4)));
    }

    [Fact]
    public void MapOfAMixture()
    {
        string path = Mixture();
        folder.Write("data.bin", ChainRecipe.Numbered(5));
        Assert.Equal("""
             start  length  kind        layer  stored at
                 0    2048  data            0  0 in FOLDER/data.bin
              2048    1024  zero            0
              3072     512  data            0  2048 in FOLDER/data.bin
              3584     512  unreadable      0
            data 2.5 KiB, zero 1 KiB, holes 0 bytes, unreadable 512 bytes

            """, Masked(CommandRun.Vmdk("map", path).MustReturn(0)));
    }

    [Fact]
    public void FindingsAreTheSameEverywhere()
    {
        string path = Mixture();
        folder.Write("data.bin", ChainRecipe.Numbered(5));
        string block = Block().Match(CommandRun.Vmdk("check", path).Output).Value;
        Assert.NotEqual("", block);
        Assert.Contains(block, CommandRun.Vmdk("info", path).Output, StringComparison.Ordinal);
        Assert.Contains(block, CommandRun.Vmdk(path).Output, StringComparison.Ordinal);
        Assert.Contains(block, CommandRun.Vmdk("map", path).Error, StringComparison.Ordinal);
        JsonElement inCheck = CommandRun.Vmdk("check", "--json", path).Json().GetProperty("findings");
        Assert.Equal("VMDK2001", inCheck[0].GetProperty("code").GetString());
        Assert.Equal("error", inCheck[0].GetProperty("severity").GetString());
        Assert.Equal(2560, inCheck[0].GetProperty("offsetBytes").GetInt64());
        string whole = inCheck.GetRawText();
        Assert.Equal(Flat(whole),
            Flat(CommandRun.Vmdk("info", "--json", path).Json().GetProperty("findings").GetRawText()));
        Assert.Equal(Flat(whole),
            Flat(CommandRun.Vmdk("map", "--json", path).Json().GetProperty("findings").GetRawText()));
        Assert.Equal(Flat(whole), Flat(
            CommandRun.Vmdk("--json", path).Json().GetProperty("disk").GetProperty("findings").GetRawText()));
    }

    [Fact]
    public void EveryReportNamesItsSchema()
    {
        string path = folder.NewDisk("a.vmdk", 1 << 20, "monolithicSparse"),
            lost = folder.Write("lost-flat.vmdk", new byte[4096]);
        AssertReport("story", path);
        AssertReport("folder", folder.Path);
        AssertReport("disk", "info", path);
        AssertReport("check", "check", path);
        AssertReport("map", "map", path);
        AssertReport("compare", "compare", path, path);
        AssertReport("create", "create", folder.File("b.vmdk"), "--size", "1M");
        AssertReport("convert", "convert", path, folder.File("c.vmdk"), "--hash");
        AssertReport("resize", "resize", path, "2M");
        AssertReport("write", "write", path, "--offset", "0");
        AssertReport("repair", "repair", path, "--dry-run");
        AssertReport("describe", "describe", lost, "--dry-run");
        AssertReport("chain", "chain", path);
        AssertReport("drift", "drift", path);
        AssertReport("seal", "seal", path);
        AssertReport("verify", "verify", path);
        AssertReport("chainRepair", "chain", "repair", path, "--dry-run");
    }

    [Fact]
    public void TheStoryNamesTheNextSafeCommand()
    {
        string flat = folder.Write("my disk-flat.vmdk", ChainRecipe.Numbered(8));
        CommandResult run = CommandRun.Vmdk(flat).MustReturn(0);
        Assert.EndsWith($"next: vmdk describe '{flat}' --dry-run\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("VMDK2005", run.Output, StringComparison.Ordinal);
        CommandRun.Vmdk("describe", flat).MustReturn(0);
        Assert.EndsWith($"next: vmdk map '{folder.File("my disk.vmdk")}'\n",
            CommandRun.Vmdk(folder.File("my disk.vmdk")).MustReturn(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderListsHeadsAndLostData()
    {
        Mixture();
        folder.NewDisk("base.vmdk", 1 << 20, "monolithicFlat");
        folder.WriteDescriptor(
            "child.vmdk", "# Disk DescriptorFile\nversion=1\nCID=00000001\nparentCID=ffffffff\n"
            + "createType=\"custom\"\nRW 8 FLAT \"gone.vmdk\" 0\n");
        folder.Write("lonely-flat.vmdk", new byte[4096]);
        JsonElement report = CommandRun.Vmdk("--json", folder.Path).MustReturn(10).Json();
        Assert.Equal(["base.vmdk", "child.vmdk", "disk.vmdk"],
            report.GetProperty("disks").EnumerateArray()
                .Select(disk => disk.GetProperty("name").GetString()));
        Assert.Equal(["lonely-flat.vmdk"],
            report.GetProperty("filesWithoutDescriptor").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public void BytesGoInAndComeOut()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicSparse");
        byte[] bytes = ChainRecipe.Numbered(3);
        Assert.Equal("would write 1.5 KiB (1536 bytes) at byte 1000 of " + path + "\n",
            CommandRun.Vmdk(bytes, null, "write", path, "--offset", "1000", "--dry-run")
                .MustReturn(0).Output);
        Assert.Equal(new byte[1536],
            CommandRun.Vmdk("read", path, "--offset", "1000", "--length", "1536").OutputBytes);
        CommandRun.Vmdk(bytes, null, "write", path, "--offset", "1000").MustReturn(0);
        Assert.Equal(bytes, CommandRun.Vmdk("read", path, "--offset", "1000", "--length", "1.5K")
            .MustReturn(0).OutputBytes);
        Assert.Equal(1 << 20, CommandRun.Vmdk("read", path).OutputBytes.Length);
        CommandRun.Vmdk("read", path, "--offset", "1M", "--length", "1").MustReturn(2);
    }

    [Fact]
    public void InputThatDoesNotFitChangesNothing()
    {
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        byte[] before = File.ReadAllBytes(folder.File("disk-flat.vmdk")),
            descriptor = File.ReadAllBytes(path);
        CommandRun.Vmdk(ChainRecipe.Numbered(3), null, "write", path, "--offset", "1048000").MustReturn(2);
        Assert.Equal(before, File.ReadAllBytes(folder.File("disk-flat.vmdk")));
        Assert.Equal(descriptor, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("info")]
    [InlineData("create")]
    [InlineData("check")]
    [InlineData("map")]
    [InlineData("describe")]
    [InlineData("repair")]
    [InlineData("convert")]
    [InlineData("compare")]
    [InlineData("resize")]
    [InlineData("read")]
    [InlineData("write")]
    [InlineData("chain")]
    [InlineData("drift")]
    [InlineData("seal")]
    [InlineData("verify")]
    [InlineData("completion")]
    [InlineData("man")]
    public void HelpFitsAScreenAndHasAnExample(string verb)
    {
        CommandResult help = CommandRun.Vmdk(verb, "--help").MustReturn(0);
        string[] lines = help.Output.TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 4, 24);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 120));
        Assert.StartsWith($"  vmdk {verb}", lines[^1], StringComparison.Ordinal);
        Assert.Contains($" {verb} ", CommandRun.Vmdk("--help").Output, StringComparison.Ordinal);
        Assert.Contains($"vmdk {verb}",
            CommandRun.Vmdk("man").Output.Replace("\\-", "-", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.All((string[])["bash", "zsh", "fish"], shell =>
            Assert.Contains(verb, CommandRun.Vmdk("completion", shell).Output, StringComparison.Ordinal));
    }

    [Fact]
    public void HelpOfTheWholeFitsAScreen()
    {
        string[] lines = CommandRun.Vmdk("--help").MustReturn(0).Output.TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 10, 40);
        Assert.Matches("^vmdk [0-9]+\\.[0-9]+\\.[0-9]+\n$",
            CommandRun.Vmdk("--version").MustReturn(0).Output);
    }

    // Two pieces of one file with zeros between them.
    private string Mixture()
    {
        folder.Write("data.bin", ChainRecipe.Numbered(6));
        return folder.WriteDescriptor("disk.vmdk", ChainRecipe.Head
            + "RW 4 FLAT \"data.bin\" 0\nRDONLY 2 ZERO\nRW 2 FLAT \"data.bin\" 4\n"
            + "ddb.adapterType = \"lsilogic\"\nddb.geometry.cylinders = \"1\"\nddb.geometry.heads = \"64\"\n"
            + "ddb.geometry.sectors = \"32\"\nddb.virtualHWVersion = \"14\"\n");
    }

    private static void AssertReport(string report, params string[] arguments)
    {
        JsonElement json = CommandRun.Vmdk([], null, ["--json", .. arguments]).Json();
        Assert.Equal("schema", json.EnumerateObject().First().Name);
        Assert.Equal("palimpsest/1", json.GetProperty("schema").GetString());
        Assert.Equal(report, json.GetProperty("report").GetString());
    }

    // What depends on the host: folders, and how much it stores.
    private string Masked(CommandResult run) => Stored().Replace(
        run.Output.Replace(folder.Path, "FOLDER", StringComparison.Ordinal), "N$2");

    private static string Flat(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);

    [GeneratedRegex(@"[\d.]+ (?:bytes|KiB|MiB)( \(\d+ bytes\))?( on the host| stored)")]
    private static partial Regex Stored();

    [GeneratedRegex(@"VMDK2001 error: (?:.*\n)(?:  .*\n)+")]
    private static partial Regex Block();
}
