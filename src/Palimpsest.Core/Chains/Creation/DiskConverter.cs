using System.Security.Cryptography;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>How a disk is converted.</summary>
public sealed record DiskConversion
{
    /// <summary>Path of the copy.</summary>
    public required string TargetPath { get; init; }

    /// <summary>A createType, or <see cref="DiskCreation.RawKind"/>.</summary>
    public string Kind { get; init; } = CreateTypes.MonolithicFlat;

    /// <summary>
    /// Goes on over unreadable ranges: zeros in the copy, and a mapfile beside it that lists them.
    /// </summary>
    public bool KeepsScars { get; init; }

    /// <summary>Takes the SHA-256 of the guest's bytes while copying.</summary>
    public bool TakesHash { get; init; }

    /// <summary>Where the copy goes.</summary>
    public IHost Host { get; init; } = LocalHost.Instance;
}

/// <summary>What a conversion made.</summary>
/// <param name="Files">The files of the copy, the descriptor's first, the mapfile last.</param>
/// <param name="CapacityBytes">Size of the guest's disk.</param>
/// <param name="Scars">Ranges that could not be read, in order; they are zeros in the copy.</param>
/// <param name="Sha256">SHA-256 of the guest's bytes as they are in the copy, in lower-case hex; null unless
/// asked for.</param>
/// <param name="MapFilePath">The mapfile; null when there are no scars.</param>
public sealed record ConversionResult(
    IReadOnlyList<string> Files, long CapacityBytes, IReadOnlyList<ByteRange> Scars, string? Sha256,
    string? MapFilePath);

/// <summary>Copies a disk as its guest sees it into a new disk of any kind that can be written.</summary>
public static class DiskConverter
{
    /// <summary>Suffix of the mapfile beside a copy with scars.</summary>
    public const string MapFileSuffix = ".map";

    /// <summary>Converts. Nothing is left under the target's name when it fails or is cancelled.</summary>
    /// <exception cref="Findings.BlockException">A range cannot be read and scars are not kept; no room; the
    /// target exists.</exception>
    public static ConversionResult Convert(
        Disk source, DiskConversion conversion, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(conversion);
        string mapPath = conversion.TargetPath + MapFileSuffix;
        using NewDisk target = NewDisk.Begin(CreationFor(source, conversion), cancellation);
        ScarFillReader? filler = conversion.KeepsScars ? new ScarFillReader(source.Reader) : null;
        using IncrementalHash? hash = conversion.TakesHash
            ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        CopyInto(target, filler ?? source.Reader, IsStream(conversion), hash, progress, cancellation);
        IReadOnlyList<ByteRange> scars = filler?.Scars ?? [];

        // The mapfile is durable before the copy has its name: a copy with scars never stands there without
        // it.
        if (scars.Count > 0) { ScarMapFile.Write(conversion.Host, mapPath, source.CapacityBytes, scars); }
        target.Commit();
        return new ConversionResult(
            scars.Count > 0 ? [.. target.Files, mapPath] : target.Files, source.CapacityBytes, scars,
            hash is null ? null : System.Convert.ToHexStringLower(hash.GetHashAndReset()),
            scars.Count > 0 ? mapPath : null);
    }

    private static bool IsStream(DiskConversion conversion) =>
        conversion.Kind.Equals(CreateTypes.StreamOptimized, StringComparison.OrdinalIgnoreCase);

    private static DiskCreation CreationFor(Disk source, DiskConversion conversion) => new()
    {
        Path = conversion.TargetPath,
        CapacityBytes = source.CapacityBytes,
        Kind = conversion.Kind,
        AdapterType = source.Database("adapterType") is { Length: > 0 } adapter ? adapter : "lsilogic",
        Geometry = source.Links.Select(link => link.Descriptor is { } text ? DiskGeometry.From(text) : null)
            .FirstOrDefault(geometry => geometry is not null),
        Host = conversion.Host,
    };

    private static void CopyInto(
        NewDisk target, IBlockReader source, bool isStream, IncrementalHash? hash,
        IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        if (!isStream)
        {
            var options = new CopyOptions { IsTargetZero = true, SkipZeroData = !target.IsFlat, Hash = hash };
            BlockCopier.Copy(source, target.Device, options, progress, cancellation);
            return;
        }
        using HostFile file = target.OpenStreamTarget();
        StreamTarget.Write(file, source, target, progress, cancellation);
        if (hash is not null) { ContentHash.Append(hash, source, cancellation); }
    }
}
