using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a comparison.</summary>
internal static class CompareText
{
    /// <summary>The ranges, then the sum.</summary>
    public static void Write(TextOutput output, CompareReport report)
    {
        foreach (DifferenceReport range in report.Ranges)
        {
            long last = range.Start + range.Length - 1;
            output.WriteLine($"bytes {range.Start} to {last} ({range.Length}): {WordsFor(range.Kind)}");
        }
        if (report.OmittedRanges > 0)
        {
            output.WriteLine($"and {SizeText.Count(report.OmittedRanges, "range")} more");
        }
        if (report.FirstBytes != report.SecondBytes)
        {
            output.WriteLine($"sizes: {report.First} has {report.FirstBytes} bytes, "
                + $"{report.Second} {report.SecondBytes}");
        }
        if (report.IsEqual)
        {
            long common = Math.Min(report.FirstBytes, report.SecondBytes);
            output.WriteLine($"equal: {SizeText.Exact(common)}", TextStyle.Good);
            return;
        }
        output.WriteLine(
            $"different: {SizeText.Count(report.Ranges.Count + report.OmittedRanges, "range")}, "
            + SizeText.Exact(report.DifferingBytes + report.UnreadableBytes), TextStyle.Bad);
    }

    private static string WordsFor(string kind) => kind switch
    {
        "content" => "different",
        "unreadableFirst" => "cannot be read in the first",
        "unreadableSecond" => "cannot be read in the second",
        "onlyFirst" => "not zero, behind the end of the second",
        _ => "not zero, behind the end of the first",
    };
}
