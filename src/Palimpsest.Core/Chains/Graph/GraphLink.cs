using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>What was found of an extent's file.</summary>
public enum ExtentState
{
    /// <summary>It is there.</summary>
    Present,

    /// <summary>The type has no file: <c>ZERO</c>, <c>NOACCESS</c>.</summary>
    NoFile,

    /// <summary>It is there, and ends before the extent does.</summary>
    Short,

    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>The name leads out of the folder and was not followed.</summary>
    Outside,

    /// <summary>It is there, and is no file or cannot be opened.</summary>
    Unusable,
}

/// <summary>An extent of a link, looked at from outside.</summary>
/// <param name="Line">What the descriptor says.</param>
/// <param name="State">What was found.</param>
/// <param name="Path">Real path of the file; null when it was not found or there is none.</param>
public sealed record GraphExtent(ExtentLine Line, ExtentState State, string? Path);

/// <summary>A file of a link on its host.</summary>
/// <param name="Path">Real path.</param>
/// <param name="LengthBytes">Length.</param>
/// <param name="AllocatedBytes">What the host stores for it; null when it does not say.</param>
/// <param name="ModifiedUtc">Last change of content.</param>
public sealed record GraphFile(string Path, long LengthBytes, long? AllocatedBytes, DateTime ModifiedUtc);

/// <summary>
/// A node of the graph: one descriptor, with what it says and what is there of it. Immutable once the graph
/// is built; equal only to itself.
/// </summary>
public sealed class GraphLink
{
    private readonly List<Finding> findings = [];
    private readonly List<GraphLink> children = [];
    private readonly List<GraphMachineDisk> runBy = [];
    private readonly List<GraphSnapshot> frozenBy = [];

    internal GraphLink(string path, Link? link)
    {
        Path = path;
        Link = link;
        CapacityBytes = link?.Descriptor is { } descriptor ? CapacityOf(descriptor) : null;
    }

    /// <summary>Real path of the file that holds the descriptor.</summary>
    public string Path { get; }

    /// <summary>Bare name of that file.</summary>
    public string Name => HostPath.NameOf(Path);

    /// <summary>The link, its extents not opened; null when its descriptor could not be read.</summary>
    public Link? Link { get; }

    /// <summary>Its descriptor; null when that could not be read.</summary>
    public VmdkDescriptor? Descriptor => Link?.Descriptor;

    /// <summary>Size of the guest's disk in bytes; null when the descriptor does not say.</summary>
    public long? CapacityBytes { get; }

    /// <summary>The extents, in the order of the descriptor.</summary>
    public IReadOnlyList<GraphExtent> Extents { get; internal set; } = [];

    /// <summary>The files that were found, the descriptor's first, each once.</summary>
    public IReadOnlyList<GraphFile> Files { get; internal set; } = [];

    /// <summary>Bytes that the host stores for all its files; null when the host does not say.</summary>
    public long? StoredBytes
    {
        get
        {
            long? sum = 0;
            foreach (GraphFile file in Files) { sum += file.AllocatedBytes; }
            return sum;
        }
    }

    /// <summary>Newest change of its data files; of the descriptor where there are none.</summary>
    public DateTime? ModifiedUtc
    {
        get
        {
            IEnumerable<GraphFile> data = Files.Count > 1 ? Files.Skip(1) : Files;
            return data.Select(file => (DateTime?)file.ModifiedUtc).Max();
        }
    }

    /// <summary>The way to its parent; null for a base.</summary>
    public GraphEdge? Edge { get; internal set; }

    /// <summary>The link that its descriptor leads to, whether it fits or not.</summary>
    public GraphLink? Parent => Edge?.Parent;

    /// <summary>The links whose descriptors lead here, by path.</summary>
    public IReadOnlyList<GraphLink> Children => children;

    /// <summary>True when nothing stands on it.</summary>
    public bool IsHead => children.Count == 0;

    /// <summary>
    /// Links from the lowest one that was found up to this one, itself included; null where the chain runs in
    /// a circle.
    /// </summary>
    public int? LinkCount { get; internal set; }

    /// <summary>Disks of machines that run from it.</summary>
    public IReadOnlyList<GraphMachineDisk> RunBy => runBy;

    /// <summary>Snapshots that froze it.</summary>
    public IReadOnlyList<GraphSnapshot> FrozenBy => frozenBy;

    /// <summary>
    /// True when a machine of the folder runs from it or from something above it, or a snapshot froze it or
    /// something above it.
    /// </summary>
    public bool IsKnown { get; internal set; }

    /// <summary>What is wrong with it or worth knowing, its edge included; the worst first.</summary>
    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>How many findings more there were than are kept.</summary>
    public long DroppedFindings { get; private set; }

    internal void AddChild(GraphLink child) => children.Add(child);

    internal void RemoveChild(GraphLink child) => children.Remove(child);

    internal void AddUse(GraphMachineDisk disk) => runBy.Add(disk);

    internal void AddSnapshot(GraphSnapshot snapshot) => frozenBy.Add(snapshot);

    // One hostile descriptor must not fill memory with complaints, and thousands of them neither.
    internal void AddFindings(IEnumerable<Finding> more, long droppedCount = 0)
    {
        const int MaximumFindings = 16;
        findings.AddRange(more);
        DroppedFindings += droppedCount;
        List<Finding> sorted = [.. findings.OrderByDescending(finding => finding.Severity)];
        findings.Clear();
        findings.AddRange(sorted.Take(MaximumFindings));
        DroppedFindings += sorted.Count - findings.Count;
    }

    private static long? CapacityOf(VmdkDescriptor descriptor)
    {
        try { return descriptor.CapacityBytes; }
        catch (OverflowException) { return null; }
    }
}
