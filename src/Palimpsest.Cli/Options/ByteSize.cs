using System.CommandLine.Parsing;
using System.Globalization;

namespace Palimpsest.Cli.Options;

/// <summary>
/// Sizes and offsets as people type them: <c>40G</c>, <c>64M</c>, <c>512K</c>, <c>2T</c>, <c>1.5G</c>, plain
/// bytes.
/// </summary>
internal static class ByteSize
{
    private const string Units = "KMGTPE";

    /// <summary>
    /// Bytes; null, and the reason, when the text is no size. Units are powers of 1024; <c>B</c> and
    /// <c>iB</c> may follow them. A fraction must come out as whole bytes.
    /// </summary>
    public static long? TryParse(string text, out string reason)
    {
        reason = "";
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        int end = 0;
        while (end < rest.Length && (char.IsAsciiDigit(rest[end]) || rest[end] == '.')) { end++; }
        ReadOnlySpan<char> digits = rest[..end], unit = rest[end..].Trim();
        if (TryShift(unit) is not { } shift
            || !decimal.TryParse(
                digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            reason = $"\"{text}\" is not a size; write bytes, or a number with "
                + " K, M, G, T, P or E, such as 40G";
            return null;
        }
        if (number > long.MaxValue / (decimal)(1L << shift))
        {
            reason = $"\"{text}\" is too large: no disk has more than {long.MaxValue} bytes";
            return null;
        }
        decimal bytes = number * (1L << shift);
        if (bytes == decimal.Truncate(bytes)) { return (long)bytes; }
        reason = $"\"{text}\" is not a whole number of bytes";
        return null;
    }

    /// <summary>For options and arguments.</summary>
    public static long Parse(ArgumentResult result)
    {
        if (TryParse(result.Tokens[0].Value, out string reason) is { } bytes) { return bytes; }
        result.AddError(reason);
        return 0;
    }

    private static int? TryShift(ReadOnlySpan<char> unit)
    {
        if (unit.Length == 0 || unit.Equals("B", StringComparison.OrdinalIgnoreCase)) { return 0; }
        int index = Units.IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal);
        ReadOnlySpan<char> tail = unit[1..];
        bool isPlain = tail.Length == 0 || tail.Equals("iB", StringComparison.OrdinalIgnoreCase)
            || tail.Equals("B", StringComparison.OrdinalIgnoreCase);
        return index >= 0 && isPlain ? 10 * (index + 1) : null;
    }
}
