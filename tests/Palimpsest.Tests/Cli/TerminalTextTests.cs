using Palimpsest.Cli;
using Palimpsest.Cli.Rendering;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary>Nothing that an image says may steer the terminal it is shown on.</summary>
public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("plain name.vmdk", "plain name.vmdk")]
    [InlineData("größe 磁盘 💾", "größe 磁盘 💾")]
    [InlineData("a\u001b[31mb", "a\\x1B[31mb")]
    [InlineData("a\r\nb\tc\u0007", "a\\x0D\\x0Ab\\x09c\\x07")]
    [InlineData("\u009b2J", "\\x9B2J")]
    [InlineData("x\u202exkdmv.", "x\\u{202E}xkdmv.")]
    [InlineData("a\u2066b\u200fc\ufeffd\u2028", "a\\u{2066}b\\u{200F}c\\u{FEFF}d\\u{2028}")]
    public void OnlyHarmlessTextPasses(string text, string shown) =>
        Assert.Equal(shown, TerminalText.Safe(text));

    [Fact]
    public void LoneSurrogatesAreReplaced() => Assert.Equal("a\uFFFDb", TerminalText.Safe("a\ud800b"));

    [Fact]
    public void NamesInDescriptorsAreShownSafely()
    {
        using var folder = new TempFolder();
        string text = ChainRecipe.Head
            + "parentFileNameHint=\"\u001b]0;owned\u0007.vmdk\"\nRW 8 FLAT \"a\u001b[2J\u202e.vmdk\" 0\n"
            + "ddb.adapterType = \"\u001b[5mide\"\nddb.uuid = \"\u202e\"\n";
        string path = folder.WriteDescriptor("disk.vmdk", text);
        foreach (string[] arguments in (
            string[][])[[path], ["info", path], ["check", path], ["map", path], ["info", "--json", path],
            [folder.Path], ["convert", path, folder.File("copy.vmdk")], ["describe", path],
            ["repair", "--dry-run", path]])
        {
            CommandResult run = CommandRun.Vmdk(arguments);
            AssertHarmless(run.Output);
            AssertHarmless(run.Error);
        }
    }

    [Fact]
    public void NamesOfFilesAreShownSafely()
    {
        using var folder = new TempFolder();
        string path = folder.Write("\u001b[31m\u202eevil.raw", ChainRecipe.Numbered(8));
        foreach (string[] arguments in (
            string[][])[[path], ["info", path], ["map", path], ["compare", path, path], [path + "x"]])
        {
            CommandResult run = CommandRun.Vmdk(arguments);
            AssertHarmless(run.Output);
            AssertHarmless(run.Error);
        }
    }

    [Fact]
    public void ColourIsForTerminalsOnly()
    {
        using var folder = new TempFolder();
        string path = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");
        var terminal = new Terminal(IsOutputTerminal: true, IsErrorTerminal: true, AllowsColor: true);
        Assert.Contains('\u001b', CommandRun.Vmdk([], terminal, "info", path).Output);
        Assert.DoesNotContain('\u001b', CommandRun.Vmdk("info", path).Output);
        Assert.DoesNotContain('\u001b', CommandRun.Vmdk([], terminal, "info", "--no-color", path).Output);
        Assert.DoesNotContain(
            '\u001b', CommandRun.Vmdk([], terminal with { AllowsColor = false }, "info", path).Output);
        Assert.DoesNotContain('\u001b', CommandRun.Vmdk([], terminal, "info", "--json", path).Output);
    }

    private static void AssertHarmless(string text)
    {
        foreach (char letter in text)
        {
            Assert.True(letter == '\n' || !char.IsControl(letter),
                $"control character {(int)letter:x} in:\n{text}");
            Assert.False(letter is '\u202e' or '\u2066' or '\u200f', text);
        }
    }
}
