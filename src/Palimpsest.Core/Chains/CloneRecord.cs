using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// The linked clones that stand on a link, wherever they are: a text file beside the link, one absolute path a
/// line. A clone elsewhere cannot be seen from the link's folder, and whoever writes to the link must know of it.
/// </summary>
internal static class CloneRecord
{
    /// <summary>What is added to the link's file name.</summary>
    public const string Suffix = ".clones";

    // A link with more clones than this is none that anybody keeps; the bounds are for hostile records.
    private const int MaximumBytes = 1 << 20, MaximumCount = 4096;

    /// <summary>The recorded paths, each once, in the order in which they were added.</summary>
    /// <exception cref="BlockException"><c>Refused</c>: the record is too large to be one.</exception>
    public static IReadOnlyList<string> Read(IHost host, string linkPath)
    {
        string path = linkPath + Suffix;
        if (host.Stat(path) is not { Kind: HostEntryKind.File } entry) { return []; }
        if (entry.LengthBytes > MaximumBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                $"it has {entry.LengthBytes} bytes, too many for a list of linked clones; look what it is");
        }
        using HostFile file = host.Open(path, HostAccess.Read);
        byte[] bytes = new byte[Math.Min(file.Length, MaximumBytes)];
        file.Read(0, bytes);
        List<string> paths = [.. Encoding.UTF8.GetString(bytes).Split('\n')
            .Where(line => line.StartsWith('/') && !line.Contains('\0', StringComparison.Ordinal)).Distinct()];
        if (paths.Count <= MaximumCount) { return paths; }
        throw new BlockException(BlockErrorKind.Refused, path, null,
            $"it lists {paths.Count} linked clones, more than {MaximumCount}; look what it is");
    }

    /// <summary>Adds a path, durably, unless it is there.</summary>
    /// <exception cref="BlockException"><c>Refused</c>: the record is full.</exception>
    public static void Add(IHost host, string linkPath, string clonePath)
    {
        IReadOnlyList<string> paths = Read(host, linkPath);
        if (paths.Contains(clonePath)) { return; }
        List<string> added = [.. paths, clonePath];
        if (added.Count > MaximumCount
            || added.Sum(path => Encoding.UTF8.GetByteCount(path) + 1) > MaximumBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, linkPath + Suffix, null,
                $"it lists {paths.Count} linked clones, and has no room for one more");
        }
        Write(host, linkPath, added);
    }

    /// <summary>Removes a path, durably, if it is there.</summary>
    public static void Remove(IHost host, string linkPath, string clonePath)
    {
        IReadOnlyList<string> paths = Read(host, linkPath);
        if (paths.Contains(clonePath)) { Write(host, linkPath, [.. paths.Where(path => path != clonePath)]); }
    }

    /// <summary>Replaces the record, durably; an empty one is deleted.</summary>
    public static void Write(IHost host, string linkPath, IReadOnlyCollection<string> clonePaths)
    {
        string path = linkPath + Suffix;
        if (clonePaths.Count > 0)
        {
            AtomicFile.Replace(host, path, Encoding.UTF8.GetBytes(string.Join('\n', clonePaths) + "\n"));
            return;
        }
        if (host.Stat(path) is null) { return; }
        host.Delete(path);
        host.FlushFolder(HostPath.FolderOf(path));
    }
}
