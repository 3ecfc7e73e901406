namespace Palimpsest.Core.Findings;

/// <summary>Findings about flat extents and raw images: VMDK2xxx.</summary>
public static class FlatFindings
{
    /// <summary>The flat file is shorter than the extent.</summary>
    public static readonly FindingCode Short = new("VMDK2001", Severity.Error, ExitCodes.Damaged,
        "A flat file is shorter than its extent",
        "The file was cut, or not copied to its end. What is missing is lost here; it does not read as "
        + "zeros.",
        "Look for a longer copy. What is there can be copied with: vmdk convert DISK COPY --keep-scars");

    /// <summary>The flat file is longer than the extent.</summary>
    public static readonly FindingCode Long = new("VMDK2002", Severity.Warning, ExitCodes.Finding,
        "A flat file is longer than its extent",
        "The descriptor is older than the file (the disk was grown), or the size in it is wrong. What lies "
        + "behind the extent's end is not part of the disk as it is described.",
        "If the disk should be as large as the file, rebuild the descriptor with: vmdk describe FLAT");

    /// <summary>The length is no multiple of a sector.</summary>
    public static readonly FindingCode PartialSector = new("VMDK2003", Severity.Warning, ExitCodes.Finding,
        "The length is not a whole number of sectors",
        "Something appended bytes to the file, or cut it in the middle of a sector. Ransomware appends its "
        + "keys so.",
        "The whole sectors are used. Look at the last bytes before you trust the end of the disk.");

    /// <summary>The file is empty.</summary>
    public static readonly FindingCode Empty = new("VMDK2004", Severity.Refusal, ExitCodes.Damaged,
        "The file is empty",
        "There is not one byte in it.",
        "Check that the right file was named and that it was copied whole.");

    /// <summary>Bytes without a descriptor.</summary>
    public static readonly FindingCode OpenedRaw = new("VMDK2005", Severity.Info, ExitCodes.Fine,
        "A raw image was opened without a descriptor",
        "The file is neither a descriptor nor an extent of a known format, so its bytes are the disk.",
        "Nothing is wrong. vmdk describe FLAT writes a descriptor beside it.");

    /// <summary>Less than a sector.</summary>
    public static readonly FindingCode TooSmall = new("VMDK2006", Severity.Refusal, ExitCodes.Damaged,
        "The file is smaller than one sector",
        "Neither a disk nor a descriptor is so small; the file was cut.",
        "Check that the right file was named and that it was copied whole.");
}
