using System.Text;

namespace Palimpsest.Cli.Rendering;

/// <summary>How a piece of text is meant.</summary>
internal enum TextStyle
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>Headings and names.</summary>
    Strong,

    /// <summary>Of less weight.</summary>
    Dim,

    /// <summary>All is well.</summary>
    Good,

    /// <summary>At risk.</summary>
    Warning,

    /// <summary>Damaged or refused.</summary>
    Bad,
}

/// <summary>
/// The one way for text to standard output or error. Everything passes through
/// <see cref="TerminalText.Safe"/>; lines end only where the program ends them. Buffered: <see cref="Flush"/>
/// at the end, or it is flushed when it is large.
/// </summary>
internal sealed class TextOutput(Stream stream, bool useColor)
{
    private const int FlushAtCharacters = 32 << 10;
    private readonly StringBuilder pending = new();

    /// <summary>Appends text to the line.</summary>
    public TextOutput Write(string text, TextStyle style = TextStyle.Plain)
    {
        string safe = TerminalText.Safe(text);
        string code = useColor ? CodeFor(style) : "";
        if (code.Length == 0) { pending.Append(safe); }
        else { pending.Append("\e[").Append(code).Append('m').Append(safe).Append("\e[0m"); }
        return this;
    }

    /// <summary>Ends the line.</summary>
    public void EndLine()
    {
        pending.Append('\n');
        if (pending.Length >= FlushAtCharacters) { Flush(); }
    }

    /// <summary>Writes a whole line.</summary>
    public void WriteLine(string text = "", TextStyle style = TextStyle.Plain)
    {
        if (text.Length > 0) { Write(text, style); }
        EndLine();
    }

    /// <summary>Hands everything to the stream.</summary>
    public void Flush()
    {
        if (pending.Length == 0) { return; }
        byte[] bytes = Encoding.UTF8.GetBytes(pending.ToString());
        pending.Clear();
        stream.Write(bytes);
        stream.Flush();
    }

    private static string CodeFor(TextStyle style) => style switch
    {
        TextStyle.Strong => "1",
        TextStyle.Dim => "2",
        TextStyle.Good => "32",
        TextStyle.Warning => "33",
        TextStyle.Bad => "1;31",
        _ => "",
    };
}
