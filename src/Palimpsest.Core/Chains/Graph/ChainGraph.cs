using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>
/// All links of a folder, how they stand on each other, and what machines and snapshots know of them. Only
/// descriptors are read, and of data files what the host says of them, so the size of the disks does not
/// matter. A moment's view; nothing is held open. Thread-safe.
/// </summary>
public sealed class ChainGraph
{
    /// <summary>A folder with more <c>.vmdk</c> files than this is refused: it is not a machine's.</summary>
    public const int MaximumFiles = 10_000;

    private readonly Dictionary<string, GraphLink> linkByPath;

    internal ChainGraph(string folder, IReadOnlyList<GraphLink> links)
    {
        Folder = folder;
        Links = links;
        linkByPath = links.ToDictionary(link => link.Path, StringComparer.Ordinal);
    }

    /// <summary>Real path of the folder.</summary>
    public string Folder { get; }

    /// <summary>
    /// The links by path: those of the folder, and parents elsewhere where names may be followed out of it.
    /// </summary>
    public IReadOnlyList<GraphLink> Links { get; }

    /// <summary>The link that was named, itself or by one of its data files; null for a folder.</summary>
    public GraphLink? Named { get; internal init; }

    /// <summary>The data file that was named and that no link of the graph has; else null.</summary>
    public string? NamedData { get; internal init; }

    /// <summary>Data files that no descriptor of the graph names, by path.</summary>
    public IReadOnlyList<string> DataFiles { get; internal init; } = [];

    /// <summary>Change tracking files that no descriptor of the graph names, by path.</summary>
    public IReadOnlyList<string> TrackingFiles { get; internal init; } = [];

    /// <summary>Temporary files of interrupted writes, by path.</summary>
    public IReadOnlyList<string> Leftovers { get; internal init; } = [];

    /// <summary>The machines whose settings lie in the folder.</summary>
    public IReadOnlyList<GraphMachine> Machines { get; internal init; } = [];

    /// <summary>The snapshot lists in the folder.</summary>
    public IReadOnlyList<GraphSnapshotList> SnapshotLists { get; internal init; } = [];

    /// <summary>What was found about the folder itself; links, machines and lists have their own.</summary>
    public required FindingList Findings { get; init; }

    /// <summary>
    /// Where trees begin: the links without a parent in the graph, and of each loop one.
    /// </summary>
    public IEnumerable<GraphLink> Roots
    {
        get
        {
            var loops = new HashSet<GraphLink>();
            foreach (GraphLink link in Links)
            {
                if (link.Parent is null) { yield return link; }
                if (link.Edge?.State != EdgeState.Loop || loops.Contains(link)) { continue; }
                for (GraphLink? next = link; next is not null && loops.Add(next);) { next = next.Parent; }
                yield return link;
            }
        }
    }

    /// <summary>
    /// Builds the graph of a folder, of the folder of a <c>.vmx</c> or <c>.vmsd</c> file, or of the folder
    /// of a disk, which is <see cref="Named"/> then.
    /// </summary>
    /// <exception cref="BlockException">
    /// The folder or the named file cannot be read, or the folder holds more than any machine's does
    /// (<c>Refused</c>). What is wrong with single files is a finding.
    /// </exception>
    /// <exception cref="ImageException">The named file is no file at all.</exception>
    public static ChainGraph Of(string path, DiskOpenOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new GraphBuilder(options ?? new DiskOpenOptions()).Build(path);
    }

    /// <summary>The link whose descriptor is at a real path; null when there is none.</summary>
    public GraphLink? Find(string realPath) => linkByPath.GetValueOrDefault(realPath);

    /// <summary>
    /// The links that hang together with one: its ancestors, their descendants, others that name the same
    /// missing parent, and the likely parent of each that lost its own. By path.
    /// </summary>
    public IReadOnlyList<GraphLink> ComponentOf(GraphLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        ILookup<GraphLink, GraphLink> likelyChildren = Links
            .Where(child => child.Edge?.LikelyParent is not null)
            .ToLookup(child => child.Edge!.LikelyParent!);
        ILookup<string, GraphLink> orphans = Links.Where(child => child.Edge?.MissingPath is not null)
            .ToLookup(child => child.Edge!.MissingPath!, StringComparer.Ordinal);
        var missing = new HashSet<string>(StringComparer.Ordinal);
        var found = new HashSet<GraphLink> { link };
        var open = new Queue<GraphLink>(found);
        while (open.TryDequeue(out GraphLink? next))
        {
            GraphLink?[] below = [next.Parent, next.Edge?.LikelyParent];
            IEnumerable<GraphLink> beside =
                next.Edge?.MissingPath is { } path && missing.Add(path) ? orphans[path] : [];
            foreach (GraphLink? neighbour in
                below.Concat(next.Children).Concat(likelyChildren[next]).Concat(beside))
            {
                if (neighbour is not null && found.Add(neighbour)) { open.Enqueue(neighbour); }
            }
        }
        return [.. Links.Where(found.Contains)];
    }
}
