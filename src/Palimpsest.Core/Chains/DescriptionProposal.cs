using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains;

/// <summary>
/// What the user knows of a disk whose descriptor is lost. What is given here is not searched for.
/// </summary>
public sealed record DescribeOptions
{
    /// <summary>The parent of a delta: a descriptor, by path.</summary>
    public string? ParentPath { get; init; }

    /// <summary>The content id the disk had.</summary>
    public uint? ContentId { get; init; }

    /// <summary><c>ddb.adapterType</c>.</summary>
    public string? AdapterType { get; init; }

    /// <summary>Where the descriptor goes; beside the data under the usual name by default.</summary>
    public string? TargetPath { get; init; }
}

/// <summary>How sure a piece of evidence is.</summary>
public enum Confidence
{
    /// <summary>A common value; nothing tells.</summary>
    Assumed,

    /// <summary>Points there, and could point there by chance.</summary>
    Weak,

    /// <summary>Said by a witness that may be older than the disk.</summary>
    Likely,

    /// <summary>Said by the data itself, by links that depend on it, or by the user.</summary>
    Certain,
}

/// <summary>One value for the new descriptor, and how it is known.</summary>
/// <param name="Field">What it is for: <c>CID</c>, <c>capacity</c>, <c>ddb.adapterType</c>.</param>
/// <param name="Value">The value, as text.</param>
/// <param name="Source">The file or circumstance that says so.</param>
/// <param name="Confidence">How sure.</param>
/// <param name="IsUsed">False for one that a stronger one overruled.</param>
public sealed record Evidence(string Field, string Value, string Source, Confidence Confidence,
    bool IsUsed = true);

/// <summary>
/// A descriptor that was rebuilt, not written yet. <see cref="Describer.Write"/> writes it.
/// </summary>
public sealed record DescriptionProposal
{
    /// <summary>The data it describes, as named.</summary>
    public required string DataPath { get; init; }

    /// <summary>
    /// The file that gets the text: a new one beside the data, or the extent itself when it has an area for
    /// it.
    /// </summary>
    public required string TargetPath { get; init; }

    /// <summary>The area inside of the extent; null for a text file.</summary>
    public DescriptorPlace? EmbeddedPlace { get; init; }

    /// <summary>The text.</summary>
    public required byte[] Text { get; init; }

    /// <summary>Where each value comes from, the used ones first.</summary>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    /// <summary>What was found on the way.</summary>
    public required FindingList Findings { get; init; }
}

/// <summary>A descriptor that was written.</summary>
/// <param name="TargetPath">The file that holds it now.</param>
/// <param name="KeptPath">Where the worthless bytes went that were in its place; null when there were
/// none.</param>
public sealed record DescriptionResult(string TargetPath, string? KeptPath);
