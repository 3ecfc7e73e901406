using System.Text.Json;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>
/// What is known of a sealed disk: the hash of every chunk of its content, and what its files were.
/// </summary>
public sealed record Seal
{
    /// <summary>What a disk's path is followed by to name its seal.</summary>
    public const string Suffix = ".seal";

    // A seal of as many chunks as there can be, every other one zero, is half as large: a hostile one costs
    // little more memory than an honest one.
    private const int MaximumFileBytes = 32 << 20, MaximumObjects = 2 * ChunkTable.MaximumChunks;
    private const int UsualRunBytes = 128, UsualChunkBytes = 72;
    private static readonly JsonWriterOptions Layout = new() { Indented = true, IndentSize = 1 };

    /// <summary>Bare name of the sealed link.</summary>
    public required string DiskName { get; init; }

    /// <summary>When the read began.</summary>
    public required DateTime SealedUtc { get; init; }

    /// <summary>The content.</summary>
    public required ChunkTable Chunks { get; init; }

    /// <summary>See <see cref="ChunkTable.Root"/>.</summary>
    public required string Root { get; init; }

    /// <summary>SHA-256 of the whole content; null unless it was asked for.</summary>
    public string? WholeSha256 { get; init; }

    /// <summary>The links, head first.</summary>
    public required IReadOnlyList<SealedLink> Links { get; init; }

    /// <summary>Where the seal of a disk lies unless another place is named.</summary>
    public static string PathFor(string diskPath) => diskPath + Suffix;

    /// <summary>Reads a seal, or refuses it.</summary>
    /// <exception cref="ImageException">
    /// <see cref="SealFindings.NotASeal"/>, <see cref="SealFindings.UnknownVersion"/>,
    /// <see cref="SealFindings.RootMismatch"/>.
    /// </exception>
    /// <exception cref="BlockException">The file cannot be read.</exception>
    public static Seal Load(IHost host, string path, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(findings);
        using HostFile file = host.Open(path, HostAccess.Read);
        long length = file.Length;
        if (length > MaximumFileBytes)
        {
            throw findings.Refuse(SealFindings.NotASeal, path, $"it has {length} bytes, more than any seal");
        }
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)length);
        file.Read(0, bytes);
        return Parse(bytes, path, findings);
    }

    /// <summary>Takes the bytes of a seal apart and holds them against each other.</summary>
    /// <exception cref="ImageException">As for <see cref="Load"/>.</exception>
    public static Seal Parse(ReadOnlySpan<byte> bytes, string path, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        SealManifest manifest;
        try
        {
            if (!IsCurrent(bytes, out string? schema))
            {
                throw schema?.StartsWith(SealManifest.SchemaPrefix, StringComparison.Ordinal) == true
                    ? findings.Refuse(SealFindings.UnknownVersion, path,
                        $"its schema is \"{Formats.Vmdk.Descriptor.DescriptorParser.Printable(schema)}\"",
                        field: "schema")
                    : findings.Refuse(SealFindings.NotASeal, path,
                        $"it does not begin with the schema {SealManifest.CurrentSchema}", field: "schema");
            }
            manifest = JsonSerializer.Deserialize(bytes, SealJson.Default.SealManifest)
                ?? throw new JsonException();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what text that is not UTF-8 ends in.
            throw findings.Refuse(SealFindings.NotASeal, path,
                (error as JsonException)?.LineNumber is { } line ? $"line {line + 1} is not as a seal has it"
                    : "it is not as a seal has it");
        }
        return Validate(manifest, path, findings);
    }

    /// <summary>The seal as it is written to its file.</summary>
    public ReadOnlyMemory<byte> ToBytes()
    {
        ChunkList chunks = ChunkList.Of(Chunks);
        using var stream = new MemoryStream(
            (chunks.Runs.Count * UsualRunBytes) + (Chunks.Sum(ChunkKind.Data).Count * UsualChunkBytes));
        using var writer = new Utf8JsonWriter(stream, Layout);
        JsonSerializer.Serialize(writer, new SealManifest
        {
            Schema = SealManifest.CurrentSchema,
            Disk = DiskName,
            SealedUtc = SealedUtc,
            CapacityBytes = Chunks.CapacityBytes,
            ChunkBytes = Chunks.ChunkBytes,
            Root = Root,
            WholeSha256 = WholeSha256,
            Links = Links,
            Chunks = chunks,
        }, SealJson.Default.SealManifest);
        writer.Flush();
        return stream.Length <= MaximumFileBytes
            ? stream.GetBuffer().AsMemory(0, (int)stream.Length)
            : throw new BlockException(BlockErrorKind.Unsupported, null, null,
                $"the seal would have {stream.Length} bytes; choose larger chunks");
    }

    // Looks at every token once: counts objects, of which a small file can make very many, and finds the
    // schema, which is the first field.
    private static bool IsCurrent(ReadOnlySpan<byte> bytes, out string? schema)
    {
        schema = null;
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 8 });
        int objects = 0;
        for (int token = 0; reader.Read(); token++)
        {
            if (token == 0 && reader.TokenType != JsonTokenType.StartObject) { return false; }
            if (token == 1 && !reader.ValueTextEquals("schema"u8)) { return false; }
            if (token == 2)
            {
                schema = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                if (schema != SealManifest.CurrentSchema) { return false; }
            }
            if (reader.TokenType == JsonTokenType.StartObject && ++objects > MaximumObjects)
            {
                throw new JsonException();
            }
        }
        return schema is not null;
    }

    private static Seal Validate(SealManifest manifest, string path, FindingList findings)
    {
        if (!ChunkTable.IsPossible(manifest.CapacityBytes, manifest.ChunkBytes))
        {
            throw findings.Refuse(SealFindings.NotASeal, path,
                $"{manifest.CapacityBytes} bytes in chunks of {manifest.ChunkBytes} are not possible",
                field: "chunkBytes");
        }
        bool hasLinks = manifest.Links.Count > 0
            && manifest.Links.All(link => link?.Files.All(file => file is not null) == true);
        if (!hasLinks)
        {
            throw findings.Refuse(SealFindings.NotASeal, path, "it does not name the files",
                field: "links");
        }
        var chunks = new ChunkTable(manifest.CapacityBytes, manifest.ChunkBytes);
        if (manifest.Chunks.Fill(chunks) is { } fault)
        {
            throw findings.Refuse(SealFindings.NotASeal, path, fault, field: "chunks");
        }
        string root = chunks.Root();
        if (root != manifest.Root)
        {
            throw findings.Refuse(SealFindings.RootMismatch, path, $"the root of its chunks is {root}",
                field: "root");
        }
        return new Seal
        {
            DiskName = manifest.Disk,
            SealedUtc = manifest.SealedUtc,
            Chunks = chunks,
            Root = root,
            WholeSha256 = manifest.WholeSha256,
            Links = manifest.Links,
        };
    }
}
