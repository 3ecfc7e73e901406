using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Chains;

/// <summary>How thoroughly a disk is checked.</summary>
public sealed record CheckOptions
{
    /// <summary>
    /// Also reads every stored byte of every extent. Without it only descriptors and tables are looked at.
    /// </summary>
    public bool IsDeep { get; init; }
}

/// <summary>What the check of one extent counted. Numbers that its type does not have are null.</summary>
/// <param name="LinkPath">The link it belongs to.</param>
/// <param name="Line">Its line in the descriptor; null for data that was named without a descriptor.</param>
/// <param name="Path">Its file; null for one without a file, or whose file was not found.</param>
public sealed record ExtentReport(string LinkPath, ExtentLine? Line, string? Path)
{
    /// <summary>Length of the file in bytes.</summary>
    public long? FileBytes { get; init; }

    /// <summary>Grains with a place in the file.</summary>
    public long? AllocatedGrains { get; init; }

    /// <summary>Grains that are zero by their entry.</summary>
    public long? ZeroGrains { get; init; }

    /// <summary>Grains of the extent.</summary>
    public long? TotalGrains { get; init; }

    /// <summary>Bytes of the file that no table points to.</summary>
    public long? LeakedBytes { get; init; }

    /// <summary>Pieces in which the allocated grains lie, in the order of the disk.</summary>
    public long? Fragments { get; init; }

    /// <summary>False when the check found damage.</summary>
    public bool IsSound { get; init; }
}

/// <summary>What a check found.</summary>
public sealed record CheckResult
{
    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>Everything found, each thing once.</summary>
    public required FindingList Findings { get; init; }

    /// <summary>The links that were found, head first. Their extents are closed.</summary>
    public required IReadOnlyList<Link> Links { get; init; }

    /// <summary>Every extent of every link that was found.</summary>
    public required IReadOnlyList<ExtentReport> Extents { get; init; }

    /// <summary>Why the disk does not open; null when it does.</summary>
    public required ImageException? Refusal { get; init; }

    /// <summary>Stored bytes that a deep check could not read.</summary>
    public required long UnreadableBytes { get; init; }

    /// <summary>True when the disk opens.</summary>
    public bool IsOpenable => Refusal is null;
}
