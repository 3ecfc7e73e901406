namespace Palimpsest.Core.Findings;

/// <summary>Findings about locks that were left behind: VMDK761x.</summary>
public static class LockFindings
{
    /// <summary>A VMware lock whose process is gone.</summary>
    public static readonly FindingCode Stale = new("VMDK7610", Severity.Refusal, ExitCodes.Locked,
        "A lock of a VMware product was left behind",
        "There is a .lck folder beside the disk, taken by a process of this machine that runs no longer: "
        + "it was killed, or the machine went down. A machine that shares this folder, or a container with "
        + "processes of its own, could still mislead this check.",
        "Make sure that no virtual machine uses the disk. Then run the command again with "
        + "--force-stale-lock, or start and shut down the virtual machine once, which removes the lock.");

    /// <summary>Such a lock was passed over.</summary>
    public static readonly FindingCode PassedOver = new("VMDK7611", Severity.Warning, ExitCodes.Finding,
        "A lock that was left behind was passed over",
        "--force-stale-lock was given, and the process that took the lock is gone. The .lck folder is "
        + "still there.",
        "Nothing, when no virtual machine uses the disk; VMware removes the lock at the next start.");

    /// <summary>The descriptor changed before the lock was held.</summary>
    public static readonly FindingCode ChangedMeanwhile = new("VMDK7612", Severity.Refusal, ExitCodes.Locked,
        "Somebody else changed the disk while the command began",
        "Another command wrote to the disk after this one had read its descriptor, and before it held the"
        + " lock.",
        "Run the command again.");
}
