namespace Palimpsest.Core.Findings;

/// <summary>Findings about repairing and taking a repair back: VMDK71xx.</summary>
public static class RepairFindings
{
    /// <summary>State changed since it was planned.</summary>
    public static readonly FindingCode PlanOutdated = new("VMDK7100", Severity.Refusal, ExitCodes.Refused,
        "The disk changed after the repair was planned",
        "Something wrote to it in between. Nothing was changed by this command.",
        "Make sure that no virtual machine uses the disk, and run the same command again.");

    /// <summary>Not an undo file.</summary>
    public static readonly FindingCode BadUndoFile = new("VMDK7101", Severity.Refusal, ExitCodes.Damaged,
        "This is not a whole undo file",
        "It was not written by a repair, is damaged, or was cut off. A repair writes it whole before it "
        + "changes anything.",
        "Name the file that the repair printed: NAME.undo-1 beside the disk. Nothing was changed.");

    /// <summary>File changed since the repair.</summary>
    public static readonly FindingCode UndoOutdated = new("VMDK7102", Severity.Refusal, ExitCodes.Refused,
        "The disk was written after the repair",
        "Where the repair wrote there is something else now. Putting the old bytes back would damage what "
        + "was written since.",
        "Leave the disk as it is. Later repairs are taken back first: the highest number of NAME.undo-N.");

    /// <summary>Children disagree about the id.</summary>
    public static readonly FindingCode ContentIdUndecided =
        new("VMDK7103", Severity.Warning, ExitCodes.Finding,
        "The content id cannot be restored",
        "The disk has lost its id, and its snapshots expect different ones: no id suits all of them.",
        "Find out which snapshot the machine runs from, and move the others away. Then run the repair "
        + "again.");

    /// <summary>parentCID lost.</summary>
    public static readonly FindingCode ParentContentIdUndecided =
        new("VMDK7104", Severity.Warning, ExitCodes.Finding,
        "The parent's content id is not written without being asked for",
        "It is the only proof that the parent has not changed since the snapshot. If the parent's data did "
        + "change, the disk opens and gives a mixture of two times.",
        "If it is certain that nothing wrote to the parent, run: vmdk repair DISK --accept-parent");

    /// <summary>Too much.</summary>
    public static readonly FindingCode TooManyChanges = new("VMDK7106", Severity.Refusal, ExitCodes.Refused,
        "The repair would change too much at once",
        "More than 256 MiB of tables would be rewritten, which is more than any sound extent has.",
        "Copy the disk instead: vmdk convert DISK COPY");

    /// <summary>Content unreadable in a deep check.</summary>
    public static readonly FindingCode Unreadable =
        new("VMDK7107", Severity.Error, ExitCodes.SourceUnreadable,
        "Stored content cannot be read",
        "The host's disk reports an error there, the file ends before it, or a compressed grain is damaged. "
        + "For the guest it is an error, never zeros.",
        "Copy what can be read: vmdk rescue DISK COPY MAPFILE. Keep the original as it is.");

    /// <summary>A file of the disk cannot be opened or read.</summary>
    public static readonly FindingCode FileUnreadable =
        new("VMDK7108", Severity.Refusal, ExitCodes.SourceUnreadable,
        "A file of the disk cannot be read",
        "The host refuses to open it, or its disk reports an error where the tables or the descriptor lie.",
        "Check the permissions of the named file. If its disk is failing, copy it: vmdk rescue DISK COPY "
        + "MAPFILE");
}
