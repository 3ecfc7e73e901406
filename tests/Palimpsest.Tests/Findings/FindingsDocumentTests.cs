using System.Reflection;
using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Findings;

/// <summary>
/// <c>docs/findings.md</c> is written from the code table. Run with <c>PALIMPSEST_UPDATE=1</c> to write it
/// again.
/// </summary>
public sealed class FindingsDocumentTests
{
    private static readonly (int First, string Title)[] Parts =
    [
        (1000, "Descriptors"), (2000, "Flat extents and raw images"), (3000, "Hosted sparse extents"),
        (4000, "ESX deltas (COWD)"), (5000, "seSparse deltas"), (6000, "Stream-optimised extents"),
        (7000, "Links and chains"), (8000, "The host"), (9000, "Partitions"),
    ];

    [Fact]
    public void IdentifiersAreUniqueAndInForm()
    {
        List<FindingCode> codes = AllCodes();
        Assert.All(codes, code => Assert.Matches("^VMDK[1-9][0-9]{3}$", code.Id));
        Assert.Equal(codes.Count, codes.Select(code => code.Id).Distinct().Count());
        Assert.All(codes, code =>
        {
            Assert.False(string.IsNullOrWhiteSpace(code.Title) || string.IsNullOrWhiteSpace(code.Cause)
                || string.IsNullOrWhiteSpace(code.Next), code.Id);
            Assert.Equal(code.Severity >= Severity.Error, code.ExitCode > ExitCodes.Usage);
        });
    }

    [Fact]
    public void TheDocumentSaysWhatTheCodeSays()
    {
        string path = Repository.File("docs/findings.md");
        string expected = Document();
        if (Environment.GetEnvironmentVariable("PALIMPSEST_UPDATE") == "1")
        {
            File.WriteAllText(path, expected);
        }
        Assert.Equal(expected, File.ReadAllText(path));
    }

    private static string Document()
    {
        var text = new StringBuilder();
        text.Append("# Findings\n\nEverything `vmdk` can find wrong with an image, or worth knowing about "
            + "it. The codes are stable. ");
        text.Append("The exit code is the one of a command\n"
            + "that stops because of the finding; `check` returns the worst. ");
        text.Append("This page is written from the code table by a test.\n");
        List<FindingCode> codes = AllCodes();
        foreach ((int first, string title) in Parts)
        {
            List<FindingCode> part = codes.FindAll(code => NumberOf(code) / 1000 * 1000 == first);
            if (part.Count == 0) { continue; }
            text.Append($"\n## {title}\n");
            foreach (FindingCode code in part)
            {
                text.Append($"\n### {code.Id}: {code.Title}\n\n");
                text.Append($"*{code.Severity}, exit code {code.ExitCode}.* {code.Cause}\n\n"
                    + $"**Next:** {code.Next}\n");
            }
        }
        return text.ToString();
    }

    private static int NumberOf(FindingCode code) => int.Parse(code.Id.AsSpan(4));

    private static List<FindingCode> AllCodes() =>
    [
        .. typeof(FindingCode).Assembly.GetTypes()
            .SelectMany(type =>
                type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => field.FieldType == typeof(FindingCode))
            .Select(field => (FindingCode)field.GetValue(null)!)
            .OrderBy(NumberOf),
    ];
}
