namespace Palimpsest.Core.Findings;

/// <summary>Findings about seals and what became of the disks under them: VMDK73xx.</summary>
public static class SealFindings
{
    /// <summary>Not a seal, or a damaged one.</summary>
    public static readonly FindingCode NotASeal = new("VMDK7300", Severity.Refusal, ExitCodes.Damaged,
        "This is not a whole seal",
        "It was not written by 'vmdk seal', was edited, or is damaged. A seal is replaced whole or not at "
        + "all, so that an interrupted run does not leave half of one.",
        "Look for another copy of the seal. Without one, what the disk was cannot be known; compare it with "
        + "a copy: vmdk compare DISK COPY");

    /// <summary>Root and chunk list disagree.</summary>
    public static readonly FindingCode RootMismatch = new("VMDK7301", Severity.Refusal, ExitCodes.Damaged,
        "The root of the seal does not belong to its chunks",
        "The seal is damaged, or somebody changed hashes in it without changing the root.",
        "Compare its root with a note of it kept elsewhere, and look for another copy of the seal.");

    /// <summary>Capacity differs.</summary>
    public static readonly FindingCode OtherDisk = new("VMDK7302", Severity.Refusal, ExitCodes.Refused,
        "The seal is of a disk of another size",
        "The disk was resized since, or this is the seal of another one.",
        "Name the right seal with --seal. Parts of a resized disk are compared with an older copy: "
        + "vmdk compare DISK COPY");

    /// <summary>Unknown version.</summary>
    public static readonly FindingCode UnknownVersion = new("VMDK7303", Severity.Refusal,
        ExitCodes.Unsupported,
        "The seal is of a version that is not known here",
        "A newer program wrote it.",
        "Verify it with the program that made it, or a newer one.");

    /// <summary>Written during the read.</summary>
    public static readonly FindingCode ChangedWhileSealed = new("VMDK7304", Severity.Refusal,
        ExitCodes.Refused,
        "The disk was written while it was being sealed",
        "A file of the chain changed between the beginning and the end of the read: a virtual machine or "
        + "another tool uses it. No seal was written.",
        "Seal a frozen link: shut the machine down, or take a snapshot and seal what lies under it.");

    /// <summary>Content changed through a tool.</summary>
    public static readonly FindingCode Written = new("VMDK7305", Severity.Warning, ExitCodes.Finding,
        "Somebody wrote to the sealed disk",
        "The content differs, and so do the CID, the size, the time of change or the storage of the files "
        + "that hold it: the change went through a program.",
        "Find out who: a machine that was started from the base, or a tool. Then restore the disk, or, when "
        + "the change was meant, seal it again: vmdk seal DISK --replace");

    /// <summary>Content changed by itself.</summary>
    public static readonly FindingCode Rot = new("VMDK7306", Severity.Error, ExitCodes.Damaged,
        "Content of the sealed disk has rotted",
        "The content differs although CID, size and time of change of the files that hold it are as they "
        + "were sealed: no program wrote there. A failing disk, controller or memory did, or something that "
        + "hides its traces.",
        "Restore the ranges from a backup or another copy, and look at the hardware before anything else is "
        + "written to it.");

    /// <summary>Readable when sealed, not any more.</summary>
    public static readonly FindingCode Unreadable = new("VMDK7307", Severity.Error,
        ExitCodes.SourceUnreadable,
        "Sealed content cannot be read any more",
        "It could be read when the disk was sealed. The host's disk reports an error there now, or the file "
        + "ends before it.",
        "Copy what can be read: vmdk convert DISK COPY --keep-scars. Keep the original as it is.");

    /// <summary>Same content in other files.</summary>
    public static readonly FindingCode FilesChanged = new("VMDK7308", Severity.Info, ExitCodes.Fine,
        "The content is as sealed, its files are not",
        "The disk was copied, moved, consolidated or opened for writing since, or its permissions changed; "
        + "no byte that the guest sees has.",
        "Nothing needs to be done. To record the files as they are now: vmdk seal DISK --replace");

    /// <summary>A scar that healed.</summary>
    public static readonly FindingCode Unsealed = new("VMDK7309", Severity.Info, ExitCodes.Fine,
        "What could not be read when the disk was sealed can be read now",
        "The seal has no hash of these ranges, so nothing can be said about their content.",
        "Seal the disk again to include them: vmdk seal DISK --replace");
}
