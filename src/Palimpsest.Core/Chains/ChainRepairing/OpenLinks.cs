using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>Links opened over each other, whatever their descriptors say of their parents.</summary>
internal sealed class OpenLinks : IDisposable
{
    private readonly List<IDisposable> owned = [];

    private OpenLinks()
    {
    }

    /// <summary>The bytes of the head over all below.</summary>
    public IBlockReader Reader { get; private set; } = null!;

    /// <summary>The head, with its extents open.</summary>
    public Link Head { get; private set; } = null!;

    /// <summary>
    /// Opens links, head first, the last one over <paramref name="below"/>, which stays the caller's.
    /// </summary>
    /// <exception cref="ImageException">An extent is refused.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public static OpenLinks Open(
        DiskOpenOptions options, IReadOnlyList<GraphLink> links, IBlockReader? below = null)
    {
        var findings = new FindingList();
        var names = new HostNames(options.Host, options.AllowOutside);
        var opener = new ExtentOpener(options.Host, names, findings);
        var open = new OpenLinks();
        try
        {
            for (int i = links.Count - 1; i >= 0; i--)
            {
                open.Head = LinkProbe.Read(options.Host, links[i].Path, findings);
                findings.ThrowIfRefused();
                below = opener.Open(open.Head, below, isWritable: false);
                open.owned.Insert(0, below);
                findings.ThrowIfRefused();
            }
            open.Reader = below!;
            return open;
        }
        catch
        {
            open.Dispose();
            throw;
        }
    }

    public void Dispose() => ConcatReader.DisposeAll(owned);
}
