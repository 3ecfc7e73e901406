namespace Palimpsest.Core.Chains.Sealing;

/// <summary>What of a file, or of a link, is not as it was sealed.</summary>
public enum FileChangeKind
{
    /// <summary>The link's CID.</summary>
    ContentId,

    /// <summary>The length.</summary>
    Length,

    /// <summary>The time of the last change of content.</summary>
    Modified,

    /// <summary>The storage the host charges for it.</summary>
    Allocated,

    /// <summary>The permission bits.</summary>
    Mode,

    /// <summary>The seal does not know this file or link.</summary>
    New,

    /// <summary>The seal knows it, and the chain has it no more.</summary>
    Gone,

    /// <summary>It is a block device: whether it was written is not kept anywhere.</summary>
    Device,
}

/// <summary>One difference between a chain's files and what its seal says of them.</summary>
/// <param name="Name">The file's or link's name from the folder of the disk.</param>
/// <param name="Kind">What differs.</param>
/// <param name="Was">What was sealed; null where there was nothing.</param>
/// <param name="Is">What it is; null where there is nothing.</param>
/// <param name="IsEvidence">
/// True when it shows that a program may have written content. Permissions, the times of a descriptor, and
/// storage that was given back show nothing.
/// </param>
public sealed record FileChange(string Name, FileChangeKind Kind, string? Was, string? Is, bool IsEvidence);
