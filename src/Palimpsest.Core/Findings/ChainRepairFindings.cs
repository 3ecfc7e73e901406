namespace Palimpsest.Core.Findings;

/// <summary>Findings about putting the chains of a folder together again: VMDK78xx.</summary>
public static class ChainRepairFindings
{
    /// <summary>No candidate, or several alike, or evidence against the best.</summary>
    public static readonly FindingCode ParentUndecided =
        new("VMDK7800", Severity.Error, ExitCodes.ChainIncomplete,
        "The true parent of a delta cannot be told",
        "No disk of the folder fits, or several fit equally well, or the bytes speak against the one "
        + "that the names speak for. A delta on a wrong parent gives a mixture of two disks, so nothing "
        + "is changed.",
        "Bring the missing disk into the folder and run the command again. Whoever knows the parent "
        + "can say so: vmdk rebase --unsafe -b PARENT DELTA");

    /// <summary>A likely parent that was not accepted.</summary>
    public static readonly FindingCode ParentLikely =
        new("VMDK7801", Severity.Error, ExitCodes.ChainIncomplete,
        "The likely parent of a delta is known, and not certain",
        "The evidence speaks for one disk and does not prove it.",
        "Read the evidence. If the parent is right, run the command again with --accept; --undo takes "
        + "it back.");

    /// <summary>A parent of another size.</summary>
    public static readonly FindingCode CapacityDiffers =
        new("VMDK7802", Severity.Error, ExitCodes.ChainIncomplete,
        "A delta and its parent differ in capacity, which is not repaired",
        "One of the two was resized, or its descriptor was edited. No edit of names and ids makes the "
        + "two fit.",
        "Look at both: vmdk info PARENT, vmdk info DELTA. If the parent was enlarged, bring back its "
        + "old descriptor.");

    /// <summary>The parent is newer than the child.</summary>
    public static readonly FindingCode ParentWrittenLater =
        new("VMDK7803", Severity.Warning, ExitCodes.Finding,
        "The parent was written after its delta",
        "The file times say so, and no merge of the delta into it explains it. If the parent's data "
        + "changed where it shows through, the disk is a mixture of two times. Copying files without "
        + "their times looks the same.",
        "Copy the disk, and check the file systems in the copy before it is used.");

    /// <summary>More candidates than are looked at.</summary>
    public static readonly FindingCode TooManyCandidates =
        new("VMDK7804", Severity.Warning, ExitCodes.Finding,
        "Not all disks that could be the parent were looked at",
        "More disks of the folder have the capacity of the delta than belong to one machine. Those "
        + "with the expected content id and with fitting names were taken first.",
        "Move the disks of one machine into a folder of their own, and run the command again.");
}
