using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints the trees of a folder's links, bases at the top, and what is off.</summary>
internal static class ChainText
{
    private const int ListedDisks = 32;

    /// <summary>The trees, the machines, what belongs to no link, and the next command.</summary>
    public static void Write(TextOutput output, ChainReport report)
    {
        int heads = report.Links.Count(link => link.IsHead);
        output.Write(report.Folder, TextStyle.Strong).WriteLine(
            $": {SizeText.Count(report.Links.Count, "link")}, {SizeText.Count(heads, "head")}");
        new ChainTree(output, report).Write();
        foreach (ChainMachineReport machine in report.Machines) { WriteMachine(output, machine); }
        foreach (ChainSnapshotListReport list in report.SnapshotLists) { WriteList(output, list); }
        foreach (ChainProblemReport problem in report.Problems.Where(problem => problem.Link is null))
        {
            WriteProblem(output, report, problem, "");
        }
        if (report.DroppedFindings > 0)
        {
            output.WriteLine($"and {SizeText.Count(report.DroppedFindings, "finding")} more of these kinds");
        }
        if (report.Findings.Count == 0) { output.WriteLine("no findings", TextStyle.Good); }
        output.Write("next: ", TextStyle.Dim).WriteLine(report.NextCommand, TextStyle.Strong);
    }

    /// <summary>A finding and its next command, each line behind <paramref name="prefix"/>.</summary>
    public static void WriteProblem(
        TextOutput output, ChainReport report, ChainProblemReport problem, string prefix)
    {
        FindingReport finding = report.Findings[problem.FindingIndex];
        TextStyle style = FindingText.StyleFor(finding.Severity);
        output.Write(prefix, TextStyle.Dim).Write($"{finding.Code} {finding.Severity}", style)
            .Write(": ").WriteLine(finding.Title, TextStyle.Strong);
        bool isSelf = problem.Link == finding.Path;
        output.Write(prefix, TextStyle.Dim).Write("  ")
            .WriteLine(isSelf ? finding.Message : $"{PathText.Shown(finding.Path)}: {finding.Message}");
        output.Write(prefix, TextStyle.Dim).Write("  next: ", TextStyle.Dim).WriteLine(problem.NextCommand);
    }

    private static void WriteMachine(TextOutput output, ChainMachineReport machine)
    {
        output.Write(Path.GetFileName(machine.Path), TextStyle.Strong)
            .WriteLine($": {SizeText.Count(machine.Disks.Count, "disk")}");
        foreach (ChainMachineDiskReport disk in machine.Disks.Take(ListedDisks))
        {
            output.Write($"  {disk.Node}: {disk.FileName}").WriteLine(PlaceOf(disk.Place),
                disk.Place == "missing" ? TextStyle.Bad : TextStyle.Dim);
        }
        if (machine.Disks.Count > ListedDisks)
        {
            output.WriteLine($"  and {machine.Disks.Count - ListedDisks} more");
        }
    }

    private static void WriteList(TextOutput output, ChainSnapshotListReport list)
    {
        output.Write(Path.GetFileName(list.Path), TextStyle.Strong)
            .Write($": {SizeText.Count(list.Snapshots.Count, "snapshot")}");
        if (list.Snapshots.FirstOrDefault(snapshot => snapshot.IsCurrent) is { } current)
        {
            output.Write($", current is {current.Uid}");
            if (current.Name is { } name) { output.Write($" \"{name}\""); }
        }
        output.EndLine();
    }

    private static string PlaceOf(string place) => place switch
    {
        "missing" => ", which is not here",
        "outside" => ", elsewhere, not looked at",
        "notALink" => ", which is no disk",
        _ => "",
    };
}
