using System.Text.Json;
using System.Text.Json.Serialization;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>A run of chunks as a seal states it, not yet held against anything.</summary>
/// <param name="First">Number of the first chunk.</param>
/// <param name="Count">How many.</param>
/// <param name="Kind">What they are; null for a word that is not known.</param>
/// <param name="DigestCount">How many digests the run has.</param>
internal readonly record struct ChunkRun(long First, long Count, ChunkKind? Kind, int DigestCount);

/// <summary>
/// The chunks of a seal in compact form: in JSON an array of objects with <c>first</c>, <c>count</c>,
/// <c>kind</c> and, for data, <c>sha256</c>, an array of strings of 64 hex digits.
/// </summary>
/// <param name="Runs">The runs in the order of the seal.</param>
/// <param name="Digests">The digests of all runs, one after the other.</param>
[JsonConverter(typeof(ChunkListConverter))]
internal sealed record ChunkList(IReadOnlyList<ChunkRun> Runs, ReadOnlyMemory<byte> Digests)
{
    /// <summary>The list for a table.</summary>
    public static ChunkList Of(ChunkTable table)
    {
        var runs = new List<ChunkRun>();
        byte[] digests = new byte[table.Sum(ChunkKind.Data).Count * MerkleTree.DigestBytes];
        int length = 0;
        foreach (ChunkRange range in table.Ranges())
        {
            ReadOnlySpan<byte> own = range.Kind == ChunkKind.Data ? table.DigestsOf(range) : default;
            own.CopyTo(digests.AsSpan(length));
            length += own.Length;
            runs.Add(new ChunkRun(range.First, range.Count, range.Kind, own.Length / MerkleTree.DigestBytes));
        }
        return new ChunkList(runs, digests);
    }

    /// <summary>Fills a table that is all zero. What is wrong with the list, or null.</summary>
    public string? Fill(ChunkTable table)
    {
        int next = 0;
        ReadOnlySpan<byte> digests = Digests.Span;
        foreach (ChunkRun run in Runs)
        {
            if (run.Kind is not { } kind) { return $"the run at chunk {next} is of no known kind"; }
            if (run.First != next) { return $"a run begins at chunk {run.First}, not at {next}"; }
            if (run.Count < 1 || run.Count > table.Count - next)
            {
                return $"a run at chunk {next} of {table.Count} has {run.Count} chunks";
            }
            if (run.DigestCount != (kind == ChunkKind.Data ? run.Count : 0))
            {
                return $"the run at chunk {next} has {run.Count} chunks and {run.DigestCount} hashes";
            }
            for (int end = next + (int)run.Count; next < end; next++)
            {
                if (kind == ChunkKind.Unreadable) { table.SetUnreadable(next); }
                if (kind != ChunkKind.Data) { continue; }
                table.SetDigest(next, digests[..MerkleTree.DigestBytes]);
                digests = digests[MerkleTree.DigestBytes..];
            }
        }
        return next == table.Count ? null : $"it ends at chunk {next} of {table.Count}";
    }
}

/// <summary>
/// Reads and writes chunks without an object or a string for each, of which there can be very many.
/// </summary>
internal sealed class ChunkListConverter : JsonConverter<ChunkList>
{
    private const int HexDigits = MerkleTree.DigestBytes * 2, FlushBytes = 64 << 10;
    private static readonly JsonEncodedText
        First = JsonEncodedText.Encode("first"), Count = JsonEncodedText.Encode("count"),
        Kind = JsonEncodedText.Encode("kind"), Sha256 = JsonEncodedText.Encode("sha256"),
        Data = JsonEncodedText.Encode("data"), Zero = JsonEncodedText.Encode("zero"),
        Unreadable = JsonEncodedText.Encode("unreadable");

