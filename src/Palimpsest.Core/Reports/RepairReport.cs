using System.Text;
using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;

namespace Palimpsest.Core.Reports;

/// <summary>What is, or would be, changed in one file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reasons">What for.</param>
/// <param name="ChangedBytes">Bytes that are written.</param>
/// <param name="RemovedLines">Lines that a descriptor loses.</param>
/// <param name="AddedLines">Lines that it gets.</param>
public sealed record RepairStepReport(
    string Path, IReadOnlyList<string> Reasons, long ChangedBytes, IReadOnlyList<string> RemovedLines,
    IReadOnlyList<string> AddedLines)
{
    internal static RepairStepReport From(RepairStep step)
    {
        string[] before = LinesOf(step.OldText), after = LinesOf(step.NewText);
        return new RepairStepReport(
            step.FilePath, step.Reasons, step.ChangedBytes, [.. before.Except(after)],
            [.. after.Except(before)]);
    }

    // Only shown; a descriptor in another encoding loses nothing in the file.
    private static string[] LinesOf(byte[]? text) =>
        text is null ? [] : Encoding.UTF8.GetString(text)
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>A repair that was, or would be, done.</summary>
public sealed record RepairReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>repair</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "repair";

    /// <summary>The disk.</summary>
    public required string Path { get; init; }

    /// <summary>False for a dry run.</summary>
    public required bool IsDone { get; init; }

    /// <summary>The changes, in the order in which they are made.</summary>
    public required IReadOnlyList<RepairStepReport> Steps { get; init; }

    /// <summary>Old descriptors, each whole.</summary>
    public IReadOnlyList<string> KeptFiles { get; init; } = [];

    /// <summary>
    /// Files that hold what was there before, for <c>vmdk repair --undo</c>, in the order to take them back.
    /// </summary>
    public IReadOnlyList<string> UndoFiles { get; init; } = [];

    /// <summary>What is found: before for a dry run, afterwards for a repair that was done.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>The exit code that belongs to the findings.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The report of a plan that was not carried out.</summary>
    public static RepairReport From(RepairPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new RepairReport
        {
            Path = plan.Path,
            IsDone = false,
            Steps = [.. plan.Steps.Select(RepairStepReport.From)],
            Findings = FindingReport.From(plan.Findings.Items),
            ExitCode = FindingReport.ExitCodeOf(plan.Findings.Items),
        };
    }

    /// <summary>The report of a plan that was carried out.</summary>
    public static RepairReport From(RepairPlan plan, RepairResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return From(plan) with
        {
            IsDone = true,
            Steps = [.. result.Steps.Select(RepairStepReport.From)],
            KeptFiles = result.KeptPaths,
            UndoFiles = result.UndoPaths,
            Findings = FindingReport.From(result.After.Findings.Items),
            ExitCode = FindingReport.ExitCodeOf(result.After.Findings.Items),
        };
    }
}

/// <summary>A repair that was taken back.</summary>
/// <param name="Path">The file that is as it was.</param>
/// <param name="UndoFile">What it was restored from.</param>
public sealed record UndoReport(string Path, string UndoFile)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>undo</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "undo";
}
