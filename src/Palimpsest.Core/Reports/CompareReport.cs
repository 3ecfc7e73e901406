using System.Text.Json.Serialization;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>A range in which two disks differ.</summary>
/// <param name="Start">Byte offset.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">
/// <c>content</c>, <c>unreadableFirst</c>, <c>unreadableSecond</c>; behind the end of the shorter disk
/// <c>onlyFirst</c>
/// or <c>onlySecond</c>.
/// </param>
public sealed record DifferenceReport(long Start, long Length, string Kind);

/// <summary>How two disks differ.</summary>
public sealed record CompareReport
{
    /// <summary>More ranges than this are counted, not listed.</summary>
    public const int MaximumRanges = 50_000;

    private const string OnlyFirst = "onlyFirst", OnlySecond = "onlySecond";

    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>compare</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "compare";

    /// <summary>The first disk.</summary>
    public required string First { get; init; }

    /// <summary>The second disk.</summary>
    public required string Second { get; init; }

    /// <summary>Size of the first disk.</summary>
    public required long FirstBytes { get; init; }

    /// <summary>Size of the second disk.</summary>
    public required long SecondBytes { get; init; }

    /// <summary>
    /// True when every byte is the same; what only the longer disk has counts as the same when it is zero.
    /// </summary>
    public required bool IsEqual { get; init; }

    /// <summary>The ranges in order.</summary>
    public required IReadOnlyList<DifferenceReport> Ranges { get; init; }

    /// <summary>How many ranges more there are.</summary>
    public required long OmittedRanges { get; init; }

    /// <summary>Sum of the ranges that were read and differ.</summary>
    public required long DifferingBytes { get; init; }

    /// <summary>Sum of the ranges that could not be read on one side.</summary>
    public required long UnreadableBytes { get; init; }

    /// <summary>0 equal, 1 different, 3 some of it could not be read.</summary>
    public required int ExitCode { get; init; }

    /// <summary>
    /// Compares two open disks. With <paramref name="isStrict"/> different sizes are a difference by
    /// themselves.
    /// </summary>
    public static CompareReport Of(
        Disk first, Disk second, bool isStrict, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var sums = new Sums();
        BlockComparer.Compare(
            first.Reader, second.Reader,
            range => sums.Add(range.Offset, range.Length, WordFor(range.Kind)), progress, cancellation);
        long common = Math.Min(first.CapacityBytes, second.CapacityBytes);
        if (first.CapacityBytes > common) { AddTail(first.Reader, common, OnlyFirst, sums, cancellation); }
        if (second.CapacityBytes > common) { AddTail(second.Reader, common, OnlySecond, sums, cancellation); }
        bool isSameSize = first.CapacityBytes == second.CapacityBytes;
        bool isEqual = sums.Count == 0 && (isSameSize || !isStrict);
        return new CompareReport
        {
            First = first.Path,
            Second = second.Path,
            FirstBytes = first.CapacityBytes,
            SecondBytes = second.CapacityBytes,
            IsEqual = isEqual,
            Ranges = sums.Ranges,
            OmittedRanges = sums.Count - sums.Ranges.Count,
            DifferingBytes = sums.DifferingBytes,
            UnreadableBytes = sums.UnreadableBytes,
            ExitCode = sums.UnreadableBytes > 0 ? ExitCodes.SourceUnreadable
                : isEqual ? ExitCodes.Fine : ExitCodes.Finding,
        };
    }

    // What one disk has behind the end of the other is held against zeros.
    private static void AddTail(
        IBlockReader reader, long start, string kind, Sums sums, CancellationToken cancellation)
    {
        using var tail = new SliceReader(reader, start, reader.Length - start);
        using var zeroes = new ZeroReader(tail.Length);
        BlockComparer.Compare(tail, zeroes, range => sums.Add(
            start + range.Offset, range.Length, range.Kind switch
            {
                DifferenceKind.Content => kind,
                _ => kind == OnlyFirst
                ? WordFor(DifferenceKind.UnreadableFirst) : WordFor(DifferenceKind.UnreadableSecond),
            }), null, cancellation);
    }

    private static string WordFor(DifferenceKind kind) => kind switch
    {
        DifferenceKind.Content => "content",
        DifferenceKind.UnreadableFirst => "unreadableFirst",
        _ => "unreadableSecond",
    };

    private sealed class Sums
    {
        public List<DifferenceReport> Ranges { get; } = [];

        public long Count { get; private set; }

        public long DifferingBytes { get; private set; }

        public long UnreadableBytes { get; private set; }

        public void Add(long start, long length, string kind)
        {
            Count++;
            if (kind.StartsWith("unreadable", StringComparison.Ordinal)) { UnreadableBytes += length; }
            else { DifferingBytes += length; }
            if (Ranges.Count < MaximumRanges) { Ranges.Add(new DifferenceReport(start, length, kind)); }
        }
    }
}
