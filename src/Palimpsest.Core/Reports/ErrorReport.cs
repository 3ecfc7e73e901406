using System.Text.Json.Serialization;

namespace Palimpsest.Core.Reports;

/// <summary>What a command says that could not do what it was asked.</summary>
/// <param name="Message">What, where and what next, in one line.</param>
/// <param name="ExitCode">The process's exit code.</param>
public sealed record ErrorReport(string Message, int ExitCode)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>error</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "error";

    /// <summary>A short headline over <see cref="Findings"/>.</summary>
    public string? Summary { get; init; }

    /// <summary>The findings that led to it, when an image was refused.</summary>
    public IReadOnlyList<FindingReport> Findings { get; init; } = [];
}
