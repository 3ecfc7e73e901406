using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Sealing;

namespace Palimpsest.Core.Reports;

/// <summary>A range that is not as it was sealed.</summary>
/// <param name="Start">Byte offset in the disk.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">
/// <c>written</c>, <c>rotten</c>, <c>unreadable</c>, or <c>unsealed</c> where there is nothing to compare.
/// </param>
public sealed record SealedRangeReport(long Start, long Length, string Kind);

/// <summary>A file, or a link, that is not as it was sealed.</summary>
/// <param name="Name">Its name from the folder of the disk.</param>
/// <param name="Kind">
/// <c>cid</c>, <c>length</c>, <c>modified</c>, <c>allocated</c>, <c>mode</c>, <c>new</c> or <c>gone</c>.
/// </param>
/// <param name="Was">What was sealed.</param>
/// <param name="Is">What it is.</param>
/// <param name="IsEvidence">True when it shows that content may have been written.</param>
public sealed record FileChangeReport(string Name, string Kind, string? Was, string? Is, bool IsEvidence);

/// <summary>A disk held against its seal.</summary>
public sealed record VerifyReport
{
    /// <summary>More ranges than this are counted, not listed.</summary>
    public const int MaximumRanges = 50_000;

    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>verify</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "verify";

    /// <summary>The disk.</summary>
    public required string Path { get; init; }

    /// <summary>The seal's file.</summary>
    public required string SealPath { get; init; }

    /// <summary>When the seal was made.</summary>
    public required DateTime SealedUtc { get; init; }

    /// <summary>True when the disk opened and its content was compared.</summary>
    public required bool IsRead { get; init; }

    /// <summary>True when all content that the seal has a hash of is as sealed.</summary>
    public required bool IsEqual { get; init; }

    /// <summary>Size of the guest's disk under the seal.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Size of a chunk: ranges begin and end at its multiples.</summary>
    public required long ChunkBytes { get; init; }

    /// <summary>The root that was sealed.</summary>
    public required string SealedRoot { get; init; }

    /// <summary>The root of the content now; null when it was not read.</summary>
    public string? Root { get; init; }

    /// <summary>Ranges that are not as sealed, in order.</summary>
    public required IReadOnlyList<SealedRangeReport> Ranges { get; init; }

    /// <summary>How many ranges more there are.</summary>
    public required long OmittedRanges { get; init; }

    /// <summary>Sum of the ranges that a program wrote.</summary>
    public required long WrittenBytes { get; init; }

    /// <summary>Sum of the ranges that changed by themselves.</summary>
    public required long RottenBytes { get; init; }

    /// <summary>Sum of the ranges that cannot be read any more.</summary>
    public required long UnreadableBytes { get; init; }

    /// <summary>Files and links that are not as sealed.</summary>
    public required IReadOnlyList<FileChangeReport> FileChanges { get; init; }

    /// <summary>What it comes to.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>
    /// 0 as sealed; 1 a program wrote; 3 something cannot be read any more; 4 rot, whatever else there is;
    /// that of the finding when the disk does not open.
    /// </summary>
    public required int ExitCode { get; init; }

    /// <summary>The report of a verification.</summary>
    public static VerifyReport From(string path, string sealPath, SealVerification result)
    {
        ArgumentNullException.ThrowIfNull(result);
        ChunkTable chunks = result.Seal.Chunks;
        return new VerifyReport
        {
            Path = path,
            SealPath = sealPath,
            SealedUtc = result.Seal.SealedUtc,
            IsRead = result.Root is not null,
            IsEqual = result.Root is not null
                && result.Ranges.All(range => range.Kind == SealedRangeKind.Unsealed),
            CapacityBytes = chunks.CapacityBytes,
            ChunkBytes = chunks.ChunkBytes,
            SealedRoot = result.Seal.Root,
            Root = result.Root,
            Ranges =
            [
                .. result.Ranges.Take(MaximumRanges).Select(range =>
                    new SealedRangeReport(range.Offset, range.Length, WordFor(range.Kind))),
            ],
            OmittedRanges = Math.Max(0, result.Ranges.Count - MaximumRanges),
            WrittenBytes = result.BytesOf(SealedRangeKind.Written),
            RottenBytes = result.BytesOf(SealedRangeKind.Rotten),
            UnreadableBytes = result.BytesOf(SealedRangeKind.Unreadable),
            FileChanges =
            [
                .. result.Changes.Select(change => new FileChangeReport(
                    change.Name, WordFor(change.Kind), change.Was, change.Is, change.IsEvidence)),
            ],
            Findings = FindingReport.From(result.Findings.Items),
            ExitCode = FindingReport.ExitCodeOf(result.Findings.Items),
        };
    }

    private static string WordFor(SealedRangeKind kind) => kind switch
    {
        SealedRangeKind.Written => "written",
        SealedRangeKind.Rotten => "rotten",
        SealedRangeKind.Unreadable => "unreadable",
        _ => "unsealed",
    };

    private static string WordFor(FileChangeKind kind) => kind switch
    {
        FileChangeKind.ContentId => "cid",
        FileChangeKind.Length => "length",
        FileChangeKind.Modified => "modified",
        FileChangeKind.Allocated => "allocated",
        FileChangeKind.Mode => "mode",
        FileChangeKind.New => "new",
        FileChangeKind.Gone => "gone",
        _ => "device",
    };
}
