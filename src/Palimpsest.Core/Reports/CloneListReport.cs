using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Cloning;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>A disk that depends, or is said to depend, on a link.</summary>
/// <param name="Path">The disk.</param>
/// <param name="IsRecorded">True for a recorded linked clone, false for a disk in the link's folder.</param>
/// <param name="State"><c>fits</c>, <c>outdated</c> (the link was changed under it), <c>elsewhere</c> (it
/// names another parent), <c>unreadable</c> or <c>missing</c>.</param>
public sealed record LinkDependentReport(string Path, bool IsRecorded, string State);

/// <summary>A link and what depends on it.</summary>
/// <param name="Path">The link.</param>
/// <param name="Dependents">The disks in its folder first, then the recorded clones.</param>
public sealed record SharedLinkReport(string Path, IReadOnlyList<LinkDependentReport> Dependents);

/// <summary>Who shares whose base.</summary>
/// <param name="Path">What was named.</param>
/// <param name="Links">The links of a chain, head first, or those of a folder, by name.</param>
public sealed record CloneListReport(string Path, IReadOnlyList<SharedLinkReport> Links)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>clone-list</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "clone-list";

    /// <summary>0 when every dependent fits, else 1.</summary>
    [JsonIgnore]
    public int ExitCode =>
        Links.All(link => link.Dependents.All(other => other.State == WordFor(DependentState.Fits)))
        ? ExitCodes.Fine : ExitCodes.Finding;

    /// <summary>The report of a list.</summary>
    public static CloneListReport From(string path, IReadOnlyList<SharedLink> links) => new(path,
        [.. links.Select(link => new SharedLinkReport(link.Path, [.. link.Dependents.Select(other =>
            new LinkDependentReport(other.Path, other.IsRecorded, WordFor(other.State)))]))]);

    private static string WordFor(DependentState state) => state switch
    {
        DependentState.Fits => "fits",
        DependentState.Outdated => "outdated",
        DependentState.Elsewhere => "elsewhere",
        DependentState.Unreadable => "unreadable",
        _ => "missing",
    };
}

/// <summary>A clone that was, or would be, removed from the record of a link.</summary>
/// <param name="Disk">The link.</param>
/// <param name="Forgotten">The clone, as it was recorded.</param>
/// <param name="IsDone">False for a dry run.</param>
public sealed record CloneForgottenReport(string Disk, string Forgotten, bool IsDone)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>clone-forgotten</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "clone-forgotten";
}
