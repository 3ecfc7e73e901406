using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Cloning;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>A linked clone that was, or would be, made.</summary>
/// <param name="Source">The link it stands on.</param>
/// <param name="Target">The clone.</param>
/// <param name="Kind">Its createType.</param>
/// <param name="CapacityBytes">Size of the guest's disk.</param>
/// <param name="ParentFileNameHint">How it names its parent.</param>
/// <param name="FrozenFiles">Files of the parent that nobody may write to from now on.</param>
/// <param name="RecordFile">Where it is recorded; null for a clone beside its parent.</param>
/// <param name="Files">Its files, the descriptor's first; empty for a dry run.</param>
/// <param name="IsDone">False for a dry run.</param>
/// <param name="Next">The command that opens it.</param>
public sealed record LinkedCloneReport(
    string Source, string Target, string Kind, long CapacityBytes, string ParentFileNameHint,
    IReadOnlyList<string> FrozenFiles, string? RecordFile, IReadOnlyList<FileReport> Files, bool IsDone,
        string Next)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>linked-clone</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "linked-clone";

    /// <summary>Findings that a user of the link has to know.</summary>
    public IReadOnlyList<FindingReport> Findings { get; init; } = [];

    /// <summary>The report of a clone, or of a plan.</summary>
    public static LinkedCloneReport From(LinkedCloneResult result, bool isDone, IHost host)
    {
        ArgumentNullException.ThrowIfNull(result);
        string outside = result.RecordPath is null ? "" : "--allow-outside ";
        return new LinkedCloneReport(result.ParentPath, result.TargetPath, result.Kind, result.CapacityBytes,
            result.ParentHint, result.FrozenPaths, result.RecordPath,
            [.. result.Files.Select(path => FileReport.Of(host, path))], isDone,
            $"vmdk info {outside}{NextStep.Quote(result.TargetPath)}")
        {
            Findings = FindingReport.FromNotable(result.Findings),
        };
    }
}
