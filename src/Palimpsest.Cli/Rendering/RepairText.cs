using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a repair, planned or done.</summary>
internal static class RepairText
{
    /// <summary>The changes, what was kept, and what is found now.</summary>
    public static void Write(TextOutput output, RepairReport report)
    {
        if (report.Steps.Count == 0) { output.WriteLine($"{report.Path}: nothing to repair"); }
        foreach (RepairStepReport step in report.Steps) { WriteStep(output, step, report.IsDone); }
        foreach (string path in report.KeptFiles)
        {
            output.WriteLine($"kept the old descriptor as {PathText.Shown(path)}");
        }
        foreach (string path in report.UndoFiles)
        {
            output.WriteLine($"to take it back: vmdk repair --undo {PathText.Shown(path)}");
        }
        output.WriteLine(report.IsDone ? "found afterwards:" : "found before:", TextStyle.Dim);
        FindingText.Write(output, report.Findings);
    }

    private static void WriteStep(TextOutput output, RepairStepReport step, bool isDone)
    {
        string verb = isDone ? "wrote" : "would write";
        output.WriteLine($"{verb} {SizeText.Exact(step.ChangedBytes)} in {PathText.Shown(step.Path)}:");
        foreach (string reason in step.Reasons) { output.WriteLine($"  {reason}"); }
        foreach (string line in step.RemovedLines) { output.WriteLine($"  - {line}", TextStyle.Bad); }
        foreach (string line in step.AddedLines) { output.WriteLine($"  + {line}", TextStyle.Good); }
    }
}
