using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>Plans a new, empty delta on a link.</summary>
internal static class NewDelta
{
    // VMware's own limit is 62 TiB. Said here, because a plan must not fail when it is carried out.
    private const long MaximumCapacityBytes = 64L << 40;

    /// <summary>The kinds of deltas that can be made.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        [CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse];

    /// <summary>The step that makes it.</summary>
    /// <param name="name">Its name, free in the parent's folder.</param>
    /// <param name="chain">The chain it is to stand on, its parent first, open and whole.</param>
    /// <param name="kind">Its kind; null for the one that suits <paramref name="like"/>.</param>
    /// <param name="like">The link in whose place it comes, or its parent.</param>
    /// <param name="findings">Takes what stands against it.</param>
    /// <exception cref="ImageException">The parent cannot carry a delta, or not one of this kind.</exception>
    public static NewDeltaStep Step(
        string name, IReadOnlyList<Link> chain, string? kind, Link like, FindingList findings)
    {
        Link parent = chain[0];
        string parentName = HostPath.NameOf(parent.Path);
        uint contentId = ThrowUnlessParent(parent, [parentName, name], findings);
        return new NewDeltaStep
        {
            Path = name,
            Kind = ChooseKind(chain, kind, like, findings),
            Parent = parentName,
            ParentHint = parentName,
            ParentContentId = contentId,
            ContentId = DescriptorTemplate.NewContentId(),
            CapacityBytes = parent.Descriptor!.CapacityBytes,
        };
    }

    /// <summary>Storage that the delta takes while it is empty, at most, in bytes.</summary>
    public static long RoomBytes(NewDeltaStep step)
    {
        // Header, descriptor and slack; and two directories with an entry for each 32 MiB. Tables are holes.
        const long FixedBytes = 128 << 10, BytesOfEntries = 8, CoverBytes = 32 << 20;
        return FixedBytes + (((step.CapacityBytes / CoverBytes) + 1) * BytesOfEntries);
    }

    private static uint ThrowUnlessParent(Link parent, string[] names, FindingList findings)
    {
        if (parent.Descriptor is not { } descriptor)
        {
            throw findings.Refuse(SnapshotFindings.NoDescriptor, parent.Path, "it is taken as raw bytes");
        }
        if (descriptor.ContentId is not { } contentId || contentId == VmdkDescriptor.NoParent)
        {
            throw findings.Refuse(SnapshotFindings.NotAParent, parent.Path,
                $"its CID is {descriptor.Header("CID") ?? "missing"}", field: "CID");
        }

        // A backslash would be read as the slash of a path.
        if (names.Any(name => name.AsSpan().IndexOfAny("\"\r\n\\\0") >= 0))
        {
            throw findings.Refuse(SnapshotFindings.NotAParent, parent.Path,
                "its name has a quote, a backslash or a line break");
        }
        if (descriptor.CapacityBytes is <= 0 or > MaximumCapacityBytes)
        {
            throw findings.Refuse(SnapshotFindings.NotAParent, parent.Path,
                $"it has {descriptor.CapacityBytes} bytes");
        }
        return contentId;
    }

    private static string ChooseKind(IReadOnlyList<Link> chain, string? asked, Link like,
        FindingList findings)
    {
        string kind = asked is null ? KindLike(like)
            : Kinds.FirstOrDefault(known => known.Equals(asked, StringComparison.OrdinalIgnoreCase))
                ?? throw new BlockException(BlockErrorKind.Unsupported, null, null,
                    $"deltas of kind \"{asked}\" cannot be made; choose one of {string.Join(", ", Kinds)}");
        if (kind != CreateTypes.VmfsSparse) { return kind; }
        if (chain.FirstOrDefault(link => Has(link, ExtentType.SeSparse)) is { } seSparse)
        {
            throw findings.Refuse(SnapshotFindings.MixedDeltas, chain[0].Path,
                $"{seSparse.Path} is seSparse");
        }
        if (chain[0].Descriptor!.CapacityBytes is var capacityBytes
            && capacityBytes > CowdFile.MaxCapacityBytes)
        {
            throw findings.Refuse(SnapshotFindings.TooLargeForCowd, chain[0].Path,
                $"it has {capacityBytes} bytes, the format holds up to {CowdFile.MaxCapacityBytes}");
        }
        return kind;
    }

    // What VMware's own products put on such a link; a split disk stays split, for hosts that cannot hold
    // large files.
    private static string KindLike(Link link)
    {
        if (Has(link, ExtentType.Vmfs) || Has(link, ExtentType.VmfsSparse) || Has(link, ExtentType.SeSparse))
        {
            return CreateTypes.VmfsSparse;
        }
        bool isSplit = link.Descriptor?.CreateType?.Contains("GbMaxExtent",
            StringComparison.OrdinalIgnoreCase) == true;
        return isSplit ? CreateTypes.TwoGbMaxExtentSparse : CreateTypes.MonolithicSparse;
    }

    private static bool Has(Link link, ExtentType type) =>
        link.Descriptor?.Extents.Any(extent => extent.Type == type) == true;
}
