namespace Palimpsest.Core.Findings;

/// <summary>Findings about links and how they fit together: VMDK7xxx.</summary>
public static class ChainFindings
{
    /// <summary>Parent missing.</summary>
    public static readonly FindingCode ParentMissing = new("VMDK7001", Severity.Refusal, ExitCodes.ChainIncomplete,
        "The parent of a snapshot is missing",
        "This disk holds only what was written after the snapshot; everything else is in its parent, which was not found.",
        "Bring the named parent, with its data file, into the folder of this disk.");

    /// <summary>Parent's content id differs.</summary>
    public static readonly FindingCode ContentIdMismatch = new("VMDK7002", Severity.Refusal, ExitCodes.ChainIncomplete,
        "The parent was changed after the snapshot was taken",
        "The child remembers its parent's content id, and the parent has another one now: something wrote to the parent, "
        + "or another copy of it was put in its place. Read together they may be a mixture of two times.",
        "Do not edit the id yet. Find out what wrote to the parent, and look for its older copy. The parent opens alone.");

    /// <summary>Capacities differ.</summary>
    public static readonly FindingCode CapacityMismatch = new("VMDK7003", Severity.Refusal, ExitCodes.ChainIncomplete,
        "Parent and child differ in capacity",
        "All links of a chain have the same size. One of them was resized alone, or this is not its parent.",
        "Look for the parent that has the child's size. The parent opens alone.");

    /// <summary>A loop.</summary>
    public static readonly FindingCode Loop = new("VMDK7004", Severity.Refusal, ExitCodes.Damaged,
        "The chain runs in a circle",
        "A disk is named as its own ancestor.",
        "Correct parentFileNameHint in a copy of the descriptor that is wrong.");

    /// <summary>Too long.</summary>
    public static readonly FindingCode TooDeep = new("VMDK7005", Severity.Refusal, ExitCodes.Damaged,
        "The chain has too many links",
        "VMware allows 32 links; more than 255 are taken for an attack or a mistake.",
        "Check the parentFileNameHint lines of the descriptors.");

    /// <summary>Delta extent without descriptor.</summary>
    public static readonly FindingCode BareDelta = new("VMDK7006", Severity.Refusal, ExitCodes.ChainIncomplete,
        "This is the data of a link, without its descriptor",
        "A sparse extent says only what was written to it. Whether the rest is zero or in a parent is written in the "
        + "descriptor, so it cannot be read alone.",
        "Open the descriptor instead. If it is lost, rebuild it with: vmdk describe FILE");

    /// <summary>Change tracking file.</summary>
    public static readonly FindingCode ChangeTrackingFile = new("VMDK7007", Severity.Refusal, ExitCodes.Unsupported,
        "This is a change tracking file, not a disk",
        "It lists which blocks of a disk changed; it holds no content.",
        "Open the disk it belongs to: the file of the same name without -ctk.");

    /// <summary>Extent capacity differs from header.</summary>
    public static readonly FindingCode ExtentSizeMismatch = new("VMDK7008", Severity.Refusal, ExitCodes.Damaged,
        "The descriptor and the extent's own header disagree about its size",
        "One of the two was changed alone, or the extent belongs to another disk.",
        "Compare the extent line with the header's capacity, on a copy of the disk. Repair does not choose between "
        + "the two: if the extent belongs there, correct the line's number of sectors by hand, otherwise restore "
        + "the file from a backup.");

    /// <summary>Not the format that the descriptor says.</summary>
    public static readonly FindingCode ExtentFormatMismatch = new("VMDK7009", Severity.Refusal, ExitCodes.Damaged,
        "An extent file is not of the type that the descriptor names",
        "The file was replaced or overwritten, or the extent line is wrong.",
        "Check which file belongs there.");

    /// <summary>Children depend on this disk.</summary>
    public static readonly FindingCode HasChildren = new("VMDK7010", Severity.Refusal, ExitCodes.Refused,
        "Other disks depend on this one as their parent",
        "Writing to a disk that has snapshots on top makes every one of them unreadable.",
        "Write to the newest snapshot instead, or delete the snapshots first.");

    /// <summary>Not writable format.</summary>
    public static readonly FindingCode NotWritable = new("VMDK7011", Severity.Refusal, ExitCodes.Unsupported,
        "Disks of this type cannot be changed in place",
        "Stream-optimised disks are written once, and the journal of seSparse deltas is not published.",
        "Convert it first, then change the copy: vmdk convert DISK COPY");

    /// <summary>VMware lock folder.</summary>
    public static readonly FindingCode VmwareLock = new("VMDK7012", Severity.Refusal, ExitCodes.Locked,
        "A VMware product holds a lock on this disk",
        "There is a .lck folder beside it: the virtual machine is running or suspended, or the product died.",
        "Shut the machine down. If it is certain that nothing runs, move the .lck folder away and try again.");

    /// <summary>Parent format unusable.</summary>
    public static readonly FindingCode ParentNotADisk = new("VMDK7013", Severity.Refusal, ExitCodes.ChainIncomplete,
        "The named parent is not a VMDK disk",
        "parentFileNameHint leads to a file that has neither a descriptor nor a known header.",
        "Find the right parent and bring it into the folder under the name in the descriptor.");

    /// <summary>Special file.</summary>
    public static readonly FindingCode NotAFile = new("VMDK7014", Severity.Refusal, ExitCodes.Refused,
        "This is neither a file nor a block device",
        "Pipes, sockets and folders cannot hold a disk.",
        "Name the descriptor or the data file.");

    /// <summary>Header larger than the extent line.</summary>
    public static readonly FindingCode HeaderAheadOfLine = new("VMDK7016", Severity.Warning, ExitCodes.Finding,
        "The extent's header declares more than its extent line",
        "A resize was interrupted after the data file was grown and before the descriptor was. The disk has its old size.",
        "Run the resize again: vmdk resize DISK SIZE");
}
