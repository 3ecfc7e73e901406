namespace Palimpsest.Core.Findings;

/// <summary>Findings about snapshots and the machine files that list them: VMDK75xx.</summary>
public static class SnapshotFindings
{
    /// <summary>Not the running link.</summary>
    public static readonly FindingCode NotTheHead = new("VMDK7500", Severity.Refusal, ExitCodes.Refused,
        "This is not the link that runs",
        "Other links stand on it: it is the past. A snapshot is taken of the present, the head of the chain.",
        "Name the head, or the machine's .vmx file.");

    /// <summary>No descriptor.</summary>
    public static readonly FindingCode NoDescriptor = new("VMDK7501", Severity.Refusal, ExitCodes.Refused,
        "A file without a descriptor cannot carry a snapshot",
        "A delta remembers the content id of what it stands on, and that is written in a descriptor.",
        "Name the descriptor, or make one: vmdk describe FILE");

    /// <summary>No machine, or several.</summary>
    public static readonly FindingCode NoMachine = new("VMDK7502", Severity.Refusal, ExitCodes.Refused,
        "Which virtual machine is meant is not clear",
        "A folder stands for its machine when there is exactly one .vmx file in it that can be read.",
        "Name the .vmx file, or a disk.");

    /// <summary>A machine's disk is not in its folder.</summary>
    public static readonly FindingCode DiskElsewhere =
        new("VMDK7503", Severity.Refusal, ExitCodes.ChainIncomplete,
        "A disk of the machine is not in the machine's folder",
        "The .vmx file names a disk that is not there, or that is a link to a file elsewhere. A snapshot of "
        + "the machine has to take in all of its disks.",
        "Bring the disk into the machine's folder, or name single disks.");

    /// <summary>Several machines on one disk.</summary>
    public static readonly FindingCode UsedTwice = new("VMDK7504", Severity.Refusal, ExitCodes.Refused,
        "The disk is attached in several places",
        "Two .vmx files, or two places of one, name the same link. After a snapshot they would no longer "
        + "name the same disk.",
        "Remove the .vmx file, or the entry, that is not in use.");

    /// <summary>Suspended machine.</summary>
    public static readonly FindingCode Suspended = new("VMDK7505", Severity.Refusal, ExitCodes.Refused,
        "The machine is suspended",
        "Its memory was saved, and belongs to its disks as they are now (checkpoint.vmState in the .vmx "
        + "file).",
        "Resume the machine and shut it down. If its memory is not needed, remove the line "
        + "checkpoint.vmState.");

    /// <summary>Nothing takes part.</summary>
    public static readonly FindingCode NothingTakesPart = new("VMDK7506", Severity.Refusal, ExitCodes.Refused,
        "There is no disk that takes part in snapshots",
        "The machine has no disks, or all that are meant have an independent mode, which keeps them out of "
        + "snapshots.",
        "Change the disk's mode to persistent in the .vmx file if it is to take part.");

    /// <summary>More than 32 links.</summary>
    public static readonly FindingCode TooManyLinks = new("VMDK7507", Severity.Refusal, ExitCodes.Refused,
        "The chain is as long as VMware allows",
        "VMware opens chains of up to 32 links.",
        "Merge snapshots first: vmdk snapshot delete, or vmdk snapshot consolidate.");

    /// <summary>24 links or more.</summary>
    public static readonly FindingCode ManyLinks = new("VMDK7508", Severity.Warning, ExitCodes.Finding,
        "The chain is getting long",
        "Every read may have to look through all links, and VMware opens no more than 32.",
        "Merge snapshots: vmdk snapshot delete, or vmdk snapshot consolidate.");

    /// <summary>vmfsSparse with seSparse.</summary>
    public static readonly FindingCode MixedDeltas = new("VMDK7509", Severity.Refusal, ExitCodes.Refused,
        "vmfsSparse and seSparse deltas do not go into one chain",
        "VMware keeps to one of the two formats in a chain, and seSparse cannot be written here.",
        "Take the snapshot in VMware, or choose a hosted delta: --format monolithicSparse");

    /// <summary>2 TiB and more.</summary>
    public static readonly FindingCode TooLargeForCowd =
        new("VMDK7510", Severity.Refusal, ExitCodes.Unsupported,
        "The disk is too large for a vmfsSparse delta",
        "The format counts sectors in 32 bits: it ends just below 2 TiB. VMware uses seSparse there.",
        "Choose a hosted delta: --format monolithicSparse");

    /// <summary>Cannot be a parent.</summary>
    public static readonly FindingCode NotAParent = new("VMDK7511", Severity.Refusal, ExitCodes.Refused,
        "A delta cannot be put on this link",
        "Its descriptor has no usable CID, or a descriptor cannot hold its name.",
        "Look at it with vmdk check DISK; vmdk repair DISK --dry-run says what can be put right. Give it a "
        + "name without quotes, backslashes and line breaks.");

    /// <summary>The snapshot list cannot be edited.</summary>
    public static readonly FindingCode ListUnusable = new("VMDK7512", Severity.Refusal, ExitCodes.Refused,
        "The machine's list of snapshots cannot be kept right",
        "The .vmsd file cannot be read, is none, or contradicts itself.",
        "Look at it with a text editor. When its snapshots are of no use any more, move it away: then the "
        + "links alone count.");

