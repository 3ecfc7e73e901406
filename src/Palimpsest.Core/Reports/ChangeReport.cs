using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>One step of a change, for people and for programs.</summary>
/// <param name="What">Kind of step: <c>merge</c>, <c>new-delta</c>, <c>delete</c> and so on.</param>
/// <param name="Text">What it does, in words.</param>
public sealed record ChangeStepReport(string What, string Text);

/// <summary>A change of a chain that was, or would be, made: commit, the snapshot verbs.</summary>
/// <param name="Verb">What was asked for; of a resumed change, what was asked for then.</param>
/// <param name="Disk">The link it is about.</param>
/// <param name="Folder">Where the files are.</param>
/// <param name="IsDone">False for a dry run.</param>
/// <param name="WasResumed">True when an interrupted change was finished instead of beginning another.</param>
/// <param name="WriteBytes">Bytes of guest data that are to be written; of a change that is done: that were, by this
/// run.</param>
/// <param name="RoomBytes">Room needed at most; null when it is done.</param>
/// <param name="FreeBytes">Room there is; null when it is done, or not known.</param>
/// <param name="ReleasedBytes">Bytes in files that go; null when it is done.</param>
/// <param name="HeadAfter">The link to work with afterwards.</param>
/// <param name="Steps">The steps, in order.</param>
public sealed record ChangeReport(
    string Verb, string Disk, string Folder, bool IsDone, bool WasResumed, long WriteBytes, long? RoomBytes,
    long? FreeBytes, long? ReleasedBytes, string HeadAfter, IReadOnlyList<ChangeStepReport> Steps)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>change</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "change";

    /// <summary>Findings that a user of the chain has to know.</summary>
    public IReadOnlyList<FindingReport> Findings { get; init; } = [];

    /// <summary>The report of a plan.</summary>
    public static ChangeReport From(ChangePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Of(plan.Change, plan.Folder, plan.Findings) with
        {
            WriteBytes = plan.WriteBytes,
            RoomBytes = plan.RoomBytes,
            FreeBytes = plan.FreeBytes,
            ReleasedBytes = plan.ReleasedBytes,
        };
    }

    /// <summary>The report of a change that was made.</summary>
    public static ChangeReport From(ChangeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Of(result.Change, result.Folder, result.Findings) with
        {
            IsDone = true, WasResumed = result.WasResumed, WriteBytes = result.WrittenBytes,
        };
    }

    private static ChangeReport Of(ChainChange change, string folder, FindingList findings) => new(
        change.Verb, change.Disk, folder, IsDone: false, WasResumed: false, 0, null, null, null,
        HostPath.Combine(folder, change.HeadAfter),
        [.. change.Steps.Select(step => new ChangeStepReport(KindOf(step), step.Text))])
    {
        Findings = FindingReport.FromNotable(findings),
    };

    private static string KindOf(ChangeStep step) => step switch
    {
        MergeStep => "merge",
        NewDeltaStep => "new-delta",
        EmptyDeltaStep => "empty-delta",
        EditDescriptorStep => "edit-descriptor",
        EditDictionaryStep => "edit-dictionary",
        FreezeStep => "freeze",
        _ => "delete",
    };
}
