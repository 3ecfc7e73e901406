using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// A disk as its guest sees it: the head link over all its parents. The one way in: <see cref="Open"/> to use
/// it, <see cref="Inspect"/> to learn why it does not open. Thread-safe once open.
/// </summary>
public sealed class Disk : IDisposable
{
    private readonly List<IDisposable> owned;

    internal Disk(string path, IReadOnlyList<Link> links, FindingList findings, IBlockReader reader,
        List<IDisposable> owned)
    {
        Path = path;
        Links = links;
        Findings = findings;
        Reader = reader;
        this.owned = owned;
    }

    /// <summary>What was named.</summary>
    public string Path { get; }

    /// <summary>The links, head first, base last.</summary>
    public IReadOnlyList<Link> Links { get; }

    /// <summary>What was found while opening.</summary>
    public FindingList Findings { get; }

    /// <summary>The guest's bytes.</summary>
    public IBlockReader Reader { get; }

    /// <summary>The guest's bytes, writable; null when it was opened read-only.</summary>
    public IBlockDevice? Device => Reader as IBlockDevice;

    /// <summary>Size of the guest's disk in bytes.</summary>
    public long CapacityBytes => Reader.Length;

    /// <summary>Opens a disk with its whole chain, or throws what is wrong.</summary>
    /// <exception cref="ImageException">The image is refused; the exception carries all findings.</exception>
    /// <exception cref="BlockException">The host failed, or somebody else holds the disk.</exception>
    public static Disk Open(string path, DiskOpenOptions? options = null) =>
        new ChainOpener(options ?? new DiskOpenOptions()).Open(path);

    /// <summary>
    /// Opens a disk as far as that goes and says what was found; only a failure of the host at the named file
    /// itself throws. Dispose the result.
    /// </summary>
    public static DiskInspection Inspect(string path, DiskOpenOptions? options = null)
    {
        var opener = new ChainOpener(options ?? new DiskOpenOptions());
        try
        {
            Disk disk = opener.Open(path);
            return new DiskInspection(path, disk.Links, disk.Findings, disk, null);
        }
        catch (ImageException refusal)
        {
            return new DiskInspection(path, opener.Links, opener.Findings, null, refusal);
        }
    }

    /// <summary>
    /// Value of a database key, from the head or the nearest ancestor that has it (VMware, Virtual Disk
    /// Format 5.0).
    /// </summary>
    public string? Database(string key) =>
        Links.Select(link => link.Descriptor?.Database(key)).FirstOrDefault(value => value is not null);

    /// <summary>
    /// Flushes and closes everything; the first failure is thrown after all of it was tried.
    /// </summary>
    public void Dispose() => ConcatReader.DisposeAll(owned);
}

/// <summary>
/// A disk that was looked at: the links found, the findings, and the open disk unless it was refused.
/// </summary>
/// <param name="Path">What was named.</param>
/// <param name="Links">The links found until then, head first.</param>
/// <param name="Findings">Everything found.</param>
/// <param name="Disk">The open disk; null when it was refused.</param>
/// <param name="Refusal">Why it was refused.</param>
public sealed record DiskInspection(
    string Path, IReadOnlyList<Link> Links, FindingList Findings, Disk? Disk, ImageException? Refusal)
    : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Disk?.Dispose();
}
