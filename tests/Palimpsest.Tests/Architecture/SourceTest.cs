using System.Text.RegularExpressions;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Architecture;

/// <summary>House rules about source files that a machine can check.</summary>
public sealed partial class SourceTest
{
    private const int MaxLines = 600, MaxBytes = 30 * 1024, MaxRootEntries = 15;

    [Fact]
    public void NoFileIsTooLong() => AssertNone(
        from path in Sources()
        let text = File.ReadAllText(Repository.File(path))
        let lineCount = text.Count(character => character == '\n')
        where lineCount > MaxLines || new FileInfo(Repository.File(path)).Length > MaxBytes
        select $"{path}: {lineCount} lines, {text.Length} characters");

    [Fact]
    public void ANamespaceIsAFolder() => AssertNone(
        from path in Sources()
        let declared = Namespace().Match(File.ReadAllText(Repository.File(path)))
        where declared.Success
        let folder = Path.GetDirectoryName(path)!
        let expected = folder[(folder.IndexOf('/') + 1)..].Replace('/', '.')
        where declared.Groups[1].Value != expected
        select $"{path}: namespace {declared.Groups[1].Value}, not {expected}");

    [Fact]
    public void TypesAreNamedForWhatTheyAre() => AssertNone(
        from path in Sources()
        from Match match in VagueName().Matches(File.ReadAllText(Repository.File(path)))
        select $"{path}: {match.Groups[1].Value}");

    [Fact]
    public void RootFitsOnAScreen()
    {
        RequiredTool.Find("git");
        ToolResult listing = Tool.Run("git", "-C", Repository.Root, "ls-files");
        if (listing.ExitCode != 0) { RequiredTool.Missing($"not a git working tree: {listing.Error}"); }
        string[] entries = [.. listing.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(path => path.Split('/')[0]).Distinct()];
        Assert.True(entries.Length is > 0 and <= MaxRootEntries,
            $"{entries.Length}: {string.Join(' ', entries)}");
    }

    [Fact]
    public void ScriptsPassShellcheck()
    {
        string[] scripts = [.. Repository.Files(".", "*").Where(IsShellScript).Select(Repository.File)];
        Assert.NotEmpty(scripts);
        Tool.Run("shellcheck", ["--external-sources", "--source-path=SCRIPTDIR", .. scripts]).MustSucceed();
    }

    private static IEnumerable<string> Sources() =>
        Repository.Files("src", "*.cs").Concat(Repository.Files("tests", "*.cs"));

    private static bool IsShellScript(string path)
    {
        Span<byte> start = stackalloc byte[32];
        using FileStream file = File.OpenRead(Repository.File(path));
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        int lineLength = start.IndexOf((byte)'\n');
        return lineLength > 0 && start.StartsWith("#!"u8) && start[..lineLength].EndsWith("sh"u8);
    }

    private static void AssertNone(IEnumerable<string> broken)
    {
        string[] all = [.. broken];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"\b(?:class|struct|record|interface)\s+(\w*(?:Helper|Helpers|Manager|Util|Utils|Utility))\b")]
    private static partial Regex VagueName();
}