    /// <summary>Only one disk of several.</summary>
    public static readonly FindingCode OnlyThisDisk = new("VMDK7513", Severity.Warning, ExitCodes.Finding,
        "Only this disk of the machine is in the snapshot",
        "A disk was named, and its machine has others. Reverting brings back one disk, and leaves the "
        + "others as they are.",
        "Name the .vmx file to take all disks together.");

    /// <summary>No such snapshot.</summary>
    public static readonly FindingCode NoSuchSnapshot = new("VMDK7514", Severity.Refusal, ExitCodes.Refused,
        "There is no such snapshot",
        "A snapshot is named by its display name, its number, or the file name of the link that it froze.",
        "vmdk snapshot list DISK_OR_VM shows what there is.");

    /// <summary>Several match.</summary>
    public static readonly FindingCode AmbiguousSnapshot =
        new("VMDK7515", Severity.Refusal, ExitCodes.Refused,
        "Several snapshots have this name",
        "Display names need not differ, and a name may be another one's number.",
        "Name the snapshot by its number, or by the file name of the link that it froze.");

    /// <summary>A snapshot with other disks too.</summary>
    public static readonly FindingCode FrozeOthers = new("VMDK7516", Severity.Refusal, ExitCodes.Refused,
        "The snapshot froze other disks of the machine too",
        "A disk was named; done for it alone, the snapshot would no longer be one moment of the machine.",
        "Name the .vmx file instead of the disk.");

    /// <summary>The frozen link is missing.</summary>
    public static readonly FindingCode LinkGone = new("VMDK7517", Severity.Refusal, ExitCodes.ChainIncomplete,
        "The link that the snapshot froze is not there",
        "The list of snapshots names a file that was moved, renamed or deleted.",
        "Bring the file back into the machine's folder.");

    /// <summary>An entry without its file.</summary>
    public static readonly FindingCode EntryWithoutFile = new("VMDK7518", Severity.Warning, ExitCodes.Finding,
        "The list of snapshots names a link that is not there",
        "It was moved, renamed or deleted, or merged by a tool that does not know of the list.",
        "If the link is lost, take the entry out of the list: vmdk snapshot delete VM SNAPSHOT");

    /// <summary>List and chain contradict each other.</summary>
    public static readonly FindingCode NotAnAncestor = new("VMDK7519", Severity.Warning, ExitCodes.Finding,
        "The machine does not stand on a snapshot that it should stand on",
        "By the list the snapshot is an ancestor of the present, and the chain of the running link does not "
        + "go through the link that it froze.",
        "vmdk chain FOLDER shows the links. vmdk snapshot revert VM SNAPSHOT goes back to the snapshot.");

    /// <summary>needConsolidate.</summary>
    public static readonly FindingCode NeedsConsolidation =
        new("VMDK7520", Severity.Warning, ExitCodes.Finding,
        "A snapshot was deleted from the list, and its links were not merged",
        "VMware says so itself (snapshot.needConsolidate in the .vmsd file): a merge failed or was "
        + "interrupted.",
        "Merge all links: vmdk snapshot consolidate VM");

    /// <summary>A disk outside of the snapshot.</summary>
    public static readonly FindingCode NotInSnapshot = new("VMDK7521", Severity.Warning, ExitCodes.Finding,
        "A disk is not part of the snapshot",
        "It was attached later, or was kept out of the snapshot; or it is no longer attached. It stays as "
        + "it is.",
        "vmdk snapshot list VM shows which disks a snapshot froze.");

    /// <summary>Memory and settings stay.</summary>
    public static readonly FindingCode DisksOnly = new("VMDK7522", Severity.Warning, ExitCodes.Finding,
        "The snapshot also holds settings or memory, which are not touched",
        "VMware kept the machine's state in a .vmsn file. Only the disks go back; the guest starts as after "
        + "a power cut.",
        "To get memory and settings back, revert in VMware instead.");

    /// <summary>The present was named.</summary>
    public static readonly FindingCode IsThePresent = new("VMDK7523", Severity.Refusal, ExitCodes.Refused,
        "This link is the present, not a snapshot",
        "Nothing stands on it: it is what runs now.",
        "vmdk snapshot list DISK shows the moments that can be named.");

    /// <summary>VMware recorded a linked clone.</summary>
    public static readonly FindingCode ClonedByVmware = new("VMDK7524", Severity.Refusal, ExitCodes.Refused,
        "A linked clone stands on this snapshot",
        "The .vmsd file records it (snapshotN.clone). The clone would read wrong content once the link has "
        + "changed.",
        "Delete the clone, or make a full copy of it, in VMware; then the record goes away.");

    /// <summary>Links that the list does not know.</summary>
    public static readonly FindingCode UnlistedLinks = new("VMDK7525", Severity.Info, ExitCodes.Fine,
        "The chain has links that no snapshot of the list froze",
        "Deltas made by other tools, or left by a merge that VMware did not finish.",
        "They can be named by their file names; vmdk snapshot consolidate merges all of them.");

    /// <summary>No tree.</summary>
    public static readonly FindingCode BrokenTree = new("VMDK7526", Severity.Warning, ExitCodes.Finding,
        "The list of snapshots is no tree",
        "A snapshot names a parent that is not there, or two have one number; the file was damaged or "
        + "edited by hand.",
        "Look at the .vmsd file with a text editor, and compare with vmdk chain FOLDER.");
}
