using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints the disks of a folder, one line each.</summary>
internal static class FolderText
{
    /// <summary>The list.</summary>
    public static void Write(TextOutput output, FolderReport report)
    {
        output.Write(report.Path, TextStyle.Strong)
            .WriteLine($": {SizeText.Count(report.Disks.Count, "disk")}");
        int nameColumn = report.Disks.Select(disk => disk.Name.Length).DefaultIfEmpty().Max();
        foreach (FolderDisk disk in report.Disks)
        {
            if (disk.LayerCount == 0 && disk.WorstFinding is null)
            {
                output.Write($"  {disk.Name.PadRight(Math.Min(nameColumn, 50))}  ")
                    .WriteLine(disk.What, TextStyle.Bad);
                continue;
            }
            string size = disk.CapacityBytes is { } bytes ? SizeText.Short(bytes) : "?";
            string layers = disk.LayerCount > 1 ? $", {disk.LayerCount} layers" : "";
            output.Write($"  {disk.Name.PadRight(Math.Min(nameColumn, 50))}  ")
                .Write($"{size}, {disk.What}{layers}: ")
                .WriteLine(SummaryOf(disk), StyleOf(disk));
        }
        foreach (string name in report.FilesWithoutDescriptor)
        {
            output.Write($"  {name}: ").WriteLine("no descriptor here names it", TextStyle.Warning);
        }
        output.Write("next: ", TextStyle.Dim).WriteLine(report.NextCommand);
    }

    private static string SummaryOf(FolderDisk disk) =>
        disk.WorstFinding is { } worst ? $"{worst.Code} {worst.Title}" : "no findings";

    private static TextStyle StyleOf(FolderDisk disk) =>
        disk.WorstFinding is { } worst ? FindingText.StyleFor(worst.Severity) : TextStyle.Good;
}
