using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a seal, made or planned.</summary>
internal static class SealText
{
    private const int ListedScars = 20;

    /// <summary>Where it is, its root, and what could not be read.</summary>
    public static void Write(TextOutput output, SealReport report)
    {
        string verb = report.IsDone ? "sealed" : "would seal";
        output.WriteLine($"{verb} {PathText.Shown(report.Path)}, {SizeText.Exact(report.CapacityBytes)} in "
            + $"chunks of {SizeText.Short(report.ChunkBytes)}, in {PathText.Shown(report.SealPath)}");
        if (report.IsDone)
        {
            output.WriteLine($"root   {report.Root}");
            if (report.WholeSha256 is { } hash) { output.WriteLine($"sha256 {hash}"); }
            output.WriteLine($"data {SizeText.Short(report.DataBytes)}, "
                + $"zero {SizeText.Short(report.ZeroBytes)}");
        }
        foreach (string path in report.FrozenFiles)
        {
            output.WriteLine($"{(report.IsDone ? "froze" : "would freeze")} {PathText.Shown(path)}");
        }
        if (report.Unreadable.Count == 0) { return; }
        output.WriteLine(
            $"could not be read: {SizeText.Count(report.Unreadable.Count, "range")}; they have no hash",
            TextStyle.Bad);
        foreach (ScarReport scar in report.Unreadable.Take(ListedScars))
        {
            output.WriteLine($"  bytes {scar.Start} to {scar.Start + scar.Length - 1} ({scar.Length})");
        }
        if (report.Unreadable.Count > ListedScars)
        {
            output.WriteLine($"  and {report.Unreadable.Count - ListedScars} more");
        }
    }
}
