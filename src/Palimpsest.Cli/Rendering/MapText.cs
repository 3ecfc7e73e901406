using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a map, run by run.</summary>
internal static class MapText
{
    /// <summary>One line for each run, then the sums.</summary>
    public static void Write(TextOutput output, Disk disk, IEnumerable<MapEntry> entries)
    {
        int width = Math.Max("length".Length, disk.CapacityBytes.ToString().Length);
        string start = "start".PadLeft(width), length = "length".PadLeft(width);
        output.WriteLine($"{start}  {length}  kind        layer  stored at", TextStyle.Dim);
        var sums = new long[4];
        foreach (MapEntry entry in entries)
        {
            BlockRun run = entry.Run;
            sums[(int)run.Kind] += run.LengthBytes;
            output.Write(entry.Start.ToString().PadLeft(width)).Write("  ");
            output.Write(run.LengthBytes.ToString().PadLeft(width)).Write("  ");
            output.Write(entry.Kind.PadRight(10), StyleFor(run.Kind));
            output.Write(entry.IsPresent ? $"  {run.Depth,5}" : "      -");
            if (run.File is { } file) { output.Write($"  {run.HostOffset} in {PathText.Shown(file.Path)}"); }
            output.EndLine();
        }
        output.WriteLine(SumsOf(sums));
    }

    private static string SumsOf(long[] sums)
    {
        string text = $"data {SizeText.Short(sums[0])}, zero {SizeText.Short(sums[1])}, "
            + $"holes {SizeText.Short(sums[2])}";
        return sums[3] == 0 ? text : $"{text}, unreadable {SizeText.Short(sums[3])}";
    }

    private static TextStyle StyleFor(RunKind kind) => kind switch
    {
        RunKind.Data => TextStyle.Strong,
        RunKind.Unreadable => TextStyle.Bad,
        _ => TextStyle.Dim,
    };
}
