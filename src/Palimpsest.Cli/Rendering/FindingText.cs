using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints findings: the same words wherever they are printed.</summary>
internal static class FindingText
{
    /// <summary>All findings, or one line that says that there are none.</summary>
    public static void Write(TextOutput output, IReadOnlyList<FindingReport> findings, long droppedCount = 0)
    {
        if (findings.Count == 0)
        {
            output.WriteLine("no findings", TextStyle.Good);
            return;
        }
        foreach (FindingReport finding in findings) { Write(output, finding); }
        if (droppedCount > 0)
        {
            output.WriteLine($"and {SizeText.Count(droppedCount, "finding")} more of these kinds");
        }
    }

    /// <summary>One finding: code, severity, what; where and what exactly; what next.</summary>
    public static void Write(TextOutput output, FindingReport finding)
    {
        output.Write(finding.Code, StyleFor(finding.Severity)).Write(" ")
            .Write(finding.Severity, StyleFor(finding.Severity))
            .Write(": ").Write(finding.Title, TextStyle.Strong).EndLine();
        output.Write("  ").Write(PlaceOf(finding)).Write(": ").Write(finding.Message).EndLine();
        output.Write("  next: ", TextStyle.Dim).Write(finding.Next).EndLine();
    }

    /// <summary>File, byte and field.</summary>
    public static string PlaceOf(FindingReport finding)
    {
        string place = PathText.Shown(finding.Path);
        if (finding.OffsetBytes is { } offset) { place += $", byte {offset}"; }
        return finding.Field is { } field ? $"{place}, {field}" : place;
    }

    /// <summary>The style of a severity's word.</summary>
    public static TextStyle StyleFor(string severity) => severity switch
    {
        "info" => TextStyle.Dim,
        "warning" => TextStyle.Warning,
        _ => TextStyle.Bad,
    };
}
