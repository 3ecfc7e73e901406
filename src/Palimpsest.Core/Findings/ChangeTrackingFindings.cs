namespace Palimpsest.Core.Findings;

/// <summary>Findings about change tracking files: VMDK762x.</summary>
public static class ChangeTrackingFindings
{
    /// <summary>Change tracking ends with a write.</summary>
    public static readonly FindingCode Reset = new("VMDK7620", Severity.Warning, ExitCodes.Finding,
        "Change tracking of this disk was reset",
        "A -ctk.vmdk file lists which blocks changed, for backups that take only those. It knows nothing "
        + "of what is written by other programs, and a backup that goes by it would miss that: so the "
        + "descriptor no longer names it, and the file is deleted.",
        "Reset changed block tracking (CBT) for this disk in the virtual machine before the next "
        + "incremental backup, or make the next backup a full one.");
}
