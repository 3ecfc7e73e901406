using System.Text;
using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>One value of a rebuilt descriptor, and how it is known.</summary>
/// <param name="Field">What it is for.</param>
/// <param name="Value">The value.</param>
/// <param name="Source">The file or circumstance that says so.</param>
/// <param name="Confidence"><c>certain</c>, <c>likely</c>, <c>weak</c> or <c>assumed</c>.</param>
/// <param name="IsUsed">False for one that a stronger one overruled.</param>
public sealed record EvidenceReport(string Field, string Value, string Source, string Confidence, bool IsUsed)
{
    internal static EvidenceReport From(Evidence evidence) => new(
        evidence.Field, evidence.Value, evidence.Source,
        evidence.Confidence switch
        {
            Chains.Confidence.Certain => "certain",
            Chains.Confidence.Likely => "likely",
            Chains.Confidence.Weak => "weak",
            _ => "assumed",
        },
        evidence.IsUsed);
}

/// <summary>A descriptor that was, or would be, rebuilt.</summary>
public sealed record DescribeReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>describe</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "describe";

    /// <summary>The data that it describes.</summary>
    public required string Data { get; init; }

    /// <summary>The file that gets the text.</summary>
    public required string Target { get; init; }

    /// <summary>True when the text goes into the extent itself.</summary>
    public required bool IsEmbedded { get; init; }

    /// <summary>False for a dry run.</summary>
    public required bool IsDone { get; init; }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>Where each value comes from, the used ones first.</summary>
    public required IReadOnlyList<EvidenceReport> Evidence { get; init; }

    /// <summary>Where the worthless bytes went that were in its place.</summary>
    public string? KeptFile { get; init; }

    /// <summary>What was found on the way.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>0, unless a finding is an error; what is only likely is no failure of this verb.</summary>
    public required int ExitCode { get; init; }

    /// <summary>
    /// The report of a proposal; <paramref name="result"/> is null when it was not written.
    /// </summary>
    public static DescribeReport From(DescriptionProposal proposal, DescriptionResult? result)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        bool isDamaged = proposal.Findings.Worst >= Severity.Error;
        return new DescribeReport
        {
            Data = proposal.DataPath,
            Target = proposal.TargetPath,
            IsEmbedded = proposal.EmbeddedPlace is not null,
            IsDone = result is not null,
            Text = Encoding.UTF8.GetString(proposal.Text),
            Evidence = [.. proposal.Evidence.Select(EvidenceReport.From)],
            KeptFile = result?.KeptPath,
            Findings = FindingReport.From(proposal.Findings.Items),
            ExitCode = isDamaged ? FindingReport.ExitCodeOf(proposal.Findings.Items) : ExitCodes.Fine,
        };
    }
}
