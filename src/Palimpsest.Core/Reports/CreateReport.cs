namespace Palimpsest.Core.Reports;

/// <summary>A disk that was made.</summary>
/// <param name="Path">The disk.</param>
/// <param name="Kind">Its createType, or raw.</param>
/// <param name="CapacityBytes">Size of the guest's disk.</param>
/// <param name="Files">Its files, the descriptor's first.</param>
public sealed record CreateReport(string Path, string Kind, long CapacityBytes, IReadOnlyList<FileReport> Files)
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>create</c>.</summary>
    public string Report { get; init; } = "create";
}
