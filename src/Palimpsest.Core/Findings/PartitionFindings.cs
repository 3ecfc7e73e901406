namespace Palimpsest.Core.Findings;

/// <summary>
/// Findings about partition tables: VMDK9xxx. They concern the guest's bytes; the disk itself opens.
/// </summary>
public static class PartitionFindings
{
    /// <summary>Two partitions share sectors.</summary>
    public static readonly FindingCode Overlap = new("VMDK9001", Severity.Warning, ExitCodes.Finding,
        "Two partitions overlap",
        "What is written to one is written over the other. Tables edited by hand, or by two "
        + "systems, come to be so.",
        "Read both before anything writes. Rebuild the table with the guest's own tool, on a copy "
        + "of the disk.");

    /// <summary>A partition ends behind the disk.</summary>
    public static readonly FindingCode BeyondEnd = new("VMDK9002", Severity.Error, ExitCodes.Damaged,
        "A partition reaches beyond the end of the disk",
        "The disk was cut, or this is a copy of a larger one; or the table is wrong.",
        "Compare the disk's size with the original's. Do not let the guest repair the file system "
        + "of a disk that was cut.");

    /// <summary>The primary GPT is bad; the backup was used.</summary>
    public static readonly FindingCode PrimaryDamaged = new("VMDK9003", Severity.Warning, ExitCodes.Finding,
        "The first copy of the partition table is damaged",
        "Something wrote over the first sectors. The copy at the end of the disk is sound and was "
        + "used.",
        "Restore it in the guest, or on a copy of the disk: sgdisk --load-backup, or gdisk's "
        + "recovery menu.");

    /// <summary>The backup GPT is bad.</summary>
    public static readonly FindingCode BackupDamaged = new("VMDK9004", Severity.Warning, ExitCodes.Finding,
        "The second copy of the partition table is damaged",
        "The end of the disk was cut or written over. The first copy is sound and was used.",
        "Rewrite it in the guest with a partitioning tool, for example: sgdisk --move-second- "
        + "header.");

    /// <summary>The backup header is not in the last sector.</summary>
    public static readonly FindingCode Grown = new("VMDK9005", Severity.Info, ExitCodes.Fine,
        "The disk is longer than its partition table knows",
        "The disk was grown after it was divided: the second copy of the table is not at the end.",
        "Nothing is wrong. Let the guest's partitioning tool move the second copy before the new "
        + "room is used.");

    /// <summary>Primary and backup GPT disagree.</summary>
    public static readonly FindingCode CopiesDiffer = new("VMDK9006", Severity.Warning, ExitCodes.Finding,
        "The two copies of the partition table differ",
        "A change of the table was interrupted, or a tool wrote only one copy. The first copy was "
        + "used.",
        "Compare both with the guest's partitioning tool before anything is written.");

    /// <summary>GPT entries have a bad CRC and there is no backup.</summary>
    public static readonly FindingCode EntriesDamaged = new("VMDK9007", Severity.Error, ExitCodes.Damaged,
        "The entries of the partition table do not match their checksum",
        "The entries were changed or damaged, and there is no second copy to use. They are shown "
        + "as they are.",
        "Trust no partition of this table before its file system was looked at.");

    /// <summary>GPT announced, no usable copy.</summary>
    public static readonly FindingCode Lost = new("VMDK9008", Severity.Error, ExitCodes.Damaged,
        "The partition table is lost",
        "The boot record announces a GUID table, and neither of its copies can be used.",
        "The partitions themselves may be whole. Look for file systems with: vmdk geometry DISK");

    /// <summary>A GPT entry makes no sense.</summary>
    public static readonly FindingCode EntryImpossible = new("VMDK9009", Severity.Error, ExitCodes.Damaged,
        "An entry of the partition table is impossible",
        "It ends before it begins, or beyond every disk. It is left out.",
        "Trust the other entries only after their file systems were looked at.");

    /// <summary>A GPT entry leaves the usable range.</summary>
    public static readonly FindingCode OutsideUsable = new("VMDK9010", Severity.Warning, ExitCodes.Finding,
        "A partition lies outside of the range its table allows",
        "It may cover the table itself, or its second copy.",
        "Look at the table with the guest's partitioning tool, on a copy of the disk.");

    /// <summary>A hybrid MBR.</summary>
    public static readonly FindingCode Hybrid = new("VMDK9011", Severity.Info, ExitCodes.Fine,
        "The boot record names partitions beside the GUID table",
        "A hybrid table, made so that old systems find some of the partitions. The GUID table was "
        + "used.",
        "Nothing is wrong, as long as whoever changes one table changes the other too.");

    /// <summary>No protective entry in front of a GPT.</summary>
    public static readonly FindingCode ProtectiveMissing =
        new("VMDK9012", Severity.Warning, ExitCodes.Finding,
        "A GUID table stands behind a boot record that does not announce it",
        "The boot record was written over or wiped. Systems that look there first see an empty "
        + "disk and may offer to format it.",
        "Do not initialise the disk. Write the protective record again in the guest: gdisk does "
        + "so when it saves the table.");

    /// <summary>A GPT header behind a plain MBR.</summary>
    public static readonly FindingCode StaleGpt = new("VMDK9013", Severity.Warning, ExitCodes.Finding,
        "An old GUID table lies behind the boot record",
        "The disk was divided anew by a tool that did not wipe the old table. The boot record was "
        + "used.",
        "Nothing needs to be done; a tool that asks which one to use should be told the boot "
        + "record (MBR).");

    /// <summary>The EBR chain loops.</summary>
    public static readonly FindingCode ExtendedLoop = new("VMDK9014", Severity.Error, ExitCodes.Damaged,
        "The chain of logical partitions runs in a circle",
        "A record of the chain points back, or there are more than 128 of them.",
        "The partitions listed before it are sound entries. Rebuild the rest on a copy of the "
        + "disk.");

    /// <summary>An EBR is missing.</summary>
    public static readonly FindingCode ExtendedBroken = new("VMDK9015", Severity.Error, ExitCodes.Damaged,
        "The chain of logical partitions breaks off",
        "The next record of the chain lies behind the disk's end, cannot be read, or is no boot "
        + "record.",
        "Logical partitions behind the break are not listed. Look for their file systems with: "
        + "vmdk geometry DISK");

    /// <summary>A logical partition leaves its container.</summary>
    public static readonly FindingCode LogicalOutside = new("VMDK9016", Severity.Warning, ExitCodes.Finding,
        "A logical partition lies outside of the extended one",
        "The table was edited by hand or is damaged.",
        "Look at what lies there before anything is written to it.");

    /// <summary>Two extended entries.</summary>
    public static readonly FindingCode SeveralExtended = new("VMDK9017", Severity.Warning, ExitCodes.Finding,
        "There is more than one extended partition",
        "Systems follow only one of them, and not all the same one. The first was followed.",
        "Make the table say what was meant with the guest's partitioning tool.");

    /// <summary>Table sectors are a scar.</summary>
    public static readonly FindingCode Unreadable = new("VMDK9018", Severity.Error, ExitCodes.Damaged,
        "A sector of the partition table cannot be read",
        "The host, or a damaged extent, cannot give it.",
        "Look at the findings about the file it lies in. vmdk rescue copies what can still be "
        + "read.");
}
