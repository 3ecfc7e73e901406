using System.Text.Json.Serialization;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>
/// A seal as it is written: one JSON document. Fields are added freely; a change of meaning makes a new
/// schema. Nothing here is trusted before <see cref="Seal.Parse"/> has held it against itself.
/// </summary>
internal sealed record SealManifest
{
    /// <summary>What every seal's schema begins with.</summary>
    public const string SchemaPrefix = "palimpsest-seal/";

    /// <summary>The schema that is written and read here.</summary>
    public const string CurrentSchema = SchemaPrefix + "1";

    /// <summary><see cref="CurrentSchema"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>Bare name of the sealed link.</summary>
    public required string Disk { get; init; }

    /// <summary>When the read began.</summary>
    public required DateTime SealedUtc { get; init; }

    /// <summary>Size of the guest's disk.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Size of a chunk.</summary>
    public required long ChunkBytes { get; init; }

    /// <summary>See <see cref="ChunkTable.Root"/>.</summary>
    public required string Root { get; init; }

    /// <summary>SHA-256 of the whole content, as <c>sha256sum</c> has it; null unless asked for.</summary>
    public string? WholeSha256 { get; init; }

    /// <summary>The links, head first.</summary>
    public required IReadOnlyList<SealedLink> Links { get; init; }

    /// <summary>The chunks, from the first to the last without a gap.</summary>
    public required ChunkList Chunks { get; init; }
}

/// <summary>How seals are JSON: camelCase, absent values left out, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 8,
    AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(SealManifest))]
internal sealed partial class SealJson : JsonSerializerContext;
