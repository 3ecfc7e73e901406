using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>How a link stands on the parent that its descriptor names.</summary>
public enum EdgeState
{
    /// <summary>Content id and capacity fit.</summary>
    Good,

    /// <summary>The parent has another content id than the child remembers.</summary>
    ContentIdMismatch,

    /// <summary>As before, and another link of the graph has exactly what the child remembers.</summary>
    WrongBase,

    /// <summary>The two differ in capacity.</summary>
    CapacityMismatch,

    /// <summary>There is no such file.</summary>
    ParentMissing,

    /// <summary>The name leads out of the folder and was not followed.</summary>
    ParentOutside,

    /// <summary>The named file is there, and is no link.</summary>
    ParentNotADisk,

    /// <summary>The link is its own ancestor.</summary>
    Loop,
}

/// <summary>The way from a child to its parent. Immutable once the graph is built.</summary>
public sealed class GraphEdge
{
    internal GraphEdge(GraphLink child, string? hint)
    {
        Child = child;
        Hint = hint;
    }

    /// <summary>The link that stands above.</summary>
    public GraphLink Child { get; }

    /// <summary>The link it stands on, as far as the name leads to one; whether it fits or not.</summary>
    public GraphLink? Parent { get; internal set; }

    /// <summary><c>parentFileNameHint</c>, as written; null when it is absent.</summary>
    public string? Hint { get; }

    /// <summary>Real path of the file that the hint leads to; null when there is none.</summary>
    public string? ParentPath { get; internal set; }

    /// <summary>Where a parent would be that is not there; null where a file is, or no hint.</summary>
    public string? MissingPath => ParentPath is null && Hint is { Length: > 0 } hint
        ? HostPath.Combine(HostPath.FolderOf(Child.Path), HostPath.NameOf(hint.Replace('\\', '/'))) : null;

    /// <summary>
    /// True when the hint names another folder, and the file was found by its bare name beside the child.
    /// </summary>
    public bool IsFoundByBareName { get; internal set; }

    /// <summary>How well it fits.</summary>
    public EdgeState State { get; internal set; } = EdgeState.Good;

    /// <summary>What is wrong; null for a good edge, and for all edges of a loop but one.</summary>
    public Finding? Finding { get; internal set; }

    /// <summary>
    /// Where the edge is not good: other links that have exactly the content id and the capacity that the
    /// child remembers. More than one when ids repeat.
    /// </summary>
    public IReadOnlyList<GraphLink> LikelyParents { get; internal set; } = [];

    /// <summary>The one likely parent; null where there is none, or where it could be several.</summary>
    public GraphLink? LikelyParent => LikelyParents.Count == 1 ? LikelyParents[0] : null;

    /// <summary>
    /// Where the parent is missing: a data file without a descriptor whose name says that it is the parent's.
    /// </summary>
    public string? LikelyParentData { get; internal set; }
}
