using System.Text.Json.Serialization;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>A seal that was, or would be, made.</summary>
public sealed record SealReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>seal</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "seal";

    /// <summary>The disk.</summary>
    public required string Path { get; init; }

    /// <summary>The seal's file.</summary>
    public required string SealPath { get; init; }

    /// <summary>False for a dry run.</summary>
    public required bool IsDone { get; init; }

    /// <summary>Size of the guest's disk.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Size of a chunk.</summary>
    public required long ChunkBytes { get; init; }

    /// <summary>Root over the chunks, 64 hex digits; null for a dry run.</summary>
    public string? Root { get; init; }

    /// <summary>SHA-256 of the whole content; null unless asked for and everything could be read.</summary>
    public string? WholeSha256 { get; init; }

    /// <summary>Sum of the chunks that are not zero.</summary>
    public long DataBytes { get; init; }

    /// <summary>Sum of the chunks that are zero.</summary>
    public long ZeroBytes { get; init; }

    /// <summary>Chunks with something in them that could not be read.</summary>
    public IReadOnlyList<ScarReport> Unreadable { get; init; } = [];

    /// <summary>Files without write permission, in consequence.</summary>
    public required IReadOnlyList<string> FrozenFiles { get; init; }

    /// <summary>0, or 3 when something could not be read.</summary>
    public int ExitCode { get; init; }

    /// <summary>The report of a plan that was not carried out.</summary>
    public static SealReport From(SealPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new SealReport
        {
            Path = plan.Disk.Path,
            SealPath = plan.OutputPath,
            IsDone = false,
            CapacityBytes = plan.Disk.CapacityBytes,
            ChunkBytes = plan.ChunkBytes,
            FrozenFiles = plan.FrozenPaths,
        };
    }

    /// <summary>The report of a plan that was carried out.</summary>
    public static SealReport From(SealPlan plan, Seal seal)
    {
        ArgumentNullException.ThrowIfNull(seal);
        ChunkTable chunks = seal.Chunks;
        ScarReport[] scars =
        [
            .. chunks.Ranges().Where(range => range.Kind == ChunkKind.Unreadable).Select(range =>
            {
                long start = range.First * chunks.ChunkBytes;
                long end = Math.Min(start + (range.Count * chunks.ChunkBytes), chunks.CapacityBytes);
                return new ScarReport(start, end - start);
            }),
        ];
        return From(plan) with
        {
            IsDone = true,
            Root = seal.Root,
            WholeSha256 = seal.WholeSha256,
            DataBytes = chunks.Sum(ChunkKind.Data).Bytes,
            ZeroBytes = chunks.Sum(ChunkKind.Zero).Bytes,
            Unreadable = scars,
            ExitCode = scars.Length > 0 ? ExitCodes.SourceUnreadable : ExitCodes.Fine,
        };
    }
}
