using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a check.</summary>
internal static class CheckText
{
    /// <summary>The verdict, the extents, the findings.</summary>
    public static void Write(TextOutput output, CheckReport report)
    {
        output.Write(report.Path, TextStyle.Strong).Write(": ").WriteLine(VerdictOf(report), StyleOf(report));
        foreach (CheckedExtent extent in report.Extents) { WriteExtent(output, extent); }
        if (report.UnreadableBytes > 0)
        {
            output.WriteLine($"{SizeText.Exact(report.UnreadableBytes)} could not be read", TextStyle.Bad);
        }
        FindingText.Write(output, report.Findings, report.DroppedFindings);
    }

    private static string VerdictOf(CheckReport report) => report switch
    {
        { Opens: false } => "does not open",
        { ExitCode: ExitCodes.Fine } => "sound",
        { ExitCode: ExitCodes.Finding } => "opens, with warnings",
        _ => "opens, and is damaged",
    };

    private static TextStyle StyleOf(CheckReport report) => report switch
    {
        { Opens: true, ExitCode: ExitCodes.Fine } => TextStyle.Good,
        { Opens: true, ExitCode: ExitCodes.Finding } => TextStyle.Warning,
        _ => TextStyle.Bad,
    };

    private static void WriteExtent(TextOutput output, CheckedExtent extent)
    {
        if (extent.Path is not { } path) { return; }
        output.Write("  ").Write(PathText.Shown(path)).Write(": ");
        string text = extent.Type ?? "no descriptor";
        if (extent.FileBytes is { } bytes) { text += $", file of {SizeText.Short(bytes)}"; }
        if (extent.TotalGrains is { } total && extent.AllocatedGrains is { } allocated)
        {
            text += $", {allocated} of {SizeText.Count(total, "grain")} stored";
            if (extent.Fragments is { } pieces) { text += $" in {SizeText.Count(pieces, "piece")}"; }
            if (extent.ZeroGrains is > 0 and { } zero) { text += $", {zero} zero"; }
        }
        if (extent.LeakedBytes is > 0 and { } leaked)
        {
            text += $", {SizeText.Short(leaked)} that nothing points to";
        }
        output.Write(text).WriteLine(
            extent.IsSound ? ", sound" : ", not sound", extent.IsSound ? TextStyle.Good : TextStyle.Bad);
    }
}
