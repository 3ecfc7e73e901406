using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Platform;

/// <summary>
/// What a file is to its host: who it is, how much of it is stored, where, who holds it, and what its zeros
/// are made of. A moment's view; nothing is flushed or changed by looking.
/// </summary>
public sealed record HostBody
{
    /// <summary>The path that was asked for.</summary>
    public required string Path { get; init; }

    /// <summary>A file or a block device.</summary>
    public required HostEntryKind Kind { get; init; }

    /// <summary>Inode, owner and the like; null on hosts that are not this machine's file system.</summary>
    public HostIdentity? Identity { get; init; }

    /// <summary>Length as a reader sees it, in bytes.</summary>
    public required long ApparentBytes { get; init; }

    /// <summary>
    /// Bytes of storage that the host charges for it, metadata included where it does so; null when not
    /// known.
    /// </summary>
    public long? AllocatedBytes { get; init; }

    /// <summary>Name of the file system it lies on, such as <c>xfs</c>; null when not known.</summary>
    public string? FileSystemName { get; init; }

    /// <summary>What the host stores of it and what it does not.</summary>
    public required HostRunMap Runs { get; init; }

    /// <summary>Where it lies on the host's device; null when the host does not say.</summary>
    public PhysicalMap? Physical { get; init; }

    /// <summary>
    /// Lock files of VMware's hosted products in the <c>.lck</c> folder beside it, as paths.
    /// </summary>
    public required IReadOnlyList<string> VmwareLocks { get; init; }

    /// <summary>Other processes of this machine that hold a lock on it, as <c>name (pid N)</c>.</summary>
    public required IReadOnlyList<string> LockHolders { get; init; }

    /// <summary>What its zeros are made of.</summary>
    public required Zeroing Zeroing { get; init; }

    /// <summary>Looks at a file of this machine.</summary>
    public static HostBody Of(string path) => Of(null, path);

    /// <summary>
    /// Looks at a file of <paramref name="host"/> (null: this machine). Links are followed.
    /// </summary>
    /// <exception cref="BlockException">
    /// <c>NotFound</c>, <c>Denied</c>, or <c>Refused</c> for what is no file or device.
    /// </exception>
    public static HostBody Of(IHost? host, string path)
    {
        host ??= LocalHost.Instance;
        string realPath = host.ResolveLinks(path);
        HostEntryKind kind = host.Stat(realPath)?.Kind
            ?? throw new BlockException(BlockErrorKind.NotFound, path, null, "there is no such file");
        if (kind is not (HostEntryKind.File or HostEntryKind.BlockDevice))
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "this is neither a file nor a block device");
        }
        using HostFile file = host.Open(realPath, HostAccess.Read);
        HostRunMap runs = HostRunMap.Of(file);
        PhysicalMap? physical = PhysicalMap.Of(file);
        bool isLocal = host is LocalHost;
        Posix.StatX? stat = isLocal ? LocalHost.TryStat(realPath, 0) : null;
        long? allocatedBytes = stat is { } known ? checked((long)known.AllocatedSectors * Sector.Bytes)
            : null;
        return new HostBody
        {
            Path = path,
            Kind = kind,
            Identity = stat is { } numbers ? HostIdentity.From(numbers) : null,
            ApparentBytes = runs.LengthBytes,
            AllocatedBytes = allocatedBytes,
            FileSystemName = HostFileSystem.NameOf(file),
            Runs = runs,
            Physical = physical,
            VmwareLocks = FindVmwareLocks(host, realPath),
            LockHolders = isLocal ? Platform.LockHolders.Find(realPath) : [],
            Zeroing = Zeroing.From(runs, physical, allocatedBytes),
        };
    }

    private static string[] FindVmwareLocks(IHost host, string path)
    {
        string folder = path + ".lck";
        if (host.Stat(folder)?.Kind != HostEntryKind.Folder) { return []; }
        return
        [
            .. host.List(folder).Where(name => name.EndsWith(".lck", StringComparison.OrdinalIgnoreCase))
                .Select(name => HostPath.Combine(folder, name)),
        ];
    }
}

/// <summary>Who a file is to a Linux host.</summary>
/// <param name="DeviceMajor">Major number of the device it lies on.</param>
/// <param name="DeviceMinor">Minor number of that device.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="LinkCount">How many names it has.</param>
/// <param name="Mode">The twelve permission bits.</param>
/// <param name="User">Owner.</param>
/// <param name="Group">Group.</param>
/// <param name="ModifiedUtc">Last change of content.</param>
public sealed record HostIdentity(
    uint DeviceMajor, uint DeviceMinor, ulong Inode, uint LinkCount, int Mode, uint User, uint Group,
        DateTime ModifiedUtc)
{
    internal static HostIdentity From(in Posix.StatX stat) => new(
        stat.DeviceMajor, stat.DeviceMinor, stat.Inode, stat.LinkCount, stat.Mode & 0xFFF, stat.User,
            stat.Group,
        DateTime.UnixEpoch.AddSeconds(stat.ModifiedSeconds).AddTicks(stat.ModifiedNanoseconds / 100));
}

/// <summary>What the zeros of a file are made of.</summary>
public enum ZeroingKind
{
    /// <summary>
    /// No byte is missing and none is promised: all of it was written (eager zeroed, or full).
    /// </summary>
    Eager,

    /// <summary>
    /// Everything has its storage; some of it was never written and the host promises zeros there.
    /// </summary>
    Lazy,

    /// <summary>Some of it has no storage: thin.</summary>
    Absent,
}

/// <summary>
/// How much of a file was written, how much is storage that the host only promises to be zero, and how much
/// is missing. The three add up to the file's length.
/// </summary>
/// <param name="Kind">The story in one word.</param>
/// <param name="AbsentBytes">Holes: no storage.</param>
/// <param name="LazyBytes">Storage never written: reads as zeros by the host's promise.</param>
/// <param name="EagerBytes">Written, whatever the bytes are.</param>
/// <param name="IsEstimate">
/// True where the host does not tell unwritten storage from holes, and the count of allocated bytes had to
/// do.
/// </param>
public sealed record Zeroing(ZeroingKind Kind, long AbsentBytes, long LazyBytes, long EagerBytes,
    bool IsEstimate)
{
    internal static Zeroing From(HostRunMap runs, PhysicalMap? physical, long? allocatedBytes)
    {
        long lazyBytes;
        bool isEstimate;
        if (physical is { IsComplete: true } && runs.IsComplete)
        {
            (lazyBytes, isEstimate) = (physical.PromisedZeroBytes, false);
        }
        else
        {
            // What is allocated beyond the data must be in the holes; metadata makes this count a little too
            // high.
            lazyBytes = (allocatedBytes ?? 0) - runs.DataBytes;
            isEstimate = true;
        }
        lazyBytes = Math.Clamp(lazyBytes, 0, runs.HoleBytes);
        long absentBytes = runs.HoleBytes - lazyBytes;
        ZeroingKind kind = absentBytes > 0 ? ZeroingKind.Absent : lazyBytes > 0 ? ZeroingKind.Lazy
            : ZeroingKind.Eager;
        return new Zeroing(kind, absentBytes, lazyBytes, runs.DataBytes, isEstimate);
    }
}
