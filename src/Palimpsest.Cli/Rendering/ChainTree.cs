using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Draws the links of a chain report as trees. Used once.</summary>
internal sealed class ChainTree
{
    // VMware's limit for a chain. What is deeper is drawn at this depth: hostile chains have thousands of
    // links, and lines must not grow with them.
    private const int DrawnDepth = 32;

    private const string Down = "│  ", Blank = "   ";

    private readonly TextOutput output;
    private readonly ChainReport report;
    private readonly Dictionary<string, ChainEdgeReport> edgeByChild;
    private readonly ILookup<string, ChainLinkReport> childrenByParent;
    private readonly ILookup<string?, ChainProblemReport> problemsByLink;
    private readonly HashSet<string> drawn = new(StringComparer.Ordinal);

    public ChainTree(TextOutput output, ChainReport report)
    {
        this.output = output;
        this.report = report;
        edgeByChild = report.Edges.ToDictionary(edge => edge.Child, StringComparer.Ordinal);
        childrenByParent = report.Links.Where(link => EdgeOf(link)?.Parent is not null)
            .ToLookup(link => EdgeOf(link)!.Parent!, StringComparer.Ordinal);
        problemsByLink = report.Problems.ToLookup(problem => problem.Link);
    }

    /// <summary>All trees: bases, then what lost its parent, then what runs in circles.</summary>
    public void Write()
    {
        foreach (ChainLinkReport link in report.Links.Where(link => EdgeOf(link) is null))
        {
            Draw([new Branch(link, "", "", 0)]);
        }
        ILookup<(string?, string), ChainLinkReport> orphans = report.Links
            .Where(link => EdgeOf(link) is { Parent: null })
            .ToLookup(link => (EdgeOf(link)!.Hint, EdgeOf(link)!.State));
        foreach (IGrouping<(string? Hint, string State), ChainLinkReport> family in orphans)
        {
            output.Write(family.Key.Hint ?? "a parent without a name", TextStyle.Dim).Write("  ")
                .WriteLine(WhyAbsent(family.Key.State), TextStyle.Bad);
            Draw(Below([.. family], "", 1));
        }
        foreach (ChainLinkReport link in report.Links)
        {
            if (!drawn.Contains(link.Path)) { Draw([new Branch(link, "", "", 0)]); }
        }
    }

    private ChainEdgeReport? EdgeOf(ChainLinkReport link) => edgeByChild.GetValueOrDefault(link.Path);

    private static string WhyAbsent(string state) => state switch
    {
        "parentOutside" => "elsewhere, not followed",
        "parentNotADisk" => "no disk",
        _ => "not here",
    };

    private static IEnumerable<Branch> Below(IReadOnlyList<ChainLinkReport> links, string prefix, int depth)
    {
        bool isTooDeep = depth > DrawnDepth;
        for (int i = 0; i < links.Count; i++)
        {
            bool isLast = i == links.Count - 1;
            yield return new Branch(links[i], isTooDeep ? prefix : prefix + (isLast ? "└─ " : "├─ "),
                isTooDeep ? prefix : prefix + (isLast ? Blank : Down), depth);
        }
    }

    private void Draw(IEnumerable<Branch> branches)
    {
        var open = new Stack<Branch>(branches.Reverse());
        while (open.TryPop(out Branch? branch))
        {
            if (!drawn.Add(branch.Link.Path))
            {
                output.Write(branch.First, TextStyle.Dim).Write(branch.Link.Name)
                    .WriteLine("  again: the chain runs in a circle", TextStyle.Bad);
                continue;
            }
            ChainLinkReport[] children = [.. childrenByParent[branch.Link.Path]];
            WriteLink(branch, children.Length > 0);
            foreach (Branch child in Below(children, branch.Next, branch.Depth + 1).Reverse())
            {
                open.Push(child);
            }
        }
    }

    private void WriteLink(Branch branch, bool hasChildren)
    {
        ChainLinkReport link = branch.Link;
        bool isGood = EdgeOf(link) is null or { State: "good" };
        output.Write(branch.First, isGood ? TextStyle.Dim : TextStyle.Bad)
            .Write(PathText.Beside(link.Path, Path.Combine(report.Folder, "x")), TextStyle.Strong)
            .Write("  ").Write(FactsOf(link, branch.Depth));
        if (link.IsNamed) { output.Write("  <- this one", TextStyle.Warning); }
        if (link.IsHead && EdgeOf(link) is not null) { output.Write("  head", TextStyle.Strong); }
        if (link.RunBy.Count > 0)
        {
            string uses = string.Join(", ", link.RunBy.Select(use => $"{use.Settings} {use.Node}"));
            output.Write($"  running: {uses}", TextStyle.Good);
        }
        output.EndLine();
        string under = branch.Next + (hasChildren && branch.Depth < DrawnDepth ? Down : Blank);
        foreach (ChainFreezeReport frozen in link.FrozenBy)
        {
            output.Write(under, TextStyle.Dim).WriteLine(SnapshotOf(frozen));
        }
        foreach (ChainProblemReport problem in problemsByLink[link.Path])
        {
            ChainText.WriteProblem(output, report, problem, under);
        }
    }

    private static string FactsOf(ChainLinkReport link, int depth)
    {
        var facts = new List<string>
        {
            $"{(link.CapacityBytes is { } bytes ? SizeText.Short(bytes) : "?")} {link.CreateType ?? "?"}",
        };
        if (link.StoredBytes is { } stored) { facts.Add($"{SizeText.Short(stored)} stored"); }
        if (link.ContentId is { } id) { facts.Add($"CID {id}"); }
        if (link.ModifiedUtc is { } time) { facts.Add(TimeText.Short(time)); }
        if (depth > DrawnDepth) { facts.Add($"link {depth + 1} of its chain"); }
        return string.Join(", ", facts);
    }

    /// <summary>A snapshot in one phrase.</summary>
    public static string SnapshotOf(ChainFreezeReport frozen)
    {
        string text = $"snapshot {frozen.Uid}";
        if (frozen.Name is { } name) { text += $" \"{name}\""; }
        if (frozen.CreatedUtc is { } time) { text += $", {TimeText.Short(time)}"; }
        return frozen.IsCurrent ? text + ", current" : text;
    }

    /// <summary>A link to draw: what stands before its line, and before all lines below it.</summary>
    private sealed record Branch(ChainLinkReport Link, string First, string Next, int Depth);
}
