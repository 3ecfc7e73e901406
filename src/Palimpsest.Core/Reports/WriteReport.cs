using System.Text.Json.Serialization;

namespace Palimpsest.Core.Reports;

/// <summary>What was, or would be, written.</summary>
/// <param name="Path">The disk.</param>
/// <param name="Offset">First byte, in the disk.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsDone">False for a dry run.</param>
public sealed record WriteReport(string Path, long Offset, long Length, bool IsDone)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>write</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "write";

    /// <summary>Findings that a user of the disk has to know.</summary>
    public IReadOnlyList<FindingReport> Findings { get; init; } = [];
}
