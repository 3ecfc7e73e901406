namespace Palimpsest.Core.Findings;

/// <summary>Findings about moving a delta to another parent: VMDK77xx.</summary>
public static class RebaseFindings
{
    /// <summary>The new parent stands on the delta.</summary>
    public static readonly FindingCode WouldLoop = new("VMDK7700", Severity.Refusal, ExitCodes.Refused,
        "The new parent stands on this disk itself",
        "The chain would run in a circle.",
        "Choose a parent that does not need this disk: vmdk chain FOLDER shows who stands on what.");

    /// <summary>A disk that cannot be a parent.</summary>
    public static readonly FindingCode NotAParent = new("VMDK7701", Severity.Refusal, ExitCodes.Refused,
        "The new parent cannot be one",
        "A parent has a descriptor with a content id, a name that a descriptor can hold, and the same capacity as its child.",
        "For a raw file, write a descriptor first: vmdk describe FILE. For another size: vmdk resize.");

    /// <summary>A standalone disk.</summary>
    public static readonly FindingCode NotADelta = new("VMDK7702", Severity.Refusal, ExitCodes.Refused,
        "This disk cannot stand on a parent",
        "Only extents of grains - hosted sparse and COWD - can leave what they do not hold to a parent. A flat file "
        + "holds everything.",
        "Name a delta. To put a new one on a disk: vmdk snapshot create DISK");
}
