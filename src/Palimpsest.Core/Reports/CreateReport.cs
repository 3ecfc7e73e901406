using System.Text.Json.Serialization;

namespace Palimpsest.Core.Reports;

/// <summary>A disk that was made.</summary>
/// <param name="Path">The disk.</param>
/// <param name="Kind">Its createType, or raw.</param>
/// <param name="CapacityBytes">Size of the guest's disk.</param>
/// <param name="Files">Its files, the descriptor's first.</param>
public sealed record CreateReport(
    string Path, string Kind, long CapacityBytes, IReadOnlyList<FileReport> Files)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>create</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "create";
}
