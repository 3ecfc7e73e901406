using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>
/// Remembers which files nobody had the permission to write to. A plan is made twice, the second time under
/// locks, for which such files are made writable.
/// </summary>
internal sealed class WriteProtections(IHost host)
{
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <summary>
    /// Those of <paramref name="paths"/> that were protected when they were first asked for.
    /// </summary>
    public IReadOnlyList<string> Of(IEnumerable<string> paths)
    {
        string[] all = [.. paths];
        foreach (string path in all)
        {
            if (host.Stat(path)?.IsReadOnly == true) { known.Add(path); }
        }
        return [.. all.Where(known.Contains)];
    }
}
