namespace Palimpsest.Core.Findings;

/// <summary>Findings about all the links of a folder together: VMDK74xx.</summary>
public static class GraphFindings
{
    /// <summary>The hint names another disk than the one the delta was made on.</summary>
    public static readonly FindingCode WrongBase =
        new("VMDK7401", Severity.Refusal, ExitCodes.ChainIncomplete,
        "A delta is attached to the wrong base",
        "parentFileNameHint names a disk with another content id, and another disk of the folder has exactly "
        + "the id and the capacity that the delta remembers. A descriptor was edited or copied, files were "
        + "renamed, or a number was used again.",
        "Do not edit the ids. Look at the disk that is named as the likely parent: vmdk info PARENT");

    /// <summary>Data that no descriptor names.</summary>
    public static readonly FindingCode DataWithoutDescriptor =
        new("VMDK7402", Severity.Warning, ExitCodes.Finding,
        "No descriptor of the folder names this data file",
        "Its descriptor was lost or renamed, or the file was left behind when its disk was deleted.",
        "See what it is: vmdk describe FILE --dry-run");

    /// <summary>A temporary file of this tool.</summary>
    public static readonly FindingCode Leftover = new("VMDK7403", Severity.Warning, ExitCodes.Finding,
        "A file was left behind by an interrupted write",
        "This tool writes under a temporary name and renames at the end. Power was lost, or the process was "
        + "killed, in between; or it is still running.",
        "Run the interrupted command again, or delete the file. No disk needs it.");

    /// <summary>A delta that nothing uses.</summary>
    public static readonly FindingCode UnknownDelta = new("VMDK7404", Severity.Warning, ExitCodes.Finding,
        "No machine and no snapshot knows this delta",
        "It was left behind when a snapshot was deleted, most often a backup's; or the machine was pointed "
        + "to an older disk, and this delta holds what was written since.",
        "See how much it holds before anything is deleted: vmdk drift DISK");

    /// <summary>A snapshot without its disk.</summary>
    public static readonly FindingCode SnapshotDiskMissing =
        new("VMDK7405", Severity.Warning, ExitCodes.Finding,
        "A snapshot's disk is missing",
        "The snapshot list names a disk that is not in the folder: it was deleted, renamed or not copied "
        + "along. The machine cannot go back to that snapshot.",
        "Bring the named disk into the folder. If it is gone for good, remove the snapshot from the list.");

    /// <summary>needConsolidate is set.</summary>
    public static readonly FindingCode ConsolidationNeeded =
        new("VMDK7406", Severity.Warning, ExitCodes.Finding,
        "The machine waits for consolidation",
        "A snapshot was deleted from the list and its disks could not be merged: a lock, a full datastore or "
        + "a crash kept them. The chain goes on growing.",
        "See what a merge would cost: vmdk drift DISK. Then consolidate the machine's snapshots.");

    /// <summary>A machine's disk is missing.</summary>
    public static readonly FindingCode MachineDiskMissing =
        new("VMDK7407", Severity.Error, ExitCodes.ChainIncomplete,
        "A machine's disk is missing",
        "The settings name a disk that is not in the folder: it was deleted, renamed or not copied along. "
        + "The machine does not start.",
        "Bring the named disk into the folder, with its data file and its parents.");

    /// <summary>Writing below children.</summary>
    public static readonly FindingCode RunsBelowChildren =
        new("VMDK7408", Severity.Warning, ExitCodes.Finding,
        "A machine runs from a disk that must stay frozen",
        "Snapshots or deltas stand on this disk. When the machine is started it writes to it, and everything "
        + "that stands on it can no longer be read.",
        "Do not start the machine. Point its settings to the newest delta, after a look at: "
        + "vmdk drift DELTA");

    /// <summary>The running link does not stand on the current snapshot.</summary>
    public static readonly FindingCode NotOnCurrentSnapshot =
        new("VMDK7409", Severity.Warning, ExitCodes.Finding,
        "A machine does not run from its current snapshot",
        "The snapshot list says which snapshot was taken or gone back to last, and the disk the machine runs "
        + "from does not stand on what that snapshot froze: one of the two files is from another time.",
        "Compare the dates of the settings, the snapshot list and the disks before the machine is started.");

    /// <summary>More than three quarters of what VMware allows.</summary>
    public static readonly FindingCode LongChain = new("VMDK7410", Severity.Warning, ExitCodes.Finding,
        "The chain is near or over VMware's limit of 32 links",
        "Every snapshot adds a link, and each one slows reading. At 32 links no further snapshot can be "
        + "taken, and a longer chain does not start.",
        "See what each layer holds and what a merge would cost: vmdk drift DISK");

    /// <summary>A change tracking file of no link.</summary>
    public static readonly FindingCode TrackingWithoutDisk =
        new("VMDK7411", Severity.Warning, ExitCodes.Finding,
        "No descriptor names this change tracking file",
        "Its disk was deleted, or change tracking was reset and the file stayed. Backup programs fail over "
        + "such files.",
        "Move it away. It holds no content, and the next full backup makes a new one.");
}
