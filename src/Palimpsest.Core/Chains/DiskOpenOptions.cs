using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>How a disk is opened. The default looks only, and trusts nothing.</summary>
public sealed record DiskOpenOptions
{
    /// <summary>Opens the head for writing; parents are always read-only.</summary>
    public bool IsWritable { get; init; }

    /// <summary>Follows extent and parent names that leave the disk's folder.</summary>
    public bool AllowOutside { get; init; }

    /// <summary>
    /// Lets a disk be written although others depend on it. They will refuse to open afterwards.
    /// </summary>
    public bool AllowWriteUnderChildren { get; init; }

    /// <summary>
    /// Writes although a VMware product's lock is there, if a process of this machine left it that is gone.
    /// </summary>
    public bool PassesStaleLocks { get; init; }

    /// <summary>Where the files are.</summary>
    public IHost Host { get; init; } = LocalHost.Instance;
}
