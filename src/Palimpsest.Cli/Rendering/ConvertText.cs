using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a conversion.</summary>
internal static class ConvertText
{
    private const int ListedScars = 20;

    /// <summary>What was made, its hash, and what could not be read.</summary>
    public static void Write(TextOutput output, ConvertReport report)
    {
        string verb = report.IsDone ? "copied" : "would copy";
        output.WriteLine($"{verb} {report.Source} to {report.Target}: {report.Kind}, "
            + $"{SizeText.Exact(report.CapacityBytes)}");
        FileText.Write(output, report.Files);
        if (report.Sha256 is { } hash) { output.WriteLine($"sha256 {hash}"); }
        if (report.Scars.Count == 0) { return; }
        output.WriteLine(
            $"{SizeText.Count(report.Scars.Count, "range")} could not be read, "
            + $"{SizeText.Exact(report.ScarBytes)}; "
            + $"they are zeros in the copy and listed in {PathText.Shown(report.MapFile ?? "")}",
            TextStyle.Bad);
        foreach (ScarReport scar in report.Scars.Take(ListedScars))
        {
            output.WriteLine($"  bytes {scar.Start} to {scar.Start + scar.Length - 1} ({scar.Length})");
        }
        if (report.Scars.Count > ListedScars)
        {
            output.WriteLine($"  and {report.Scars.Count - ListedScars} more");
        }
    }
}
