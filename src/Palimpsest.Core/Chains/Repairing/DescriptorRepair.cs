using Palimpsest.Core.Chains.Describing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Repairing;

/// <summary>Plans what mends the text of one descriptor, without changing what it means.</summary>
internal sealed class DescriptorRepair(IHost host, Link link, RepairOptions options, HostNames names,
    FindingList findings)
{
    private readonly List<string> reasons = [];

    /// <summary>The step, or null when the text needs none.</summary>
    public RepairStep? Plan()
    {
        if (link.DescriptorPlace is not { } place) { return null; }
        byte[] old = ReadPlace(place);
        ReadOnlySpan<byte> body = old.AsSpan();
        var before = new FindingList();
        if (body.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
            reasons.Add("the byte order mark before the text is left out");
        }
        VmdkDescriptor descriptor = DescriptorParser.Parse(body, link.Path, before);
        var editor = new DescriptorEditor(descriptor);
        var codes = before.Items.Select(finding => finding.Code).ToHashSet();
        if (codes.Contains(DescriptorFindings.StaleTail))
        {
            reasons.Add("old text behind the end is removed");
        }
        MendVersion(editor, codes);
        MendContentId(editor, descriptor);
        MendParentContentId(editor, descriptor);
        if (codes.Contains(DescriptorFindings.ContentIdOrder))
        {
            editor.PutContentIdFirst();
            reasons.Add("CID is put before parentCID");
        }
        MendCreateType(editor, descriptor);
        if (codes.Contains(DescriptorFindings.FlatWithoutOffset))
        {
            editor.WriteFlatOffsets();
            reasons.Add("the offset 0 of FLAT extents is written out");
        }
        byte[] text = editor.ToBytes();
        return reasons.Count > 0 && MeansTheSame(descriptor, text, before) ? StepFor(place, old, text) : null;
    }

    private RepairStep? StepFor(DescriptorPlace place, byte[] old, byte[] text)
    {
        if (!place.IsEmbedded)
        {
            return new RepairStep { FilePath = place.Path, Reasons = reasons, OldText = old, NewText = text };
        }
        if (text.Length > place.AreaBytes) { return null; }
        using HostFile file = host.Open(place.Path, HostAccess.Read);
        return new RepairStep
        {
            FilePath = place.Path, Reasons = reasons, Changes = ByteChange.ForEmbedded(file, place, text),
        };
    }

    private byte[] ReadPlace(DescriptorPlace place)
    {
        using HostFile file = host.Open(place.Path, HostAccess.Read);
        long length = place.AreaBytes ?? file.Length;
        if (length > VmdkDescriptor.MaximumBytes)
        {
            throw findings.Refuse(DescriptorFindings.TooLarge, place.Path, $"it has {length} bytes");
        }
        byte[] bytes = new byte[length];
        file.Read(place.OffsetBytes, bytes);
        return bytes;
    }

    private void MendVersion(DescriptorEditor editor, HashSet<FindingCode> codes)
    {
        if (codes.Contains(DescriptorFindings.NoVersion)) { reasons.Add("version=1 is added"); }
        else if (codes.Contains(DescriptorFindings.VersionNotFirst))
        {
            reasons.Add("the version line is put first");
        }
        else { return; }
        editor.PutVersionFirst();
    }

    private void MendContentId(DescriptorEditor editor, VmdkDescriptor descriptor)
    {
        if (descriptor.ContentId is { } id)
        {
            if (descriptor.Header("CID")!.Length == 8) { return; }
            editor.Set("CID", $"{id:x8}");
            reasons.Add($"CID is written in full: {id:x8}");
            return;
        }
        string folder = names.FolderOf(link.Path), name = HostPath.NameOf(link.Path);
        List<Sibling> children =
            [.. FolderSurvey.Read(host, folder, name, new FindingList()).ChildrenOf(name)];
        uint[] expected = [.. children.Select(child => child.Descriptor.ParentContentId!.Value).Distinct()];
        if (expected.Length > 1)
        {
            findings.Add(RepairFindings.ContentIdUndecided, link.Path,
                string.Join(", ", children.Select(child =>
                    $"{child.Name} expects {child.Descriptor.ParentContentId:x8}")), field: "CID");
            return;
        }
        uint chosen = expected.Length == 1 ? expected[0] : DescriptorTemplate.NewContentId();
        editor.SetContentId(chosen);
        reasons.Add(expected.Length == 1
            ? $"CID is set to {chosen:x8}, which {children[0].Name} expects"
            : $"CID is set to a new one, {chosen:x8}; no child expects another");
    }

    private void MendParentContentId(DescriptorEditor editor, VmdkDescriptor descriptor)
    {
        uint? id = descriptor.ParentContentId;
        if (id is { } sound && descriptor.Header("parentCID")!.Length != 8)
        {
            editor.SetParentContentId(sound);
            reasons.Add($"parentCID is written in full: {sound:x8}");
        }
        if (descriptor.ParentFileNameHint is not { Length: > 0 } hint)
        {
            if (id is null && !descriptor.Extents.Any(extent =>
                extent.Type is ExtentType.VmfsSparse or ExtentType.SeSparse))
            {
                editor.SetParentContentId(VmdkDescriptor.NoParent);
                reasons.Add("parentCID is set to ffffffff: the disk names no parent");
            }
            return;
        }
        if (ParentContentIdNow(hint) is not { } now || now == id) { return; }
        if (options.AcceptParent)
        {
            editor.SetParentContentId(now);
            reasons.Add($"parentCID is set to {now:x8}, the CID of {hint}, as asked for");
            return;
        }
        findings.Add(RepairFindings.ParentContentIdUndecided, link.Path,
            $"parentCID is {(id is null ? "not readable" : $"{id:x8}")}, and "
            + $"{DescriptorParser.Printable(hint)} has CID {now:x8}",
            field: "parentCID");
    }

    private uint? ParentContentIdNow(string hint)
    {
        try
        {
            string path = names.ResolveParent(names.FolderOf(link.Path), hint, link.Path, new FindingList());
            return LinkProbe.Read(host, path, new FindingList()).Descriptor?.ContentId;
        }
        catch (ImageException)
        {
            return null;
        }
    }

    private void MendCreateType(DescriptorEditor editor, VmdkDescriptor descriptor)
    {
        string? type = descriptor.CreateType;
        if (type is not null && (CreateTypes.IsReadable(type) || CreateTypes.IsRefused(type))) { return; }
        ExtentType[] kinds = [.. descriptor.Extents.Select(extent => extent.Type).Distinct()];
        if (kinds.Length == 0 || link.Format == LinkFormat.StreamOptimized) { return; }
        bool isSingle = descriptor.Extents.Count == 1;
        string fitting = kinds is not [var kind] ? CreateTypes.Custom : kind switch
        {
            ExtentType.Flat => isSingle ? CreateTypes.MonolithicFlat : CreateTypes.TwoGbMaxExtentFlat,
            ExtentType.Vmfs => CreateTypes.Vmfs,
            ExtentType.VmfsSparse => CreateTypes.VmfsSparse,
            ExtentType.SeSparse => CreateTypes.SeSparse,
            ExtentType.Sparse => link.DescriptorPlace!.IsEmbedded
                ? CreateTypes.MonolithicSparse : CreateTypes.TwoGbMaxExtentSparse,
            _ => CreateTypes.Custom,
        };
        editor.Set("createType", fitting);
        reasons.Add($"createType is set to {fitting}, which the extents are");
    }

    // The extents and everything refused must be what they were: a repair of the text never moves data.
    private bool MeansTheSame(VmdkDescriptor descriptor, byte[] text, FindingList before)
    {
        var after = new FindingList();
        VmdkDescriptor mended = DescriptorParser.Parse(text, link.Path, after);
        var known = before.Items.Select(finding => finding.Code).ToHashSet();
        return mended.Extents.SequenceEqual(descriptor.Extents)
            && mended.ParentFileNameHint == descriptor.ParentFileNameHint
            && !after.Items.Any(finding => finding.Severity == Severity.Refusal
                && !known.Contains(finding.Code));
    }
}
