namespace Palimpsest.Core.Findings;

/// <summary>Findings about changes of a chain that span several files: VMDK72xx.</summary>
public static class ChangeFindings
{
    /// <summary>The change file is no change.</summary>
    public static readonly FindingCode BadChangeFile = new("VMDK7200", Severity.Refusal, ExitCodes.Damaged,
        "The record of an unfinished change cannot be used",
        "A commit, or another change that spans several files, writes down what it does in "
        + "palimpsest-change.json beside the disk. This file was damaged, or written by a newer version.",
        "Finish the change with the version that began it. The head of the chain still has its whole content; "
        + "copy it with an older backup of the folder at hand, before anything else is tried.");

    /// <summary>The change file names files elsewhere.</summary>
    public static readonly FindingCode ChangeOutsideFolder = new("VMDK7201", Severity.Refusal, ExitCodes.Refused,
        "The record of an unfinished change names files outside the folder",
        "A chain that spans folders, or a record made to have other files changed.",
        "If the chain does span folders, run the command again with --allow-outside.");

    /// <summary>A link whose content is between two states.</summary>
    public static readonly FindingCode MergeUnfinished = new("VMDK7202", Severity.Refusal, ExitCodes.Refused,
        "A merge into this disk was interrupted",
        "Part of a snapshot's content was copied down into it and part not yet. Read from its head the chain is "
        + "whole; this link alone is a mixture of two times.",
        "Run the command that was interrupted once more: it goes on where it stopped. Until then, open the head.");

    /// <summary>A change is pending; reading is fine.</summary>
    public static readonly FindingCode ChangePending = new("VMDK7203", Severity.Warning, ExitCodes.Finding,
        "A change of this chain was interrupted, or is under way",
        "The steps that are left are written down in palimpsest-change.json beside the disk. The content read here is "
        + "whole.",
        "Run the command that was interrupted once more: it goes on where it stopped. Where the disk that it named is "
        + "gone already, name this one.");

    /// <summary>A change is pending; nothing else may be begun.</summary>
    public static readonly FindingCode ChangeInTheWay = new("VMDK7204", Severity.Refusal, ExitCodes.Refused,
        "Another change in this folder is not finished",
        "It was interrupted, and the steps that are left are written down in palimpsest-change.json. Writing now "
        + "could contradict them.",
        "Run the command that was interrupted once more: it goes on where it stopped.");

    /// <summary>Others depend on a link that would change.</summary>
    public static readonly FindingCode Shared = new("VMDK7205", Severity.Refusal, ExitCodes.Refused,
        "Another disk depends on a link that would be changed",
        "A snapshot or a linked clone hangs on it. It would read wrong content once that link has changed.",
        "Make the dependent disk independent first (vmdk convert, or vmdk rebase), or delete it; "
        + "vmdk chain FOLDER shows who hangs on what.");

    /// <summary>A snapshot list refers to a link that would change.</summary>
    public static readonly FindingCode HeldBySnapshot = new("VMDK7206", Severity.Refusal, ExitCodes.Refused,
        "A snapshot of the virtual machine refers to a link that would be changed",
        "The .vmsd file says that a snapshot froze it. The list has to be changed together with the disk.",
        "Use vmdk snapshot delete or vmdk snapshot consolidate, which keep the list right.");

    /// <summary>A linked clone that is recorded and not found.</summary>
    public static readonly FindingCode CloneNotFound = new("VMDK7207", Severity.Refusal, ExitCodes.Refused,
        "A linked clone of this disk is recorded, and not to be found",
        "It was moved or deleted, or its file system is not mounted. If it still exists, it depends on this disk.",
        "Look for it: vmdk clone --list DISK. If it is gone: vmdk clone --forget CLONE DISK");

    /// <summary>Nothing to merge into.</summary>
    public static readonly FindingCode NoParent = new("VMDK7208", Severity.Refusal, ExitCodes.Refused,
        "This disk stands alone",
        "It has no parent that its content could be merged into.",
        "Name the snapshot: vmdk chain FOLDER shows them.");

    /// <summary>Verification failed.</summary>
    public static readonly FindingCode MergeDiffers = new("VMDK7209", Severity.Refusal, ExitCodes.Damaged,
        "What was written is not what was read back",
        "The merged link does not hold the content that was copied into it: the storage below is not to be trusted, or "
        + "somebody else wrote to it.",
        "Nothing was deleted; the head still has the whole content. Copy it elsewhere: vmdk convert HEAD COPY");

    /// <summary>The chain is no longer the one the interrupted change was made for.</summary>
    public static readonly FindingCode ChangeOutdated = new("VMDK7210", Severity.Refusal, ExitCodes.Refused,
        "The chain is not the one that the interrupted change was begun on",
        "Something else wrote to it, or files were exchanged, after the interruption.",
        "Copy the head (vmdk convert HEAD COPY) before anything else. Then move palimpsest-change.json away, and look at "
        + "the chain: vmdk chain FOLDER");
}
