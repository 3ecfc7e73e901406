namespace Palimpsest.Core.Findings;

/// <summary>Findings about rebuilding a lost descriptor: VMDK11xx.</summary>
public static class DescribeFindings
{
    /// <summary>A side file cannot be used.</summary>
    public static readonly FindingCode WitnessUnusable = new("VMDK1100", Severity.Warning, ExitCodes.Finding,
        "A file beside the disk could not be used",
        "Settings, snapshot lists, logs and sibling descriptors say what a lost descriptor said. This one "
        + "cannot be read, or is not what its name promises, so its word is missing.",
        "If the values shown look right, nothing has to be done. Otherwise bring an intact copy of it and "
        + "run it again.");

    /// <summary>There is a descriptor already.</summary>
    public static readonly FindingCode DescriptorExists = new("VMDK1101", Severity.Refusal, ExitCodes.Refused,
        "There is a file where the descriptor would go",
        "It is a descriptor, or data. A descriptor that exists knows more than one that is rebuilt, and it "
        + "is never overwritten.",
        "Look at it with: vmdk check DISK. If it is worthless, move it away and run the same command again.");

    /// <summary>Not a data file.</summary>
    public static readonly FindingCode NothingToDescribe =
        new("VMDK1102", Severity.Refusal, ExitCodes.Refused,
        "This file is no data that lacks a descriptor",
        "A descriptor is written for data: a flat file, a delta, a sparse extent. This is something else, "
        + "or its descriptor is in place.",
        "Name the data file: NAME-flat.vmdk, NAME-000001-delta.vmdk, NAME-s001.vmdk.");

    /// <summary>Parent not known.</summary>
    public static readonly FindingCode ParentUnknown =
        new("VMDK1103", Severity.Refusal, ExitCodes.ChainIncomplete,
        "It cannot be known which disk is the parent",
        "A delta holds only what was written after a snapshot, and does not say of which disk. Attached to "
        + "a wrong parent it gives a mixture that looks like a disk.",
        "Bring the .vmsd and .vmx files of the machine into the folder, or name the parent with --parent "
        + "FILE.");

    /// <summary>Parent has no descriptor.</summary>
    public static readonly FindingCode ParentDescriptorMissing = new("VMDK1104", Severity.Refusal,
        ExitCodes.ChainIncomplete,
        "The parent has no readable descriptor",
        "The content id of the parent goes into the child, so the parent's descriptor is needed first.",
        "Rebuild the parent's descriptor first: vmdk describe PARENT-flat.vmdk. Then run this again.");

    /// <summary>Children disagree.</summary>
    public static readonly FindingCode ChildrenDisagree = new("VMDK1105", Severity.Refusal, ExitCodes.Refused,
        "Snapshots on top expect different contents",
        "Each child remembers the content id that its parent had. They remember different ones, so at least "
        + "one of them belongs to another state of this disk, and no id suits all.",
        "Find out which snapshot the machine runs from, move the others away, or give the id with --cid.");

    /// <summary>Size differs from what others say.</summary>
    public static readonly FindingCode SizeDiffers = new("VMDK1106", Severity.Warning, ExitCodes.Finding,
        "The data has another size than the disk had",
        "A snapshot or a log names a size, and the file has another one: bytes were cut off, or appended as "
        + "ransomware does.",
        "The size that the snapshots rely on is used. What is missing reads as an error, not as zeros; look "
        + "for a longer copy.");

    /// <summary>A piece of a split set is missing.</summary>
    public static readonly FindingCode PieceMissing =
        new("VMDK1107", Severity.Refusal, ExitCodes.ChainIncomplete,
        "A piece of a split disk is missing",
        "The pieces are numbered. Without one of them everything behind it would move to a wrong place.",
        "Bring the named piece into the folder and run the same command again.");

    /// <summary>Piece sizes are unusual.</summary>
    public static readonly FindingCode PiecesUneven = new("VMDK1108", Severity.Warning, ExitCodes.Finding,
        "The pieces of a split disk are not equally large",
        "All pieces but the last one are as large as the first. A piece that is not may be cut short.",
        "Check the copy of the named piece before the disk is used.");

    /// <summary>Holes beyond knowledge.</summary>
    public static readonly FindingCode Guessed = new("VMDK1109", Severity.Info, ExitCodes.Fine,
        "A value is a common one, not the one that was lost",
        "Nothing beside the disk tells what it was.",
        "The content of the disk does not depend on it. If the guest does not start, correct it in the "
        + "descriptor.");

    /// <summary>A change tracking file is there.</summary>
    public static readonly FindingCode ChangeTrackingDropped =
        new("VMDK1110", Severity.Warning, ExitCodes.Finding,
        "A change tracking file is there and is not used",
        "Whether it still matches the data cannot be known, and a backup that relies on a wrong one loses "
        + "changes.",
        "Reset changed block tracking on the virtual machine before the next incremental backup.");

    /// <summary>A delta is described as base, or the like.</summary>
    public static readonly FindingCode UnwritableName = new("VMDK1111", Severity.Refusal, ExitCodes.Refused,
        "The file's name cannot stand in a descriptor",
        "A descriptor has no way to write a quotation mark or a line end within a name.",
        "Rename the file, and run the same command again.");

    /// <summary>Log and children differ.</summary>
    public static readonly FindingCode WitnessesDiffer = new("VMDK1112", Severity.Info, ExitCodes.Fine,
        "Two sources say different things",
        "An older log, or settings that were changed later. The stronger one was followed.",
        "Look at the two values. If the weaker one is right, correct it in the descriptor.");

    /// <summary>Area too small.</summary>
    public static readonly FindingCode NoRoom = new("VMDK1113", Severity.Refusal, ExitCodes.Refused,
        "The extent has no room for its descriptor",
        "The area that the header reserves is smaller than the text.",
        "Convert a copy of the data with another tool, or name the extent from a descriptor written by "
        + "hand.");
}
