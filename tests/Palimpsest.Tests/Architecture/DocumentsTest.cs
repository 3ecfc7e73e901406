using System.Text;
using System.Text.RegularExpressions;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Architecture;

/// <summary>The pages hold together: links lead somewhere, and the README keeps its tables.</summary>
public sealed partial class DocumentsTest
{
    private static readonly string[] Systems =
    [
        "Birth", "Geometry", "Host body", "Palimpsest", "Mount", "Void", "Scar", "Snapshot", "Drift", "Clone",
        "Erasure",
        "Datastore", "Fragment",
    ];

    [Fact]
    public void LinksLeadSomewhere()
    {
        var broken = new List<string>();
        foreach (string page in Repository.Files(".", "*.md"))
        {
            foreach (Match link in Link().Matches(WithoutCode(File.ReadAllText(Repository.File(page)))))
            {
                if (!Resolves(page, link.Groups[1].Value, link.Groups[2].Value))
                {
                    broken.Add($"{page}: {link.Value}");
                }
            }
        }
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Fact]
    public void ReadmeListsTheThirteenSystems()
    {
        string readme = File.ReadAllText(Repository.File("README.md"));
        Assert.All(Systems.Index(), system => Assert.Matches(
            new Regex($@"^\| {system.Index + 1} \| \**{Regex.Escape(system.Item)}\** \| .+ \| .+ \|$",
                RegexOptions.Multiline),
            readme));
    }

    [Fact]
    public void ReadmeListsEveryExitCode()
    {
        string readme = File.ReadAllText(Repository.File("README.md"));
        IEnumerable<int> codes = typeof(ExitCodes).GetFields().Where(field => field.IsLiteral)
            .Select(field => (int)field.GetRawConstantValue()!);
        Assert.All(codes, code => Assert.Contains($"\n| {code} | ", readme, StringComparison.Ordinal));
    }

    private static bool Resolves(string page, string target, string anchor)
    {
        if (target.Contains("://", StringComparison.Ordinal)
            || target.StartsWith("mailto:", StringComparison.Ordinal))
        {
            return true;
        }
        string folder = Path.GetDirectoryName(Repository.File(page))!;
        string path = target.Length == 0
            ? Repository.File(page) : Path.GetFullPath(Path.Combine(folder, target));
        if (!File.Exists(path)) { return Directory.Exists(path) && anchor.Length == 0; }
        return anchor.Length == 0 || Headings(File.ReadAllText(path)).Contains(anchor[1..]);
    }

    /// <summary>The anchors GitHub gives to a page's headings.</summary>
    private static IEnumerable<string> Headings(string text) =>
        from Match heading in Heading().Matches(WithoutCode(text))
        select heading.Groups[1].Value.Trim().ToLowerInvariant() into title
        select title.Where(character => char.IsLetterOrDigit(character) || character is ' ' or '-' or '_')
            .Aggregate(new StringBuilder(),
                (anchor, character) => anchor.Append(character == ' ' ? '-' : character))
            .ToString();

    private static string WithoutCode(string text) => CodeBlock().Replace(text, "");

    [GeneratedRegex(@"\]\(([^)\s#]*)(#[^)\s]+)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#{1,6} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
