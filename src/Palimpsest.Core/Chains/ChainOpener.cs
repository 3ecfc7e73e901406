using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// Opens one disk: descriptors from the head down to the base, then extents from the base up. Used once.
/// </summary>
internal sealed class ChainOpener(DiskOpenOptions options)
{
    /// <summary>VMware allows 32 links; what has more than this is not a chain.</summary>
    public const int MaximumLinks = 255;

    private readonly IHost host = options.Host;
    private readonly HostNames names = new(options.Host, options.AllowOutside);
    private readonly List<Link> links = [];
    private readonly List<IDisposable> owned = [];

    public IReadOnlyList<Link> Links => links;

    public FindingList Findings { get; } = new();

    public Disk Open(string path)
    {
        try
        {
            FindLinks(path);
            CheckFit(PendingChange.For(options, links, Findings));
            if (options.IsWritable) { owned.Add(WriteGuard.Take(options, links[0], Findings)); }
            IBlockReader reader = OpenLinks();
            return new Disk(path, links, Findings, reader, owned);
        }
        catch
        {
            owned.Reverse();
            ConcatReader.DisposeAll(owned);
            throw;
        }
    }

    private void FindLinks(string path)
    {
        string? next = path;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (next is not null)
        {
            string real = host.ResolveLinks(next);
            names.ThrowUnlessFile(real, Findings);
            if (!seen.Add(real))
            {
                throw Findings.Refuse(ChainFindings.Loop, next, "it is its own ancestor");
            }
            if (links.Count == MaximumLinks)
            {
                throw Findings.Refuse(ChainFindings.TooDeep, path, $"more than {MaximumLinks} links");
            }
            Link link = LinkProbe.Read(host, next, Findings);
            links.Add(link);
            Findings.ThrowIfRefused();
            next = ParentRules.Find(link, names, Findings);
        }
    }

    private void CheckFit(PendingChange pending)
    {
        for (int i = 0; i + 1 < links.Count; i++)
        {
            if (ParentRules.Misfit(links[i], links[i + 1]) is { } misfit)
            {
                bool isBeingMerged = misfit.Code == ChainFindings.ContentIdMismatch && pending.Explains(links[i], links[i + 1]);
                if (!isBeingMerged) { throw Findings.Refuse(misfit); }
            }
        }
    }

    private IBlockReader OpenLinks()
    {
        var opener = new ExtentOpener(host, names, Findings);
        IBlockReader? reader = null;
        for (int i = links.Count - 1; i >= 0; i--)
        {
            reader = opener.Open(links[i], reader, options.IsWritable && i == 0);
            Findings.ThrowIfRefused();

            // Disposed head first: the head's last flush must not find its parents closed.
            owned.Insert(0, reader);
        }
        if (!options.IsWritable) { return reader!; }
        var device = new FirstWriteDevice((IBlockDevice)reader!,
            () => ContentIdUpdate.Renew(host, links[0], Findings));
        owned[0] = device;
        return device;
    }
}
