using Palimpsest.Core.Chains.Graph;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>Who stands on whom, once what is proposed so far is done.</summary>
internal sealed class DecidedParents
{
    private readonly Dictionary<GraphLink, GraphLink> parents = [];

    /// <summary>A proposed parent.</summary>
    public void Decide(GraphLink child, GraphLink parent) => parents[child] = parent;

    /// <summary>Takes a proposal back.</summary>
    public void Withdraw(GraphLink child) => parents.Remove(child);

    /// <summary>The links from a head to its base; null while a way below it is broken.</summary>
    public IReadOnlyList<GraphLink>? ChainOf(GraphLink head)
    {
        var chain = new List<GraphLink>();
        for (GraphLink? next = head; next is not null; next = ParentOf(next))
        {
            if (chain.Count == ChainOpener.MaximumLinks) { return null; }
            chain.Add(next);
            if (next.Edge is not null && ParentOf(next) is null) { return null; }
        }
        return chain;
    }

    /// <summary>True when a link stands on another one.</summary>
    public bool StandsOn(GraphLink link, GraphLink ancestor)
    {
        GraphLink? next = link;
        for (int count = 0; next is not null && count < ChainOpener.MaximumLinks; count++)
        {
            next = ParentOf(next);
            if (next == ancestor) { return true; }
        }
        return false;
    }

    private GraphLink? ParentOf(GraphLink link) => parents.TryGetValue(link, out GraphLink? decided) ? decided
        : link.Edge?.State == EdgeState.Good ? link.Edge.Parent : null;
}
