using System.Globalization;
using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>
/// Turns bytes into a <see cref="VmdkDescriptor"/> and findings. Pure, bounded by the input's length, and
/// never throws on bad bytes: what cannot be understood is a finding of severity Refusal, and the caller
/// decides.
/// </summary>
public static class DescriptorParser
{
    /// <summary>No disk can have more sectors: its bytes are counted in 63 bits.</summary>
    private const long MaximumSectors = long.MaxValue / Sector.Bytes;

    /// <summary>Parses a descriptor. <paramref name="path"/> is only for findings.</summary>
    public static VmdkDescriptor Parse(ReadOnlySpan<byte> bytes, string path, FindingList findings)
    {
        if (bytes.Length > VmdkDescriptor.MaximumBytes)
        {
            findings.Add(DescriptorFindings.TooLarge, path, $"{bytes.Length} bytes");
            bytes = bytes[..VmdkDescriptor.MaximumBytes];
        }
        ReadOnlySpan<byte> text = UpToEnd(bytes, path, findings);
        List<string> rawLines = SplitLines(text);
        DescriptorEncoding encoding = DescriptorEncoding.For(FindEncoding(rawLines));
        var lines = new DescriptorLine[rawLines.Count];
        var extents = new List<ExtentLine>();
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = ParseLine(rawLines[i], i + 1, encoding, path, findings, extents);
        }
        var descriptor = new VmdkDescriptor(lines, encoding, extents);
        DescriptorValidation.Run(descriptor, path, findings);
        return descriptor;
    }

    private static ReadOnlySpan<byte> UpToEnd(ReadOnlySpan<byte> bytes, string path, FindingList findings)
    {
        int end = bytes.IndexOf((byte)0);
        if (end < 0) { return bytes; }
        ReadOnlySpan<byte> tail = bytes[end..];
        int stale = tail.IndexOfAnyExcept((byte)0);
        if (stale >= 0)
        {
            findings.Add(DescriptorFindings.StaleTail, path, "text continues behind a NUL byte", end + stale);
        }
        return bytes[..end];
    }

    private static List<string> SplitLines(ReadOnlySpan<byte> text)
    {
        var lines = new List<string>();
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            int length = end < 0 ? text.Length : end + 1;
            lines.Add(Encoding.Latin1.GetString(text[..length]));
            text = text[length..];
        }
        return lines;
    }

    private static string? FindEncoding(List<string> rawLines)
    {
        foreach (string raw in rawLines)
        {
            if (TrySplit(raw, out string key, out int start, out int length)
                && (key.Equals("encoding", StringComparison.OrdinalIgnoreCase)
                    || key.Equals("ddb.encoding", StringComparison.OrdinalIgnoreCase)))
            {
                return raw.Substring(start, length);
            }
        }
        return null;
    }

    private static DescriptorLine ParseLine(
        string raw, int lineNumber, DescriptorEncoding encoding, string path, FindingList findings,
        List<ExtentLine> extents)
    {
        // A byte order mark may precede the first line.
        ReadOnlySpan<char> text = raw.AsSpan();
        if (lineNumber == 1 && text.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal))
        {
            text = text[3..];
        }
        text = text.Trim();
        if (text.IsEmpty || text[0] == '#') { return new DescriptorLine(raw, DescriptorLineKind.Inert); }
        if (IsExtent(text))
        {
            ParseExtent(text, lineNumber, encoding, path, findings, extents);
            return new DescriptorLine(raw, DescriptorLineKind.Extent);
        }
        if (TrySplit(raw, out string key, out int start, out int length))
        {
            string? value = encoding.Decode(raw.AsSpan(start, length), path, findings);
            if (value is null)
            {
                findings.Add(DescriptorFindings.UnknownEncoding, path,
                    $"line {lineNumber} uses \"{encoding.Name}\"", field: key);
            }
            return new DescriptorLine(raw, DescriptorLineKind.KeyValue, key, value ?? "", start, length);
        }
        findings.Add(DescriptorFindings.UnknownLine, path, $"line {lineNumber} is \"{Printable(text)}\"");
        return new DescriptorLine(raw, DescriptorLineKind.Unknown);
    }

    private static bool TrySplit(string raw, out string key, out int valueStart, out int valueLength)
    {
        key = "";
        valueStart = valueLength = 0;
        int equals = raw.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) { return false; }
        ReadOnlySpan<char> name = raw.AsSpan(0, equals);
        if (name.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal)) { name = name[3..]; }
        key = name.Trim().ToString();
        if (key.Length == 0 || key.AsSpan().IndexOfAny(" \t\"") >= 0) { return false; }
        ReadOnlySpan<char> value = raw.AsSpan(equals + 1);
        int leading = value.Length - value.TrimStart().Length;
        valueStart = equals + 1 + leading;
        value = value.Trim();
        if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
        {
            valueStart++;
            value = value[1..^1];
        }
        valueLength = value.Length;
        if (valueLength == 0) { valueStart = Math.Min(valueStart, raw.Length); }
        return true;
    }

    private static bool IsExtent(ReadOnlySpan<char> text)
    {
        int blank = text.IndexOfAny(" \t");
        return blank > 0 && TryAccess(text[..blank], out _);
    }

    private static bool TryAccess(ReadOnlySpan<char> word, out ExtentAccess access)
    {
        for (access = ExtentAccess.ReadWrite; access <= ExtentAccess.NoAccess; access++)
        {
            if (word.Equals(ExtentLine.TextOf(access), StringComparison.OrdinalIgnoreCase)) { return true; }
        }
        return false;
    }

    private static void ParseExtent(
        ReadOnlySpan<char> text, int lineNumber, DescriptorEncoding encoding, string path,
        FindingList findings,
        List<ExtentLine> extents)
    {
        ReadOnlySpan<char> whole = text;
        TryAccess(TakeWord(ref text), out ExtentAccess access);
        ReadOnlySpan<char> sizeText = TakeWord(ref text);
        ReadOnlySpan<char> typeText = TakeWord(ref text);
        ExtentType type = ExtentLine.TypeOf(typeText);
        bool isSound =
            long.TryParse(sizeText, NumberStyles.None, CultureInfo.InvariantCulture, out long sectors)
            && sectors <= MaximumSectors && !typeText.IsEmpty;
        string? name = null;
        long offset = 0;
        if (isSound && !text.IsEmpty)
        {
            isSound = TakeName(ref text, out ReadOnlySpan<char> rawName);
            name = isSound ? encoding.Decode(rawName, path, findings) : null;
            if (isSound && name is null)
            {
                findings.Add(DescriptorFindings.UnknownEncoding, path,
                    $"line {lineNumber} uses \"{encoding.Name}\"");
                return;
            }
            ReadOnlySpan<char> offsetText = TakeWord(ref text);
            if (isSound && !offsetText.IsEmpty)
            {
                isSound = long.TryParse(offsetText, NumberStyles.None, CultureInfo.InvariantCulture,
                    out offset)
                    && offset <= MaximumSectors - sectors;
            }
            else if (isSound && type == ExtentType.Flat && access != ExtentAccess.NoAccess)
            {
                findings.Add(DescriptorFindings.FlatWithoutOffset, path, $"line {lineNumber}");
            }
        }
        if (isSound && name is null && type is not (ExtentType.Zero or ExtentType.Unknown)
            && access != ExtentAccess.NoAccess)
        {
            isSound = false;
        }
        if (!isSound)
        {
            findings.Add(DescriptorFindings.BadExtentLine, path,
                $"line {lineNumber} is \"{Printable(whole)}\"");
            return;
        }
        extents.Add(new ExtentLine(access, sectors, type, name, offset, typeText.ToString()));
    }

    private static ReadOnlySpan<char> TakeWord(ref ReadOnlySpan<char> text)
    {
        text = text.TrimStart();
        int end = text.IndexOfAny(" \t");
        ReadOnlySpan<char> word = end < 0 ? text : text[..end];
        text = text[word.Length..].TrimStart();
        return word;
    }

    private static bool TakeName(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> name)
    {
        name = default;
        if (text[0] != '"') { return false; }
        int end = text[1..].IndexOf('"');
        if (end <= 0) { return false; }
        name = text.Slice(1, end);
        text = text[(end + 2)..];

        // Something glued to the closing quote means that the name itself holds a quote: there is no rule for
        // that.
        if (!text.IsEmpty && text[0] is not (' ' or '\t')) { return false; }
        return true;
    }

    /// <summary>Text from a hostile file, safe for a terminal and short.</summary>
    internal static string Printable(ReadOnlySpan<char> text)
    {
        var shown = new StringBuilder();
        foreach (char value in text[..Math.Min(text.Length, 80)])
        {
            shown.Append(char.IsControl(value) || value == '"' ? '?' : value);
        }
        return text.Length > 80 ? shown.Append("...").ToString() : shown.ToString();
    }
}
