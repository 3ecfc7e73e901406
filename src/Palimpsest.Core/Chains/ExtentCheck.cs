using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.Flat;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>Runs the check that belongs to the format of one extent's file.</summary>
internal static class ExtentCheck
{
    /// <summary>Checks a flat file against its line.</summary>
    public static ExtentReport RunFlat(HostFile file, ExtentReport report, bool isOnlyUse,
        FindingList findings)
    {
        ExtentLine line = report.Line!;
        long start = line.OffsetSectors * Sector.Bytes;
        FlatValidation.Run(file, start, line.LengthBytes, isOnlyUse && start == 0, findings);
        return report with { FileBytes = file.Length, IsSound = file.Length >= start + line.LengthBytes };
    }

    /// <summary>Checks the tables of any sparse format, by what the file begins with.</summary>
    public static ExtentReport RunSparse(HostFile file, ExtentReport report, FindingList findings)
    {
        byte[] start = new byte[Math.Min(file.Length, FileSignatures.ProbeBytes)];
        file.Read(0, start);
        report = report with { FileBytes = file.Length };
        switch (FileSignatures.Of(start))
        {
            case FileSignature.HostedSparse when IsCompressed(start):
                return report with { IsSound = IsStreamSound(file, findings) };
            case FileSignature.HostedSparse:
                HostedSparseStatistics hosted = HostedSparseCheck.Run(file, findings);
                return report with
                {
                    AllocatedGrains = hosted.AllocatedGrains, ZeroGrains = hosted.ZeroGrains,
                    TotalGrains = hosted.TotalGrains, LeakedBytes = hosted.LeakedBytes,
                    Fragments = hosted.Fragments, IsSound = hosted.IsSound,
                };
            case FileSignature.Cowd:
                CowdStatistics cowd = CowdCheck.Run(file, findings);
                return report with
                {
                    AllocatedGrains = cowd.AllocatedGrains, TotalGrains = cowd.TotalGrains,
                    LeakedBytes = cowd.LeakedBytes, Fragments = cowd.Fragments, IsSound = cowd.IsSound,
                };
            case FileSignature.SeSparse:
                SeSparseStatistics seSparse = SeSparseCheck.Run(file, findings);
                return report with
                {
                    AllocatedGrains = seSparse.AllocatedGrains, ZeroGrains = seSparse.ZeroGrains,
                    TotalGrains = seSparse.TotalGrains, IsSound = seSparse.IsSound,
                };
            default:
                return report;
        }
    }

    /// <summary>True for a "KDMV" header with compressed grains.</summary>
    public static bool IsCompressed(ReadOnlySpan<byte> start) =>
        start.Length >= SparseHeader.SizeBytes
        && ((SparseFlags)(uint)MemoryMarshal.Read<SparseHeader>(start).Flags & SparseFlags.Compressed) != 0;

    // Opening a stream walks its directory, or its markers where the directory is lost; that is its check.
    private static bool IsStreamSound(HostFile file, FindingList findings)
    {
        // A list of its own: opening throws for any refusal it finds in the list, also for one of another
        // extent.
        var own = new FindingList();
        try
        {
            StreamOptimizedReader.Open(file, own).Dispose();
        }
        catch (ImageException)
        {
            // The refusal is in the list.
        }
        foreach (Finding finding in own.Items) { findings.Add(finding); }
        return !own.Items.Any(finding => finding.Severity >= Severity.Error);
    }
}
