namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

internal enum DescriptorLineKind
{
    /// <summary>Blank, or a comment.</summary>
    Inert,
    KeyValue,
    Extent,
    Unknown,
}

/// <summary>One line: its bytes (as Latin-1 text, line end included), and what it says.</summary>
/// <param name="Raw">The bytes, one character each, with the line end.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Key of a key=value line, as written.</param>
/// <param name="Value">Its value, trimmed, without quotes, decoded.</param>
/// <param name="ValueStart">Where the value (without quotes) begins in <paramref name="Raw"/>.</param>
/// <param name="ValueLength">How many characters of <paramref name="Raw"/> it takes.</param>
internal sealed record DescriptorLine(
    string Raw, DescriptorLineKind Kind, string Key = "", string Value = "", int ValueStart = 0,
    int ValueLength = 0)
{
    /// <summary>The line end as it was: LF, CRLF or nothing.</summary>
    public string LineEnd => Raw.EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : Raw.EndsWith('\n')
        ? "\n" : "";
}
