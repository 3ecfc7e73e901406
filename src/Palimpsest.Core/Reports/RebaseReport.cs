using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Rebasing;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>A delta that was, or would be, moved to another parent.</summary>
/// <param name="Path">The delta.</param>
/// <param name="IsDone">False for a dry run.</param>
/// <param name="IsUnsafe">True when only the descriptor changes.</param>
/// <param name="OldParent">Hint of the parent before; null when it stood alone.</param>
/// <param name="NewParent">Hint of the parent afterwards; null when it stands alone.</param>
/// <param name="CopiedBytes">Bytes brought from the old parent into the delta, of a dry run at most.</param>
/// <param name="KeptDescriptor">Copy of the old descriptor, where one was kept.</param>
public sealed record RebaseReport(
    string Path, bool IsDone, bool IsUnsafe, string? OldParent, string? NewParent, long CopiedBytes, string? KeptDescriptor)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>rebase</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "rebase";

    /// <summary>Findings that a user of the chain has to know.</summary>
    public IReadOnlyList<FindingReport> Findings { get; init; } = [];

    /// <summary>The report of a rebase.</summary>
    public static RebaseReport From(RebaseRequest request, RebaseResult result)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        return new RebaseReport(request.Path, !request.IsDryRun, request.IsUnsafe, result.OldParentHint,
            result.NewParentHint, result.CopiedBytes, result.KeptPath)
        {
            Findings = FindingReport.From([.. result.Findings.Items.Where(found => found.Severity >= Severity.Warning)]),
        };
    }
}
