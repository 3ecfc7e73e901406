namespace Palimpsest.Core.Reports;

/// <summary>
/// The version of the shapes in this folder. Fields are added freely; one that changes its meaning or goes
/// away makes a new version.
/// </summary>
public static class ReportSchema
{
    /// <summary>Value of <c>schema</c> in every report.</summary>
    public const string Version = "palimpsest/1";
}
