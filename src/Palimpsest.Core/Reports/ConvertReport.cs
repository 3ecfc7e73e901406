using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>A range that could not be read; it is zeros in the copy.</summary>
public sealed record ScarReport(long Start, long Length);

/// <summary>A copy that was made.</summary>
/// <param name="Source">The disk that was read.</param>
/// <param name="Target">The copy.</param>
/// <param name="Kind">The copy's createType, or raw.</param>
/// <param name="CapacityBytes">Size of the guest's disk.</param>
/// <param name="Files">The copy's files, the descriptor's first, the mapfile last.</param>
/// <param name="Sha256">Hash of the guest's bytes; null unless it was asked for.</param>
/// <param name="Scars">What could not be read.</param>
/// <param name="ScarBytes">Sum of that.</param>
/// <param name="MapFile">The list of the scars in ddrescue's format; null when there are none.</param>
public sealed record ConvertReport(
    string Source, string Target, string Kind, long CapacityBytes, IReadOnlyList<FileReport> Files,
    string? Sha256,
    IReadOnlyList<ScarReport> Scars, long ScarBytes, string? MapFile)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>convert</c>, or <c>clone</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "convert";

    /// <summary>False for a dry run.</summary>
    public bool IsDone { get; init; } = true;

    /// <summary>0, or 3 when something could not be read.</summary>
    public int ExitCode { get; init; }

    /// <summary>The report of a conversion that is only planned.</summary>
    public static ConvertReport Planned(string source, DiskConversion conversion, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(conversion);
        return new ConvertReport(source, conversion.TargetPath, conversion.Kind, capacityBytes, [], null, [],
            0, null)
        {
            IsDone = false,
        };
    }

    /// <summary>The report of a conversion.</summary>
    public static ConvertReport From(string source, DiskConversion conversion, ConversionResult result)
    {
        ArgumentNullException.ThrowIfNull(conversion);
        ArgumentNullException.ThrowIfNull(result);
        return new ConvertReport(
            source, conversion.TargetPath, conversion.Kind, result.CapacityBytes,
            [.. result.Files.Select(path => FileReport.Of(conversion.Host, path))], result.Sha256,
            [.. result.Scars.Select(scar => new ScarReport(scar.Offset, scar.Length))],
            result.Scars.Sum(scar => scar.Length), result.MapFilePath)
        {
            ExitCode = result.Scars.Count > 0 ? ExitCodes.SourceUnreadable : ExitCodes.Fine,
        };
    }
}
