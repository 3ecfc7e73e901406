using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;

namespace Palimpsest.Core.Reports;

/// <summary>What the check of one extent counted; numbers that its type does not have are absent.</summary>
/// <param name="Path">Its file; null for one without a file, or whose file was not found.</param>
/// <param name="Type">
/// <c>FLAT</c>, <c>SPARSE</c> and so on; null for data that was named without a descriptor.
/// </param>
/// <param name="IsSound">False when damage was found.</param>
/// <param name="FileBytes">Length of the file.</param>
/// <param name="TotalGrains">Grains of the extent.</param>
/// <param name="AllocatedGrains">Grains with a place in the file.</param>
/// <param name="ZeroGrains">Grains that are zero by their entry.</param>
/// <param name="Fragments">Pieces in which the allocated grains lie.</param>
/// <param name="LeakedBytes">Bytes of the file that no table points to.</param>
public sealed record CheckedExtent(
    string? Path, string? Type, bool IsSound, long? FileBytes, long? TotalGrains, long? AllocatedGrains,
    long? ZeroGrains,
    long? Fragments, long? LeakedBytes)
{
    internal static CheckedExtent From(Chains.ExtentReport extent) => new(
        extent.Path, extent.Line is { } line ? ExtentReport.From(line, null).Type : null, extent.IsSound,
        extent.FileBytes,
        extent.TotalGrains, extent.AllocatedGrains, extent.ZeroGrains, extent.Fragments, extent.LeakedBytes);
}

/// <summary>What a check found.</summary>
public sealed record CheckReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>check</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "check";

    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>True when the disk opens with its whole chain.</summary>
    public required bool Opens { get; init; }

    /// <summary>Every extent of every link that was found.</summary>
    public required IReadOnlyList<CheckedExtent> Extents { get; init; }

    /// <summary>Stored bytes that a deep check could not read.</summary>
    public required long UnreadableBytes { get; init; }

    /// <summary>Everything found.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>How many findings more there were than a report holds.</summary>
    public long DroppedFindings { get; init; }

    /// <summary>The exit code that belongs to the findings.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The report of a check.</summary>
    public static CheckReport From(CheckResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new CheckReport
        {
            Path = result.Path,
            Opens = result.IsOpenable,
            Extents = [.. result.Extents.Select(CheckedExtent.From)],
            UnreadableBytes = result.UnreadableBytes,
            Findings = FindingReport.From(result.Findings.Items),
            DroppedFindings = result.Findings.DroppedCount,
            ExitCode = FindingReport.ExitCodeOf(result.Findings.Items),
        };
    }
}
