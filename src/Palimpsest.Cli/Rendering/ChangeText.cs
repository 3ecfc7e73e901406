using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints a change of a chain, planned or made.</summary>
internal static class ChangeText
{
    /// <summary>The steps and what they cost, or what was done.</summary>
    public static void Write(TextOutput output, ChangeReport report)
    {
        string subject = $"{report.Verb} {report.Disk}";
        if (report.Steps.Count == 0)
        {
            output.WriteLine($"{subject}: there is nothing to do");
            return;
        }
        output.WriteLine(!report.IsDone ? $"{subject} would:"
            : report.WasResumed ? $"{subject}, which was interrupted, is finished:" : $"{subject}:", TextStyle.Strong);
        foreach (ChangeStepReport step in report.Steps) { output.WriteLine($"  {step.Text}"); }
        if (report.IsDone)
        {
            output.WriteLine($"{SizeText.Exact(report.WriteBytes)} written");
        }
        else
        {
            output.WriteLine($"to write: {SizeText.Exact(report.WriteBytes)}");
            output.WriteLine($"room needed: up to {SizeText.Exact(report.RoomBytes ?? 0)}"
                + (report.FreeBytes is { } free ? $", of {SizeText.Exact(free)} free" : ""));
            output.WriteLine($"in files that go: {SizeText.Exact(report.ReleasedBytes ?? 0)}");
        }
        output.Write(report.IsDone ? "run from: " : "to run from afterwards: ", TextStyle.Dim)
            .WriteLine(PathText.Shown(report.HeadAfter));
        if (report.WasResumed)
        {
            output.Write("next: ", TextStyle.Dim)
                .WriteLine("nothing else was begun; if you wanted more than that, run the command again");
        }
    }
}
