using System.Security.Cryptography;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
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

    /// <summary>
    /// The copy is durable before it has its name. Without it the host writes when it likes, as after
    /// <c>cp</c>, and a power cut can leave a copy of the right name and size whose content is partly
    /// missing.
    /// </summary>
    public bool IsFlushed { get; init; } = true;

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
    /// <exception cref="BlockException">A range cannot be read and scars are not kept; no room; the
    /// target exists.</exception>
    public static ConversionResult Convert(
        Disk source, DiskConversion conversion, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(conversion);
        string mapPath = conversion.TargetPath + MapFileSuffix;
        DiskCreation creation = CreationFor(source, conversion);
        using NewDisk target = NewDisk.Begin(creation, cancellation);
        if (conversion.KeepsScars) { ScarMapFile.ClearName(conversion.Host, mapPath); }
        ScarFillReader? filler = conversion.KeepsScars ? new ScarFillReader(source.Reader) : null;
        using IncrementalHash? hash = conversion.TakesHash
            ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        CopyInto(target, filler ?? source.Reader, IsStream(conversion), hash, progress, cancellation);
        IReadOnlyList<ByteRange> scars = filler?.Scars ?? [];
        if (scars.Count > 0) { CommitWithMap(target, creation, mapPath, scars); }
        else { target.Commit(); }
        return new ConversionResult(
            scars.Count > 0 ? [.. target.Files, mapPath] : target.Files, source.CapacityBytes, scars,
            hash is null ? null : System.Convert.ToHexStringLower(hash.GetHashAndReset()),
            scars.Count > 0 ? mapPath : null);
    }

    // Crash order: the mapfile is durable before the copy has its name: a copy with scars never stands there
    // without it.
    private static void CommitWithMap(
        NewDisk target, DiskCreation creation, string mapPath, IReadOnlyList<ByteRange> scars)
    {
        try
        {
            ScarMapFile.Write(creation.Host, mapPath, creation.CapacityBytes, scars);
            target.Commit();
        }
        catch
        {
            DeleteWithout(target, creation, mapPath);
            throw;
        }
    }

    // A copy that has its descriptor stays, and then its map does too.
    private static void DeleteWithout(NewDisk target, DiskCreation creation, string mapPath)
    {
        try
        {
            target.Dispose();
            IHost host = creation.Host;
            if (host.Stat(creation.Path) is null && host.Stat(mapPath) is not null) { host.Delete(mapPath); }
        }
        catch (BlockException)
        {
            // The first failure is the one worth reporting; a map of nothing is harmless.
        }
    }

    private static bool IsStream(DiskConversion conversion) =>
        conversion.Kind.Equals(CreateTypes.StreamOptimized, StringComparison.OrdinalIgnoreCase);

    private static DiskCreation CreationFor(Disk source, DiskConversion conversion) => new()
    {
        Path = conversion.TargetPath,
        CapacityBytes = source.CapacityBytes,
        Kind = conversion.Kind,
        AdapterType = Word(source.Database("adapterType")) ?? "lsilogic",
        HardwareVersion = Word(source.Database("virtualHWVersion"))
            ?? DescriptorTemplate.CommonHardwareVersion,
        IsThinProvisioned = source.Links[^1].Descriptor is { } text && CreateTypes.IsVmfs(text.CreateType)
            ? text.Database("thinProvisioned") == "1" : null,
        Geometry = source.Links.Select(link => link.Descriptor is { } text ? DiskGeometry.From(text) : null)
            .FirstOrDefault(geometry => geometry is not null),
        Host = conversion.IsFlushed ? conversion.Host : new UnflushedHost(conversion.Host),
    };

    // A value goes into a new descriptor as it is: only one that cannot mean anything else there.
    private static string? Word(string? value) =>
        value is { Length: > 0 and <= 32 } && value.All(char.IsAsciiLetterOrDigit) ? value : null;

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
