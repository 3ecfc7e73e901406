using System.Text.Json.Serialization;

namespace Palimpsest.Core.Reports;

/// <summary>A change of size that was, or would be, made.</summary>
/// <param name="Path">The disk.</param>
/// <param name="FromBytes">Size before.</param>
/// <param name="ToBytes">Size after.</param>
/// <param name="IsDone">False for a dry run.</param>
public sealed record ResizeReport(string Path, long FromBytes, long ToBytes, bool IsDone)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>resize</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "resize";

    /// <summary>Findings that a user of the disk has to know.</summary>
    public IReadOnlyList<FindingReport> Findings { get; init; } = [];
}
