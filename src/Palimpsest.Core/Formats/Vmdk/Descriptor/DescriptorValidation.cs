using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>
/// What a descriptor says about itself, held against itself. Files are looked at elsewhere.
/// </summary>
internal static class DescriptorValidation
{
    private static readonly string[] OnceOnly =
        ["version", "CID", "parentCID", "createType", "parentFileNameHint"];

    public static void Run(VmdkDescriptor descriptor, string path, FindingList findings)
    {
        CheckVersion(descriptor, path, findings);
        CheckDuplicates(descriptor, path, findings);
        CheckContentIds(descriptor, path, findings);
        CheckType(descriptor, path, findings);
        CheckExtents(descriptor, path, findings);
    }

    private static void CheckVersion(VmdkDescriptor descriptor, string path, FindingList findings)
    {
        string? version = descriptor.Header("version");
        if (version is null)
        {
            findings.Add(DescriptorFindings.NoVersion, path, "no version= line", field: "version");
        }
        else if (descriptor.Version is not (1 or 2 or 3))
        {
            findings.Add(DescriptorFindings.UnknownVersion, path,
                $"version={DescriptorParser.Printable(version)}; known are 1, 2 and 3", field: "version");
        }
        else if (!IsVersionFirst(descriptor))
        {
            findings.Add(DescriptorFindings.VersionNotFirst, path, "another line stands before version=",
                field: "version");
        }
    }

    // Comments may precede it anywhere. A blank line may not: other tools give up there.
    private static bool IsVersionFirst(VmdkDescriptor descriptor)
    {
        foreach (DescriptorLine line in descriptor.Lines)
        {
            if (line.Kind == DescriptorLineKind.Inert && line.Raw.TrimStart().StartsWith('#')) { continue; }
            return line.Kind == DescriptorLineKind.KeyValue
                && line.Key.Equals("version", StringComparison.OrdinalIgnoreCase);
        }
        return true;
    }

    private static void CheckDuplicates(VmdkDescriptor descriptor, string path, FindingList findings)
    {
        foreach (string key in OnceOnly)
        {
            string? first = null;
            foreach (DescriptorLine line in descriptor.Lines)
            {
                if (line.Kind != DescriptorLineKind.KeyValue
                    || !line.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }
                first ??= line.Value;
                if (line.Value != first)
                {
                    findings.Add(DescriptorFindings.DuplicateKey, path,
                        $"{key} is \"{DescriptorParser.Printable(first)}\" and "
                        + $"\"{DescriptorParser.Printable(line.Value)}\"",
                        field: key);
                    break;
                }
            }
        }
    }

    private static void CheckContentIds(VmdkDescriptor descriptor, string path, FindingList findings)
    {
        CheckContentId(descriptor, "CID", descriptor.ContentId, path, findings);
        CheckContentId(descriptor, "parentCID", descriptor.ParentContentId, path, findings);
        if (IndexOf(descriptor, "parentCID") is int parent && IndexOf(descriptor, "CID") is int own
            && parent < own)
        {
            findings.Add(DescriptorFindings.ContentIdOrder, path,
                "other tools may take the one for the other", field: "CID");
        }
        string? longId = descriptor.Database("longContentID");
        if (descriptor.ContentId is { } id && longId is { Length: 32 }
            && !longId.EndsWith($"{id:x8}", StringComparison.OrdinalIgnoreCase))
        {
            findings.Add(DescriptorFindings.LongContentIdDiffers, path,
                $"CID is {id:x8}, the long id ends in {DescriptorParser.Printable(longId.AsSpan(24))}",
                field: "ddb.longContentID");
        }
    }

    private static int? IndexOf(VmdkDescriptor descriptor, string key)
    {
        int index = Array.FindIndex(descriptor.Lines, line =>
            line.Kind == DescriptorLineKind.KeyValue
            && line.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
        return index < 0 ? null : index;
    }

    private static void CheckContentId(
        VmdkDescriptor descriptor, string key, uint? id, string path, FindingList findings)
    {
        string? text = descriptor.Header(key);
        if (id is null)
        {
            string seen = text is null ? "missing" : $"\"{DescriptorParser.Printable(text)}\"";
            findings.Add(DescriptorFindings.BadContentId, path, $"{key} is {seen}", field: key);
        }
        else if (text!.Length < 8)
        {
            findings.Add(DescriptorFindings.UnpaddedContentId, path, $"{key} is written as {text}",
                field: key);
        }
    }

    private static void CheckType(VmdkDescriptor descriptor, string path, FindingList findings)
    {
        string? type = descriptor.CreateType;
        if (type is null || (!CreateTypes.IsReadable(type) && !CreateTypes.IsRefused(type)))
        {
            string seen = type is null ? "missing" : $"\"{DescriptorParser.Printable(type)}\"";
            findings.Add(DescriptorFindings.UnknownCreateType, path, $"createType is {seen}",
                field: "createType");
        }
        else if (CreateTypes.IsRefused(type))
        {
            findings.Add(DescriptorFindings.UnsupportedCreateType, path, $"createType is \"{type}\"",
                field: "createType");
        }
        foreach (DescriptorLine line in descriptor.Lines)
        {
            if (line.Kind == DescriptorLineKind.KeyValue && IsEncryptionKey(line.Key))
            {
                findings.Add(DescriptorFindings.Encrypted, path, $"the key {line.Key} is present",
                    field: line.Key);
                break;
            }
        }
    }

    private static bool IsEncryptionKey(string key) =>
        key.StartsWith("ddb.crypto", StringComparison.OrdinalIgnoreCase)
        || key.Contains("keySafe", StringComparison.OrdinalIgnoreCase)
        || key.Equals("encryption.data", StringComparison.OrdinalIgnoreCase);

    private static void CheckExtents(VmdkDescriptor descriptor, string path, FindingList findings)
    {
        if (descriptor.Extents.Count == 0
            && !descriptor.Lines.Any(line => line.Kind == DescriptorLineKind.Extent))
        {
            findings.Add(DescriptorFindings.NoExtents, path, "no line begins with RW, RDONLY or NOACCESS");
        }
        long sectors = 0;
        foreach (ExtentLine extent in descriptor.Extents)
        {
            if (extent.SectorCount > (long.MaxValue / Sector.Bytes) - sectors)
            {
                findings.Add(DescriptorFindings.CapacityOverflow, path,
                    "the sizes of the extents do not fit in 63 bits");
                return;
            }
            sectors += extent.SectorCount;
            CheckExtentType(extent, path, findings);
        }
    }

    private static void CheckExtentType(ExtentLine extent, string path, FindingList findings)
    {
        string name = extent.FileName is null ? "" : $" (\"{DescriptorParser.Printable(extent.FileName)}\")";
        if (extent.Type == ExtentType.Unknown)
        {
            findings.Add(DescriptorFindings.UnknownExtentType, path,
                $"type {DescriptorParser.Printable(extent.TypeText)}{name}");
        }
        else if (extent.Type is ExtentType.VmfsRdm or ExtentType.VmfsRaw or ExtentType.VsanSparse)
        {
            findings.Add(DescriptorFindings.UnsupportedExtentType, path,
                $"type {ExtentLine.TextOf(extent.Type)}{name}");
        }
    }
}
