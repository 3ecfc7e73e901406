using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>A run of a host file.</summary>
/// <param name="Offset">Byte offset in the file.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsHole">True where the host stores nothing that was written.</param>
public sealed record HostRunReport(long Offset, long Length, bool IsHole);

/// <summary>A piece of a file on its host's device.</summary>
/// <param name="FileOffset">Byte offset in the file.</param>
/// <param name="DeviceOffset">Byte offset on the device.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Flags">What the host says about it, Linux's FIEMAP flags.</param>
public sealed record PhysicalExtentReport(long FileOffset, long DeviceOffset, long Length, uint Flags);

/// <summary>Where a file lies on its host's device.</summary>
/// <param name="ExtentCount">How many pieces.</param>
/// <param name="MappedBytes">Sum of them.</param>
/// <param name="UnwrittenBytes">Allocated and never written.</param>
/// <param name="SharedBytes">Shared with other files.</param>
/// <param name="Extents">The first pieces.</param>
public sealed record PhysicalReport(
    long ExtentCount, long MappedBytes, long UnwrittenBytes, long SharedBytes,
    IReadOnlyList<PhysicalExtentReport> Extents);

/// <summary>What the zeros of a file are made of.</summary>
/// <param name="Kind"><c>absent</c> (thin), <c>lazy</c> or <c>eager</c>.</param>
/// <param name="AbsentBytes">No storage.</param>
/// <param name="LazyBytes">Storage that the host only promises to be zero.</param>
/// <param name="EagerBytes">Written.</param>
/// <param name="IsEstimate">True where the host does not tell exactly.</param>
public sealed record ZeroingReport(
    string Kind, long AbsentBytes, long LazyBytes, long EagerBytes, bool IsEstimate);

/// <summary>What a file is to its host.</summary>
public sealed record HostFileReport
{
    private const int ListedPieces = 64;

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Why it could not be looked at; everything else is absent then.</summary>
    public string? Error { get; init; }

    /// <summary>Name of the file system it lies on.</summary>
    public string? FileSystem { get; init; }

    /// <summary>Inode number.</summary>
    public ulong? Inode { get; init; }

    /// <summary>Device it lies on, as <c>8:1</c>.</summary>
    public string? Device { get; init; }

    /// <summary>How many names it has.</summary>
    public uint? LinkCount { get; init; }

    /// <summary>Permission bits in octal.</summary>
    public string? Mode { get; init; }

    /// <summary>Last change of content.</summary>
    public DateTime? ModifiedUtc { get; init; }

    /// <summary>Length.</summary>
    public long ApparentBytes { get; init; }

    /// <summary>What the host stores for it.</summary>
    public long? AllocatedBytes { get; init; }

    /// <summary>Number of data runs.</summary>
    public int DataRuns { get; init; }

    /// <summary>Number of holes.</summary>
    public int Holes { get; init; }

    /// <summary>Bytes in holes.</summary>
    public long HoleBytes { get; init; }

    /// <summary>The first runs.</summary>
    public IReadOnlyList<HostRunReport> Runs { get; init; } = [];

    /// <summary>Where it lies on the device; null when the host does not say.</summary>
    public PhysicalReport? Physical { get; init; }

    /// <summary>What its zeros are made of.</summary>
    public ZeroingReport? Zeroing { get; init; }

    /// <summary>Lock files of VMware's products.</summary>
    public IReadOnlyList<string> VmwareLocks { get; init; } = [];

    /// <summary>Processes that hold a lock, as <c>name (pid N)</c>.</summary>
    public IReadOnlyList<string> LockHolders { get; init; } = [];

    /// <summary>Looks at a file; what the host refuses to tell is in <see cref="Error"/>.</summary>
    public static HostFileReport Of(IHost host, string path)
    {
        try
        {
            return From(HostBody.Of(host, path));
        }
        catch (BlockException error)
        {
            return new HostFileReport { Path = path, Error = error.Message };
        }
    }

    private static HostFileReport From(HostBody body) => new()
    {
        Path = body.Path,
        FileSystem = body.FileSystemName,
        Inode = body.Identity?.Inode,
        Device = body.Identity is { } identity ? $"{identity.DeviceMajor}:{identity.DeviceMinor}" : null,
        LinkCount = body.Identity?.LinkCount,
        Mode = body.Identity is { } owner ? Convert.ToString(owner.Mode, 8).PadLeft(4, '0') : null,
        ModifiedUtc = body.Identity?.ModifiedUtc,
        ApparentBytes = body.ApparentBytes,
        AllocatedBytes = body.AllocatedBytes,
        DataRuns = body.Runs.DataCount,
        Holes = body.Runs.HoleCount,
        HoleBytes = body.Runs.HoleBytes,
        Runs = [.. body.Runs.First.Take(ListedPieces)
        .Select(run => new HostRunReport(run.OffsetBytes, run.LengthBytes, run.IsHole))],
        Physical = body.Physical is { } map ? From(map) : null,
        Zeroing = new ZeroingReport(
            WordFor(body.Zeroing.Kind), body.Zeroing.AbsentBytes, body.Zeroing.LazyBytes,
            body.Zeroing.EagerBytes,
            body.Zeroing.IsEstimate),
        VmwareLocks = body.VmwareLocks,
        LockHolders = body.LockHolders,
    };

    private static PhysicalReport From(PhysicalMap map) => new(
        map.Count, map.MappedBytes, map.UnwrittenBytes, map.SharedBytes,
        [
            .. map.First.Take(ListedPieces).Select(extent => new PhysicalExtentReport(
                extent.FileOffset, extent.DeviceOffset, extent.LengthBytes, (uint)extent.Flags)),
        ]);

    private static string WordFor(ZeroingKind kind) => kind switch
    {
        ZeroingKind.Eager => "eager",
        ZeroingKind.Lazy => "lazy",
        _ => "absent",
    };
}
