using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>Holds the length of a chain against what VMware allows.</summary>
public static class ChainLength
{
    /// <summary>VMware's limit for the links of a chain, the base included.</summary>
    public const int VmwareLinkLimit = 32;

    /// <summary>A chain with more links is a finding: three quarters of the limit.</summary>
    public const int LongChainLinks = 24;

    /// <summary>The finding for a chain of so many links; null for one that is short enough.</summary>
    public static Finding? FindingFor(string headPath, int linkCount)
    {
        if (linkCount <= LongChainLinks) { return null; }
        int left = VmwareLinkLimit - linkCount;
        return new Finding(GraphFindings.LongChain, headPath, left >= 0
            ? $"the chain has {linkCount} links, {left} fewer than the limit"
            : $"the chain has {linkCount} links, {-left} more than the limit");
    }
}
