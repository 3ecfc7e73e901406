namespace Palimpsest.Core.Findings;

/// <summary>Findings about linked clones: VMDK760x.</summary>
public static class CloneFindings
{
    /// <summary>A machine writes to the link that was to be frozen.</summary>
    public static readonly FindingCode SourceInUse = new("VMDK7600", Severity.Refusal, ExitCodes.Refused,
        "A virtual machine runs from the link that was to be shared",
        "A linked clone stands on a link that never changes again. A .vmx file beside this one names it "
        + "as a disk to run from: the next start would write to it, and break the clone.",
        "Take a snapshot first (vmdk snapshot create DISK), and clone the link that it freezes.");

    /// <summary>A clone that is still there cannot be forgotten.</summary>
    public static readonly FindingCode StillThere = new("VMDK7601", Severity.Refusal, ExitCodes.Refused,
        "The linked clone is still there",
        "It stands on this link. Without the record, a write to the link would break it.",
        "Delete the clone, or make it independent (vmdk clone CLONE COPY), before it is forgotten.");
}
