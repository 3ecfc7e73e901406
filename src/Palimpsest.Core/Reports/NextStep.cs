using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>Chooses the one command to run next. It never names one that changes a disk.</summary>
internal static class NextStep
{
    private static readonly FindingCode[] NeedDescriptor =
    [
        ChainFindings.BareDelta, DescriptorFindings.EmptyDescriptor, DescriptorFindings.NoExtents,
        DescriptorFindings.BadExtentLine, DescriptorFindings.UnknownLine, DescriptorFindings.CapacityOverflow,
    ];

    private static readonly FindingCode[] ParentIsFine =
    [
        DescriptorFindings.ExtentMissing, ChainFindings.ContentIdMismatch, ChainFindings.CapacityMismatch,
    ];

    public static string For(DiskInspection inspection)
    {
        string path = Quote(inspection.Path);
        if (inspection.Refusal is { } refusal)
        {
            FindingCode code = refusal.Reason.Code;
            if (NeedDescriptor.Contains(code)) { return $"vmdk describe {path} --dry-run"; }
            int depth = inspection.Links.TakeWhile(link => link.Path != refusal.Reason.Path).Count();
            return ParentIsFine.Contains(code) && depth + 1 < inspection.Links.Count
                ? $"vmdk info {Quote(inspection.Links[depth + 1].Path)}" : $"vmdk check {path}";
        }
        if (inspection.Links[0].Format == LinkFormat.Raw) { return $"vmdk describe {path} --dry-run"; }
        return inspection.Findings.Worst is Severity.Error or Severity.Warning
            ? $"vmdk check {path}" : $"vmdk map {path}";
    }

    /// <summary>The path as one word of a POSIX shell.</summary>
    internal static string Quote(string path)
    {
        bool isPlain = path.Length > 0 && path[0] != '-'
            && path.All(letter => char.IsAsciiLetterOrDigit(letter)
                || "/._-+,:@%=".Contains(letter, StringComparison.Ordinal));
        if (isPlain) { return path; }
        string quoted = "'" + path.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
        return path.StartsWith('-') ? "./" + quoted : quoted;
    }
}
