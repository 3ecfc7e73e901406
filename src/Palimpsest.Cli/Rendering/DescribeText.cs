using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a rebuilt descriptor.</summary>
internal static class DescribeText
{
    /// <summary>Where it goes, its text, where each value comes from, and what was found.</summary>
    public static void Write(TextOutput output, DescribeReport report)
    {
        string place = report.IsEmbedded ? "into" : "as";
        string verb = report.IsDone ? "wrote" : "would write";
        output.WriteLine($"{verb} the descriptor of {PathText.Shown(report.Data)} "
            + $"{place} {PathText.Shown(report.Target)}:");
        foreach (string line in report.Text.TrimEnd('\n').Split('\n'))
        {
            output.WriteLine($"    {line}", TextStyle.Dim);
        }
        output.WriteLine("how it is known:", TextStyle.Strong);
        foreach (EvidenceReport evidence in report.Evidence)
        {
            string unused = evidence.IsUsed ? "" : ", not used";
            output.WriteLine($"  {evidence.Field} {evidence.Value}: {evidence.Source} "
                + $"({evidence.Confidence}{unused})");
        }
        if (report.KeptFile is { } kept)
        {
            output.WriteLine($"kept what was in its place as {PathText.Shown(kept)}");
        }
        FindingText.Write(output, report.Findings);
    }
}
