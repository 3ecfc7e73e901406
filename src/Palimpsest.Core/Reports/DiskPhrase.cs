using Palimpsest.Core.Chains;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Reports;

/// <summary>Says in one phrase what a disk is.</summary>
internal static class DiskPhrase
{
    public static string For(DiskInspection inspection)
    {
        if (inspection.Links.Count == 0) { return "not a disk that can be opened"; }
        Link head = inspection.Links[0];
        if (head.Format == LinkFormat.Raw) { return "raw bytes without a descriptor"; }
        string what = PhraseFor(head.Descriptor!.CreateType);
        if (!head.Descriptor.HasParent) { return what; }
        int below = inspection.Links.Count - 1;
        string layers = below == 0 ? "a parent that was not found" : below == 1
            ? "1 layer" : $"{below} layers";
        return $"a snapshot over {layers}: {what}";
    }

    /// <summary>The phrase for a createType.</summary>
    public static string PhraseFor(string? createType) => createType?.ToLowerInvariant() switch
    {
        "monolithicflat" => "a disk in one flat file",
        "twogbmaxextentflat" or "2gbmaxextentflat" => "a disk in flat files of about 2 GB",
        "vmfs" or "vmfspreallocated" or "vmfseagerzeroedthick" or "vmfsthin" or "vmfsthick" =>
        "an ESXi disk in one flat file",
        "monolithicsparse" => "a growing disk in one sparse file",
        "twogbmaxextentsparse" or "2gbmaxextentsparse" => "a growing disk in sparse files of about 2 GB",
        "streamoptimized" => "a compressed disk for transport, written once",
        "vmfssparse" => "an ESXi delta (COWD)",
        "sesparse" or "vmfssesparse" => "an ESXi delta (space-efficient sparse)",
        "custom" => "a disk put together from extents of any kind",
        _ => CreateTypes.IsRefused(createType ?? "")
        ? "a disk whose data does not lie in files" : "a disk of unknown type",
    };
}