    /// <inheritdoc/>
    public override ChunkList Read(ref Utf8JsonReader reader, Type typeToConvert,
        JsonSerializerOptions options)
    {
        var runs = new List<ChunkRun>();
        byte[] digests = new byte[MerkleTree.DigestBytes];
        int length = 0;
        Expect(ref reader, JsonTokenType.StartArray);
        while (Next(ref reader) == JsonTokenType.StartObject)
        {
            if (runs.Count == ChunkTable.MaximumChunks) { throw new JsonException(); }
            int before = length;
            ChunkRun run = default;
            while (Next(ref reader) == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals(First.EncodedUtf8Bytes))
                {
                    run = run with { First = ReadNumber(ref reader) };
                }
                else if (reader.ValueTextEquals(Count.EncodedUtf8Bytes))
                {
                    run = run with { Count = ReadNumber(ref reader) };
                }
                else if (reader.ValueTextEquals(Kind.EncodedUtf8Bytes))
                {
                    run = run with { Kind = ReadKind(ref reader) };
                }
                else if (reader.ValueTextEquals(Sha256.EncodedUtf8Bytes))
                {
                    ReadDigests(ref reader, ref digests, ref length);
                }
                else { reader.Skip(); }
            }
            Expect(ref reader, JsonTokenType.EndObject);
            runs.Add(run with { DigestCount = (length - before) / MerkleTree.DigestBytes });
        }
        Expect(ref reader, JsonTokenType.EndArray);
        return new ChunkList(runs, digests.AsMemory(0, length));
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ChunkList value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[HexDigits];
        ReadOnlySpan<byte> digests = value.Digests.Span;
        writer.WriteStartArray();
        foreach (ChunkRun run in value.Runs)
        {
            writer.WriteStartObject();
            writer.WriteNumber(First, run.First);
            writer.WriteNumber(Count, run.Count);
            writer.WriteString(Kind, run.Kind switch
            {
                ChunkKind.Data => Data,
                ChunkKind.Zero => Zero,
                _ => Unreadable,
            });
            if (run.DigestCount > 0) { writer.WriteStartArray(Sha256); }
            for (int i = 0; i < run.DigestCount; i++)
            {
                Convert.TryToHexStringLower(digests[..MerkleTree.DigestBytes], text, out _);
                writer.WriteStringValue(text);
                digests = digests[MerkleTree.DigestBytes..];

                // Else all of it would wait in a buffer that is doubled again and again.
                if (writer.BytesPending > FlushBytes) { writer.Flush(); }
            }
            if (run.DigestCount > 0) { writer.WriteEndArray(); }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new JsonException();

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (reader.TokenType != token) { throw new JsonException(); }
    }

    private static long ReadNumber(ref Utf8JsonReader reader) =>
        Next(ref reader) == JsonTokenType.Number && reader.TryGetInt64(out long number)
            ? number : throw new JsonException();

    private static ChunkKind? ReadKind(ref Utf8JsonReader reader)
    {
        if (Next(ref reader) != JsonTokenType.String) { throw new JsonException(); }
        return reader.ValueTextEquals(Data.EncodedUtf8Bytes) ? ChunkKind.Data
            : reader.ValueTextEquals(Zero.EncodedUtf8Bytes) ? ChunkKind.Zero
            : reader.ValueTextEquals(Unreadable.EncodedUtf8Bytes) ? ChunkKind.Unreadable : null;
    }

    private static void ReadDigests(ref Utf8JsonReader reader, ref byte[] digests, ref int length)
    {
        Next(ref reader);
        Expect(ref reader, JsonTokenType.StartArray);
        while (Next(ref reader) == JsonTokenType.String)
        {
            if (length == ChunkTable.MaximumChunks * MerkleTree.DigestBytes) { throw new JsonException(); }
            if (length == digests.Length) { Array.Resize(ref digests, length * 2); }
            bool isDigest = !reader.ValueIsEscaped && reader.ValueSpan.Length == HexDigits
                && Convert.FromHexString(reader.ValueSpan,
                    digests.AsSpan(length, MerkleTree.DigestBytes), out _, out _)
                    == System.Buffers.OperationStatus.Done;
            if (!isDigest) { throw new JsonException(); }
            length += MerkleTree.DigestBytes;
        }
        Expect(ref reader, JsonTokenType.EndArray);
    }
}
