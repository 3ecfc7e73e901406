using System.Globalization;
using System.Text;

namespace Palimpsest.Cli.Rendering;

/// <summary>
/// Makes strings from images and file names safe for a terminal: whatever could move the cursor, change
/// colours, reorder or hide text is shown as its number.
/// </summary>
internal static class TerminalText
{
    /// <summary>
    /// The text with every unsafe character replaced by <c>\x1B</c> or <c>\u{202E}</c>; line breaks too.
    /// </summary>
    public static string Safe(string text)
    {
        int first = FirstUnsafe(text);
        if (first < 0) { return text; }
        var safe = new StringBuilder(text, 0, first, text.Length + 16);
        foreach (Rune rune in text.AsSpan(first).EnumerateRunes())
        {
            if (IsSafe(rune)) { safe.Append(rune.ToString()); }
            else if (rune.Value <= 0xFF) { safe.Append($"\\x{rune.Value:X2}"); }
            else { safe.Append($"\\u{{{rune.Value:X}}}"); }
        }
        return safe.ToString();
    }

    private static int FirstUnsafe(string text)
    {
        // Nearly all text is plain ASCII; only from the first other character on is it worth a closer look.
        int first = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        if (first < 0) { return -1; }
        int at = first;
        foreach (Rune rune in text.AsSpan(first).EnumerateRunes())
        {
            if (!IsSafe(rune) || rune == Rune.ReplacementChar) { return at; }
            at += rune.Utf16SequenceLength;
        }
        return -1;
    }

    // A lone surrogate arrives here as U+FFFD, which is safe and says what it is.
    private static bool IsSafe(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned);
}
