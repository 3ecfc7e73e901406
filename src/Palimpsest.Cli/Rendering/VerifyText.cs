using System.Globalization;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a verification.</summary>
internal static class VerifyText
{
    /// <summary>Every range, what it comes to, and the verdict in the last line.</summary>
    public static void Write(TextOutput output, VerifyReport report)
    {
        foreach (SealedRangeReport range in report.Ranges)
        {
            long last = range.Start + range.Length - 1;
            output.WriteLine($"bytes {range.Start} to {last} ({range.Length}): {WordsFor(range.Kind)}");
        }
        if (report.OmittedRanges > 0)
        {
            output.WriteLine($"and {SizeText.Count(report.OmittedRanges, "range")} more");
        }
        foreach (FindingReport finding in report.Findings) { FindingText.Write(output, finding); }
        string since =
            report.SealedUtc.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";
        if (!report.IsRead)
        {
            output.WriteLine("the disk does not open; its content was not compared", TextStyle.Bad);
            WriteChanges(output, report);
        }
        else if (report.IsEqual)
        {
            output.WriteLine($"as sealed on {since}: {SizeText.Exact(report.CapacityBytes)}, "
                + $"root {report.Root}", TextStyle.Good);
        }
        else
        {
            output.WriteLine($"not as sealed on {since}: written {SizeText.Short(report.WrittenBytes)}, "
                + $"rotten {SizeText.Short(report.RottenBytes)}, "
                + $"unreadable {SizeText.Short(report.UnreadableBytes)}", TextStyle.Bad);
        }
    }

    // Findings name these where the disk opens.
    private static void WriteChanges(TextOutput output, VerifyReport report)
    {
        foreach (FileChangeReport change in report.FileChanges)
        {
            output.WriteLine($"  {change.Name}: {change.Kind} was {change.Was ?? "absent"}, "
                + $"is {change.Is ?? "absent"}");
        }
    }

    private static string WordsFor(string kind) => kind switch
    {
        "written" => "written",
        "rotten" => "rotten: changed, and no file was written",
        "unreadable" => "cannot be read any more",
        _ => "was unreadable when sealed; nothing to compare",
    };
}
