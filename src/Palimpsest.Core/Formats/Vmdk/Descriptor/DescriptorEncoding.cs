using System.Text;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>
/// The character sets of descriptors. Lines are kept as Latin-1 text, one character for each byte, so that
/// what is not touched is written back as it was; only values are decoded.
/// </summary>
internal sealed class DescriptorEncoding
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly Encoding? encoding;

    private DescriptorEncoding(string name, Encoding? encoding)
    {
        Name = name;
        this.encoding = encoding;
    }

    /// <summary>As declared; <c>UTF-8</c> without a declaration.</summary>
    public string Name { get; }

    /// <summary>The encoding for a declared name. An unknown name decodes ASCII only.</summary>
    public static DescriptorEncoding For(string? declared)
    {
        if (declared is null || declared.Equals("UTF-8", StringComparison.OrdinalIgnoreCase))
        {
            return new("UTF-8", StrictUtf8);
        }
        Encoding? found = declared.ToUpperInvariant() switch
        {
            "US-ASCII" or "ASCII" => StrictUtf8,
            "ISO-8859-1" => Encoding.Latin1,
            "WINDOWS-1252" => CodePage(1252),
            "GBK" or "GB2312" or "CP936" or "WINDOWS-936" => CodePage(936),
            "BIG5" or "CP950" or "WINDOWS-950" => CodePage(950),
            "SHIFT_JIS" or "SHIFT-JIS" or "CP932" or "WINDOWS-31J" => CodePage(932),
            _ => CodePagesEncodingProvider.Instance.GetEncoding(declared),
        };
        return new(declared, found);
    }

    /// <summary>
    /// Decodes Latin-1-wrapped bytes; null when the encoding is unknown and a byte is not ASCII.
    /// </summary>
    public string? Decode(ReadOnlySpan<char> latin1, string path, FindingList findings)
    {
        if (System.Text.Ascii.IsValid(latin1)) { return latin1.ToString(); }
        byte[] bytes = Encoding.Latin1.GetBytes(latin1.ToArray());
        if (encoding is null) { return null; }
        try
        {
            return encoding.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            findings.Add(DescriptorFindings.InvalidText, path, $"a value is not valid {Name}");
            return CodePage(1252)!.GetString(bytes);
        }
    }

    /// <summary>
    /// Encodes text for a line, Latin-1-wrapped. Characters the encoding lacks are refused.
    /// </summary>
    public string Encode(string text)
    {
        if (System.Text.Ascii.IsValid(text)) { return text; }
        var exact = (Encoding)(encoding ?? Encoding.ASCII).Clone();
        exact.EncoderFallback = EncoderFallback.ExceptionFallback;
        try
        {
            return Encoding.Latin1.GetString(exact.GetBytes(text));
        }
        catch (EncoderFallbackException error)
        {
            throw new BlockException(BlockErrorKind.Refused, null, null,
                $"the name \"{text}\" cannot be written in the descriptor's encoding {Name}; use another "
                + "name", error);
        }
    }

    private static Encoding? CodePage(int number) => CodePagesEncodingProvider.Instance.GetEncoding(number);
}
