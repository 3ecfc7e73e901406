using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>A finding as every verb, JSON document and page shows it.</summary>
/// <param name="Code">Stable, as <c>VMDK1042</c>.</param>
/// <param name="Severity"><c>info</c>, <c>warning</c>, <c>error</c> or <c>refusal</c>.</param>
/// <param name="Path">The host file.</param>
/// <param name="OffsetBytes">Byte offset in that file, where one makes sense.</param>
/// <param name="Field">Name of the field or key, where there is one.</param>
/// <param name="Title">What was found, in a few words.</param>
/// <param name="Message">What exactly, with the values seen.</param>
/// <param name="Next">The next safe step.</param>
public sealed record FindingReport(
    string Code, string Severity, string Path, long? OffsetBytes, string? Field, string Title, string Message,
    string Next)
{
    /// <summary>The report of one finding.</summary>
    public static FindingReport From(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return new FindingReport(
            finding.Code.Id, WordFor(finding.Severity), finding.Path, finding.OffsetBytes, finding.Field,
            finding.Code.Title, finding.Message, finding.Code.Next);
    }

    /// <summary>The reports of all findings, in order.</summary>
    public static FindingReport[] From(IReadOnlyList<Finding> findings) => [.. findings.Select(From)];

    /// <summary>
    /// The reports of those that a user of the disk has to know: warnings, and what is worse.
    /// </summary>
    public static FindingReport[] FromNotable(FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return From([.. findings.Items.Where(found => found.Severity >= Findings.Severity.Warning)]);
    }

    /// <summary>The word for a severity.</summary>
    public static string WordFor(Severity severity) => severity switch
    {
        Findings.Severity.Info => "info",
        Findings.Severity.Warning => "warning",
        Findings.Severity.Error => "error",
        _ => "refusal",
    };

    /// <summary>
    /// The exit code of a command that tells findings: that of the worst one, the first of equals; 0 when
    /// nothing is worse than worth knowing.
    /// </summary>
    public static int ExitCodeOf(IReadOnlyList<Finding> findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        Finding? worst = null;
        foreach (Finding finding in findings)
        {
            if (worst is null || finding.Severity > worst.Severity) { worst = finding; }
        }
        return worst?.Code.ExitCode ?? ExitCodes.Fine;
    }
}
