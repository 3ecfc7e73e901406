using System.Globalization;
using System.Text;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.VirtualMachine;

/// <summary>
/// The text files beside a disk that hold <c>key = "value"</c> lines: <c>.vmx</c>, <c>.vmsd</c>. Immutable.
/// Lines are kept byte for byte; an edit changes the one value it names. Keys are case-insensitive and the
/// first one counts.
/// </summary>
public sealed class DictionaryFile
{
    /// <summary>No such file is larger; of one that is, nothing is used.</summary>
    public const int MaximumBytes = 4 << 20;

    private readonly IReadOnlyList<Line> lines;
    private readonly Dictionary<string, int> indexOfKey;
    private readonly DescriptorEncoding encoding;

    private DictionaryFile(IReadOnlyList<Line> lines, DescriptorEncoding encoding)
    {
        this.lines = lines;
        this.encoding = encoding;
        indexOfKey = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Key.Length > 0) { indexOfKey.TryAdd(lines[i].Key, i); }
        }
    }

    /// <summary>The encoding it declares with <c>.encoding</c>, or <c>UTF-8</c>.</summary>
    public string EncodingName => encoding.Name;

    /// <summary>All keys with their values, in file order; a key that appears again comes again.</summary>
    public IEnumerable<KeyValuePair<string, string>> Entries => lines
        .Where(line => line.Key.Length > 0)
        .Select(line => KeyValuePair.Create(line.Key, line.Value));

    /// <summary>The value of a key, decoded; null when it is absent.</summary>
    public string? this[string key] => indexOfKey.TryGetValue(key, out int index) ? lines[index].Value : null;

    /// <summary>
    /// Reads a file of a host; null, with a finding, when it is too large or cannot be read. Such a file is a
    /// witness, not the disk: its loss stops nobody.
    /// </summary>
    public static DictionaryFile? TryRead(IHost host, string path, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(findings);
        try
        {
            return Read(host, path, findings);
        }
        catch (BlockException error)
        {
            findings.Add(DescribeFindings.WitnessUnusable, path, error.Message);
            return null;
        }
    }

    /// <summary>Reads a file of a host that has to be read.</summary>
    /// <exception cref="BlockException">The host failed; <c>Refused</c>: it is too large.</exception>
    public static DictionaryFile Read(IHost host, string path, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(host);
        using HostFile file = host.Open(path, HostAccess.Read);
        long length = file.Length;
        if (length > MaximumBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                $"it has {length} bytes, more than any such file");
        }
        byte[] bytes = new byte[length];
        file.Read(0, bytes);
        return Parse(bytes, path, findings);
    }

    /// <summary>
    /// Parses text. Never throws on bad bytes: a line that says nothing is kept and means nothing.
    /// </summary>
    public static DictionaryFile Parse(ReadOnlySpan<byte> bytes, string path, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        if (bytes.Length > MaximumBytes) { bytes = bytes[..MaximumBytes]; }
        string text = Encoding.Latin1.GetString(bytes);
        var raw = new List<Line>();
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            int next = end < 0 ? text.Length : end + 1;
            raw.Add(Split(text[start..next], isFirst: start == 0));
            start = next;
        }
        string? declared =
            raw.Find(line => line.Key.Equals(".encoding", StringComparison.OrdinalIgnoreCase))?.Value;
        DescriptorEncoding encoding = DescriptorEncoding.For(declared);
        for (int i = 0; i < raw.Count; i++)
        {
            if (raw[i].Key.Length == 0) { continue; }

            // An unknown encoding leaves only the bytes, as Latin-1; names then at least keep their ASCII
            // part.
            string value = encoding.Decode(raw[i].Value, path, findings) ?? raw[i].Value;
            raw[i] = raw[i] with { Value = Unescape(value) };
        }
        return new DictionaryFile(raw, encoding);
    }

    /// <summary>The same file with one value set; a new key goes to the end.</summary>
    public DictionaryFile With(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return With([new KeyEdit(key, value)]);
    }

    /// <summary>The same file without any line of a key.</summary>
    public DictionaryFile Without(string key) => With([new KeyEdit(key, null)]);

    /// <summary>
    /// The same file with these values set, new keys at the end, or removed. Of a key that comes twice the
    /// last edit counts.
    /// </summary>
    /// <exception cref="BlockException"><c>Refused</c>: the file's encoding cannot hold a value.</exception>
    public DictionaryFile With(IEnumerable<KeyEdit> edits)
    {
        ArgumentNullException.ThrowIfNull(edits);
        var wanted = new OrderedDictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (KeyEdit edit in edits)
        {
            ArgumentException.ThrowIfNullOrEmpty(edit.Key);
            wanted[edit.Key] = edit.Value;
        }
        var changed = new List<Line>(lines.Count);
        for (int i = 0; i < lines.Count; i++)
        {
            Line line = lines[i];
            if (!wanted.TryGetValue(line.Key, out string? value)) { changed.Add(line); }
            else if (value is not null)
            {
                changed.Add(indexOfKey[line.Key] == i ? Changed(line, value) : line);
            }
        }
        foreach ((string key, string? value) in wanted)
        {
            if (value is not null && !indexOfKey.ContainsKey(key)) { Append(changed, key, value); }
        }
        return new DictionaryFile(changed, encoding);
    }

    /// <summary>The bytes; what was not edited is as it was read.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        foreach (Line line in lines) { text.Append(line.Raw); }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private Line Changed(Line line, string value)
    {
        string encoded = encoding.Encode(Escape(value));
        string raw = string.Concat(
            line.Raw.AsSpan(0, line.ValueStart), encoded,
            line.Raw.AsSpan(line.ValueStart + line.ValueLength));
        return line with { Raw = raw, Value = value, ValueLength = encoded.Length };
    }

    private void Append(List<Line> changed, string key, string value)
    {
        string encoded = encoding.Encode(Escape(value));
        string lineEnd = lines.Count > 0 && lines[0].Raw.EndsWith("\r\n", StringComparison.Ordinal)
            ? "\r\n" : "\n";
        if (changed.Count > 0 && !changed[^1].Raw.EndsWith('\n'))
        {
            changed[^1] = changed[^1] with { Raw = changed[^1].Raw + lineEnd };
        }
        string start = $"{key} = \"";
        changed.Add(new Line($"{start}{encoded}\"{lineEnd}", key, value, start.Length, encoded.Length));
    }

    private static Line Split(string raw, bool isFirst)
    {
        ReadOnlySpan<char> text = raw;
        if (isFirst && text.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal)) { text = text[3..]; }
        ReadOnlySpan<char> trimmed = text.Trim();
        int equals = raw.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || trimmed.IsEmpty || trimmed[0] == '#') { return new Line(raw, "", "", 0, 0); }
        string key = text[..(equals - (raw.Length - text.Length))].Trim().ToString();
        if (key.Length == 0 || key.AsSpan().IndexOfAny(" \t\"") >= 0) { return new Line(raw, "", "", 0, 0); }
        ReadOnlySpan<char> rest = raw.AsSpan(equals + 1);
        int valueStart = equals + 1 + rest.Length - rest.TrimStart().Length;
        ReadOnlySpan<char> value = rest.Trim();
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
        {
            valueStart++;
            value = value[1..^1];
        }
        return new Line(raw, key, value.ToString(), valueStart, value.Length);
    }

    // A quote, a bar and control characters are written as a bar and two hexadecimal digits.
    private static string Unescape(string value)
    {
        if (!value.Contains('|', StringComparison.Ordinal)) { return value; }
        var plain = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '|' && i + 2 < value.Length && byte.TryParse(
                value.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out byte code)
                && code < 0x80)
            {
                plain.Append((char)code);
                i += 2;
                continue;
            }
            plain.Append(value[i]);
        }
        return plain.ToString();
    }

    private static string Escape(string value)
    {
        if (value.AsSpan().IndexOfAny('"', '|') < 0 && !value.Any(char.IsControl)) { return value; }
        var escaped = new StringBuilder(value.Length + 8);
        foreach (char letter in value)
        {
            bool isSpecial = letter is '"' or '|' || (letter < 0x80 && char.IsControl(letter));
            escaped.Append(isSpecial ? $"|{(int)letter:X2}" : letter.ToString());
        }
        return escaped.ToString();
    }

    private sealed record Line(string Raw, string Key, string Value, int ValueStart, int ValueLength);
}
