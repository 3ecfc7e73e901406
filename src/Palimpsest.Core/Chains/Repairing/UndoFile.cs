using System.Text;
using System.Text.Json;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Repairing;

/// <summary>A descriptor's text before a repair and after it.</summary>
/// <param name="Old">Before.</param>
/// <param name="New">After.</param>
internal sealed record TextChange(ReadOnlyMemory<byte> Old, ReadOnlyMemory<byte> New);

/// <summary>
/// The bytes a repair replaces in place, written and made durable before the first of them changes. Lines of
/// JSON: one that names the file, one for each change in order (offset, old and new bytes in base64), one
/// that ends it. A descriptor that is replaced as a whole is a change without offset, and the only one. A
/// file without its last line was cut off, and is not used.
/// </summary>
/// <param name="FileName">Bare name of the file, which lies beside the undo file.</param>
/// <param name="LengthBytes">Its length before the repair.</param>
/// <param name="Changes">The changes, in the order in which they were made.</param>
internal sealed record UndoFile(string FileName, long LengthBytes, IReadOnlyList<ByteChange> Changes)
{
    /// <summary>Changes of more bytes are not planned, so no undo file is larger than this.</summary>
    public const long MaximumFileBytes = 1L << 30;

    private const int FormatVersion = 1;

    /// <summary>
    /// The descriptor's text, where all of that was replaced; then there are no other changes.
    /// </summary>
    public TextChange? Text { get; init; }

    public byte[] ToBytes()
    {
        using var text = new MemoryStream();
        WriteLine(text, json =>
        {
            json.WriteNumber("palimpsestUndo", FormatVersion);
            json.WriteString("file", FileName);
            json.WriteNumber("lengthBytes", LengthBytes);
        });
        foreach (ByteChange change in Changes)
        {
            WriteLine(text, json =>
            {
                json.WriteNumber("offset", change.OffsetBytes);
                json.WriteBase64String("old", change.Old.Span);
                json.WriteBase64String("new", change.New.Span);
            });
        }
        if (Text is { } whole)
        {
            WriteLine(text, json =>
            {
                json.WriteBase64String("old", whole.Old.Span);
                json.WriteBase64String("new", whole.New.Span);
            });
        }
        WriteLine(text, json => json.WriteNumber("changes", Changes.Count + (Text is null ? 0 : 1)));
        return text.ToArray();
    }

    /// <summary>Reads an undo file, or refuses it.</summary>
    public static UndoFile Read(IHost host, string path, FindingList findings)
    {
        using HostFile file = host.Open(path, HostAccess.Read);
        long length = file.Length;
        if (length > MaximumFileBytes)
        {
            throw findings.Refuse(RepairFindings.BadUndoFile, path, $"it has {length} bytes");
        }
        byte[] bytes = new byte[length];
        file.Read(0, bytes);
        try
        {
            return Parse(bytes)
                ?? throw findings.Refuse(RepairFindings.BadUndoFile, path, "its lines do not fit together");
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException
            or KeyNotFoundException or DecoderFallbackException)
        {
            throw findings.Refuse(RepairFindings.BadUndoFile, path,
                "a line is not of the form it should have");
        }
    }

    private static UndoFile? Parse(ReadOnlyMemory<byte> bytes)
    {
        string? fileName = null;
        long lengthBytes = 0;
        var changes = new List<ByteChange>();
        TextChange? text = null;
        while (!bytes.IsEmpty)
        {
            int end = bytes.Span.IndexOf((byte)'\n');
            if (end < 0) { return null; }
            using JsonDocument document = JsonDocument.Parse(bytes[..end]);
            JsonElement line = document.RootElement;
            bytes = bytes[(end + 1)..];
            if (fileName is null)
            {
                if (line.GetProperty("palimpsestUndo").GetInt32() != FormatVersion) { return null; }
                fileName = line.GetProperty("file").GetString();
                lengthBytes = line.GetProperty("lengthBytes").GetInt64();
                if (!IsBareName(fileName) || lengthBytes < 0) { return null; }
            }
            else if (line.TryGetProperty("changes", out JsonElement count))
            {
                return count.GetInt32() == changes.Count + (text is null ? 0 : 1) && bytes.IsEmpty
                    ? new UndoFile(fileName, lengthBytes, changes) { Text = text } : null;
            }
            else if (text is not null)
            {
                return null;
            }
            else if (!line.TryGetProperty("offset", out JsonElement place))
            {
                text = new TextChange(
                    line.GetProperty("old").GetBytesFromBase64(),
                    line.GetProperty("new").GetBytesFromBase64());
                if (changes.Count > 0) { return null; }
            }
            else
            {
                long offset = place.GetInt64();
                byte[] old = line.GetProperty("old").GetBytesFromBase64();
                byte[] now = line.GetProperty("new").GetBytesFromBase64();
                bool isSound = offset >= 0 && offset <= long.MaxValue - now.Length && old.Length <= now.Length
                    && old.Length == Math.Clamp(lengthBytes - offset, 0, now.Length);
                if (!isSound) { return null; }
                changes.Add(new ByteChange(offset, old, now));
            }
        }
        return null;
    }

    private static bool IsBareName(string? name) =>
        name is { Length: > 0 } and not ("." or "..") && name.AsSpan().IndexOfAny('/', '\0') < 0;

    private static void WriteLine(MemoryStream text, Action<Utf8JsonWriter> write)
    {
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        text.WriteByte((byte)'\n');
    }
}
