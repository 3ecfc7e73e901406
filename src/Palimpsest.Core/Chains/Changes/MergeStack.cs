using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// A chain opened for a merge: what the upper links hold, read-only, and the link below them that takes it,
/// writable or not. Owns its files.
/// </summary>
internal sealed class MergeStack : IDisposable
{
    private readonly List<IDisposable> owned = [];

    /// <summary>
    /// Opens <paramref name="links"/>, head first: those before <paramref name="targetIndex"/> as the source, the rest
    /// as the target with its own parents.
    /// </summary>
    public MergeStack(DiskOpenOptions options, IReadOnlyList<Link> links, int targetIndex, bool isWritable,
        FindingList findings)
    {
        var opener = new ExtentOpener(options.Host, new HostNames(options.Host, options.AllowOutside), findings);
        try
        {
            if (isWritable) { UnclosedTables.Mend(options, links[targetIndex]); }
            IBlockReader? below = null;
            for (int i = links.Count - 1; i >= targetIndex; i--)
            {
                below = Own(opener.Open(links[i], below, isWritable && i == targetIndex), findings);
            }
            Target = below!;
            IBlockReader upper = new HoleReader(Target.Length);
            for (int i = targetIndex - 1; i >= 0; i--) { upper = Own(opener.Open(links[i], upper, false), findings); }
            Upper = new LayersAbove(upper, targetIndex);
        }
        catch
        {
            ConcatReader.DisposeAll(owned);
            throw;
        }
    }

    /// <summary>What the upper links hold; a hole where they hold nothing.</summary>
    public LayersAbove Upper { get; }

    /// <summary>The target as its guest sees it.</summary>
    public IBlockReader Target { get; }

    /// <summary>The target, when it was opened for writing.</summary>
    public IBlockDevice Device => (IBlockDevice)Target;

    /// <inheritdoc/>
    public void Dispose() => ConcatReader.DisposeAll(owned);

    // Disposed head first: a device's last flush must not find its parents closed.
    private IBlockReader Own(IBlockReader reader, FindingList findings)
    {
        owned.Insert(0, reader);
        findings.ThrowIfRefused();
        return reader;
    }
}
