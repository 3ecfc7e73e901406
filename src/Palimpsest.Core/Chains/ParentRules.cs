using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Chains;

/// <summary>
/// How a link finds its parent, and when it may stand on it: one set of rules for opening a chain and for
/// drawing it.
/// </summary>
internal static class ParentRules
{
    /// <summary>True when the descriptor names a parent, by id or by file.</summary>
    public static bool HasParent(VmdkDescriptor descriptor) =>
        descriptor.ParentContentId is { } id && id != VmdkDescriptor.NoParent
        || !string.IsNullOrEmpty(descriptor.ParentFileNameHint);

    /// <summary>Real path of a link's parent; null when it has none. Refuses what cannot be found.</summary>
    public static string? Find(Link link, HostNames names, FindingList findings)
    {
        if (link.Descriptor is not { } descriptor || !HasParent(descriptor)) { return null; }
        if (descriptor.ParentFileNameHint is not { Length: > 0 } hint)
        {
            throw findings.Refuse(ChainFindings.ParentMissing, link.Path,
                $"parentCID is {descriptor.ParentContentId:x8}, and parentFileNameHint does not say which "
                + "file that is",
                field: "parentFileNameHint");
        }
        return names.ResolveParent(names.FolderOf(link.Path), hint, link.Path, findings);
    }

    /// <summary>Why a link cannot stand on a parent; null when it can. Both have their descriptors.</summary>
    public static Finding? Misfit(Link child, Link parent)
    {
        if (parent.Descriptor is null)
        {
            return new Finding(ChainFindings.ParentNotADisk, child.Path, $"{parent.Path} has no descriptor");
        }
        uint? expected = child.Descriptor!.ParentContentId, found = parent.Descriptor.ContentId;
        if (expected is null || found is null || expected != found)
        {
            return new Finding(ChainFindings.ContentIdMismatch, child.Path,
                $"parentCID is {Text(expected)}, and {parent.Path} has CID {Text(found)}",
                Field: "parentCID");
        }
        return child.Descriptor.CapacityBytes == parent.Descriptor.CapacityBytes ? null
            : new Finding(ChainFindings.CapacityMismatch, child.Path,
                $"it has {child.Descriptor.CapacityBytes} bytes and {parent.Path} "
                + $"{parent.Descriptor.CapacityBytes}");
    }

    private static string Text(uint? contentId) => contentId is { } id ? $"{id:x8}" : "not readable";
}
