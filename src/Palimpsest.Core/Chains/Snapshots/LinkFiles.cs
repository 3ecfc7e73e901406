using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>The files of links, also of links that no longer open.</summary>
internal sealed class LinkFiles(DiskOpenOptions options)
{
    private readonly HostNames names = new(options.Host, options.AllowOutside);

    /// <summary>
    /// The files of a link that are there, links of the host resolved: the descriptor's first, then its data.
    /// </summary>
    public IReadOnlyList<string> Of(Link link)
    {
        var files = new List<string> { options.Host.ResolveLinks(link.Path) };
        foreach (ExtentLine line in link.Descriptor?.Extents ?? [])
        {
            if (line.FileName is not null && TryFind(link, line) is { } path && !files.Contains(path))
            {
                files.Add(path);
            }
        }
        return files;
    }

    /// <summary>Their lengths together, in bytes.</summary>
    public long LengthBytes(IEnumerable<string> files) =>
        files.Sum(path => options.Host.Stat(path)?.LengthBytes ?? 0);

    private string? TryFind(Link link, ExtentLine line)
    {
        try
        {
            string path = options.Host.ResolveLinks(ExtentPaths.Of(link, line, names, new FindingList()));
            return options.Host.Stat(path)?.Kind == HostEntryKind.File ? path : null;
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            return null;
        }
    }
}
