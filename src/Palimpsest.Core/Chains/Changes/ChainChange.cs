using System.Text.Json.Serialization;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// A change of a chain that spans several files, written down beside the disk before its first step is done:
/// whatever interrupts it, the steps can be finished from this alone.
/// </summary>
public sealed record ChainChange
{
    /// <summary>Version of the file's shape.</summary>
    public const string CurrentSchema = "palimpsest-change/1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>What was asked for: <c>commit</c>, <c>snapshot create</c>.</summary>
    public required string Verb { get; init; }

    /// <summary>What was named, as in <see cref="ChangeStep"/>.</summary>
    public required string Disk { get; init; }

    /// <summary>The files whose locks are held meanwhile, those of the head first.</summary>
    public required IReadOnlyList<string> LockedFiles { get; init; }

    /// <summary>The steps, in order.</summary>
    public required IReadOnlyList<ChangeStep> Steps { get; init; }

    /// <summary>
    /// Links that must be what they were when the change was planned, while they are there: what stands on
    /// them, or deletes them, was planned for that content.
    /// </summary>
    public IReadOnlyList<ExpectedLink>? Unchanged { get; init; }

    /// <summary>How many steps are done, durably.</summary>
    public int DoneSteps { get; init; }

    /// <summary>What the user works with afterwards: the link to run from.</summary>
    public required string HeadAfter { get; init; }
}

/// <summary>A link and the content it is to have.</summary>
/// <param name="Path">The link, as in <see cref="ChangeStep"/>.</param>
/// <param name="ContentId">Its CID.</param>
public sealed record ExpectedLink(string Path, uint ContentId);

/// <summary>Reads and writes changes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 16,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ChainChange))]
internal sealed partial class ChangeJson : JsonSerializerContext;
