using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Chains.Cloning;

/// <summary>Which kind a clone is of, when nobody said.</summary>
public static class CloneKinds
{
    /// <summary>The kinds that a linked clone can be of.</summary>
    public static IReadOnlyList<string> Linked { get; } =
        [CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse];

    /// <summary>
    /// The kind of the chain's base, so that the clone suits the same product; monolithicFlat for what cannot
    /// be written, or is no disk of any product.
    /// </summary>
    /// <param name="links">The chain, head first.</param>
    public static string Independent(IReadOnlyList<Link> links)
    {
        ArgumentNullException.ThrowIfNull(links);
        return FamilyOf(links[^1]) switch
        {
            Family.Flat => CreateTypes.MonolithicFlat,
            Family.SplitFlat => CreateTypes.TwoGbMaxExtentFlat,
            Family.Vmfs => CreateTypes.Vmfs,
            Family.Sparse => CreateTypes.MonolithicSparse,
            Family.SplitSparse => CreateTypes.TwoGbMaxExtentSparse,
            Family.EsxDelta => CreateTypes.VmfsSparse,
            _ => CreateTypes.MonolithicFlat,
        };
    }

    /// <summary>
    /// The kind of delta that suits the chain's base: vmfsSparse for ESXi's, hosted sparse for all others.
    /// </summary>
    /// <param name="links">The chain, head first.</param>
    public static string Delta(IReadOnlyList<Link> links)
    {
        ArgumentNullException.ThrowIfNull(links);
        return FamilyOf(links[^1]) switch
        {
            Family.Vmfs or Family.EsxDelta or Family.EsxSpaceEfficient => CreateTypes.VmfsSparse,
            Family.SplitFlat or Family.SplitSparse => CreateTypes.TwoGbMaxExtentSparse,
            _ => CreateTypes.MonolithicSparse,
        };
    }

    private enum Family
    {
        Other, Flat, SplitFlat, Vmfs, Sparse, SplitSparse, EsxDelta, EsxSpaceEfficient,
    }

    private static Family FamilyOf(Link link)
    {
        if (link.Format is LinkFormat.Raw or LinkFormat.StreamOptimized) { return Family.Other; }
        string type = link.Descriptor!.CreateType ?? "";
        bool Is(string name) => type.Equals(name, StringComparison.OrdinalIgnoreCase);
        return Is(CreateTypes.MonolithicFlat) ? Family.Flat
            : Is(CreateTypes.TwoGbMaxExtentFlat) || Is("2GbMaxExtentFlat") ? Family.SplitFlat
            : Is(CreateTypes.MonolithicSparse) ? Family.Sparse
            : Is(CreateTypes.TwoGbMaxExtentSparse) || Is("2GbMaxExtentSparse") ? Family.SplitSparse
            : Is(CreateTypes.VmfsSparse) ? Family.EsxDelta
            : Is(CreateTypes.SeSparse) || Is("vmfsSeSparse") ? Family.EsxSpaceEfficient
            : CreateTypes.IsVmfs(type) ? Family.Vmfs : Family.Other;
    }
}
