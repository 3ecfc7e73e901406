using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints linked clones, and lists of them.</summary>
internal static class CloneText
{
    /// <summary>The clone, what it stands on, what became of that, and how to open it.</summary>
    public static void Write(TextOutput output, LinkedCloneReport report)
    {
        string verb = report.IsDone ? "made" : "would make";
        output.WriteLine($"{verb} {PathText.Shown(report.Target)}: {report.Kind}, "
            + $"{SizeText.Exact(report.CapacityBytes)}, a linked clone of {PathText.Shown(report.Source)}");
        FileText.Write(output, report.Files);
        foreach (string path in report.FrozenFiles)
        {
            output.WriteLine($"  {(report.IsDone ? "frozen" : "would freeze")}: {PathText.Shown(path)}");
        }
        if (report.RecordFile is { } record)
        {
            string recorded = report.IsDone ? "recorded" : "would be recorded";
            output.WriteLine($"  {recorded} in {PathText.Shown(record)}");
        }
        output.Write("next: ", TextStyle.Dim).WriteLine(report.Next);
    }

    /// <summary>Every link that somebody depends on, and who.</summary>
    public static void Write(TextOutput output, CloneListReport report)
    {
        bool isShared = false;
        foreach (SharedLinkReport link in report.Links.Where(link => link.Dependents.Count > 0))
        {
            isShared = true;
            output.WriteLine(PathText.Shown(link.Path), TextStyle.Strong);
            foreach (LinkDependentReport other in link.Dependents)
            {
                string what = other.IsRecorded ? "linked clone" : "child";
                TextStyle style = other.State == "fits" ? TextStyle.Good : TextStyle.Bad;
                output.Write($"  {what} {PathText.Shown(other.Path)}: ")
                    .Write(PhraseFor(other.State), style).EndLine();
            }
        }
        if (!isShared) { output.WriteLine($"nothing depends on {PathText.Shown(report.Path)}"); }
    }

    /// <summary>What was forgotten.</summary>
    public static void Write(TextOutput output, CloneForgottenReport report)
    {
        string state = report.IsDone ? "is no longer" : "would no longer be";
        output.WriteLine($"{PathText.Shown(report.Forgotten)} {state} recorded "
            + $"as a linked clone of {PathText.Shown(report.Disk)}");
        output.Write("next: ", TextStyle.Dim).WriteLine(
            "when nothing else depends on it, chmod u+w on its files lets a machine write to it again");
    }

    private static string PhraseFor(string state) => state switch
    {
        "fits" => "fits",
        "outdated" => "does not fit: the link was changed under it",
        "elsewhere" => "stands on another disk by now, and may be forgotten",
        "unreadable" => "is there, and cannot be read as a link",
        _ => "is not to be found",
    };
}
