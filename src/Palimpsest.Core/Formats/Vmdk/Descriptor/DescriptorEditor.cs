using System.Text;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>
/// Changes single values of a descriptor. Every line that is not changed keeps its bytes, its line end and
/// its place.
/// </summary>
public sealed class DescriptorEditor
{
    private readonly DescriptorEncoding encoding;
    private readonly List<DescriptorLine> lines;
    private readonly string lineEnd;

    /// <summary>Begins with the lines of <paramref name="descriptor"/>.</summary>
    public DescriptorEditor(VmdkDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        encoding = descriptor.Encoding;
        lines = [.. descriptor.Lines];
        lineEnd = lines.Count > 0 && lines[0].LineEnd == "\r\n" ? "\r\n" : "\n";
    }

    /// <summary>
    /// Sets the CID, and the tail of the long content id where the descriptor has one of 32 digits.
    /// </summary>
    public void SetContentId(uint contentId)
    {
        Set("CID", $"{contentId:x8}");
        int index = IndexOf("ddb.longContentID");
        if (index >= 0 && lines[index].Value.Length == 32)
        {
            Set("ddb.longContentID", string.Concat(lines[index].Value.AsSpan(0, 24), $"{contentId:x8}"));
        }
    }

    /// <summary>Sets the id that the parent is expected to have.</summary>
    public void SetParentContentId(uint parentContentId) => Set("parentCID", $"{parentContentId:x8}");

    /// <summary>
    /// Sets a key. An existing line keeps its form around the value; a new one goes after the last line of
    /// its section.
    /// </summary>
    public void Set(string key, string value)
    {
        string encoded = encoding.Encode(value);
        int index = IndexOf(key);
        if (index >= 0)
        {
            DescriptorLine line = lines[index];
            string raw = string.Concat(
                line.Raw.AsSpan(0, line.ValueStart), encoded,
                line.Raw.AsSpan(line.ValueStart + line.ValueLength));
            lines[index] = line with { Raw = raw, Value = value, ValueLength = encoded.Length };
            return;
        }
        bool isDatabase = key.StartsWith("ddb.", StringComparison.OrdinalIgnoreCase);
        bool isBare = key.ToUpperInvariant() is "VERSION" or "CID" or "PARENTCID";
        string start = isDatabase ? $"{key} = \"" : isBare ? key + "=" : key + "=\"";
        string text = start + encoded + (isBare ? "" : "\"") + lineEnd;
        Insert(isDatabase, new DescriptorLine(
            text, DescriptorLineKind.KeyValue, key, value, start.Length, encoded.Length));
    }

    /// <summary>Sets a key that has no line yet.</summary>
    public void SetIfAbsent(string key, string value)
    {
        if (IndexOf(key) < 0) { Set(key, value); }
    }

    /// <summary>Removes every line of a key.</summary>
    public void Remove(string key) => lines.RemoveAll(line => IsKey(line, key));

    /// <summary>
    /// Makes the version line the first one after the comments at the top; adds <c>version=1</c> without one.
    /// </summary>
    public void PutVersionFirst()
    {
        int index = IndexOf("version");
        DescriptorLine version = index >= 0
            ? lines[index]
            : new DescriptorLine("version=1" + lineEnd, DescriptorLineKind.KeyValue, "version", "1", 8, 1);
        if (index >= 0) { lines.RemoveAt(index); }
        int target = lines.FindIndex(line => !line.Raw.TrimStart().StartsWith('#'));
        lines.Insert(target < 0 ? lines.Count : target, EnsureLineEnd(version));
    }

    /// <summary>Puts the CID before the parentCID, each with its own line.</summary>
    public void PutContentIdFirst()
    {
        int own = IndexOf("CID"), parent = IndexOf("parentCID");
        if (own >= 0 && parent >= 0 && parent < own)
        {
            (lines[own], lines[parent]) = (EnsureLineEnd(lines[parent]), EnsureLineEnd(lines[own]));
        }
    }

    /// <summary>
    /// Writes out the offset 0 of FLAT extent lines that have a name and no offset. The rest of a line stays.
    /// </summary>
    public void WriteFlatOffsets()
    {
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Kind != DescriptorLineKind.Extent) { continue; }
            string body = lines[i].Raw.TrimEnd();
            string[] words = body.Split([' ', '\t'], 4, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 4 && words[2].Equals("FLAT", StringComparison.OrdinalIgnoreCase)
                && body.EndsWith('"'))
            {
                lines[i] = lines[i] with { Raw = body + " 0" + lines[i].Raw[body.Length..] };
            }
        }
    }

    /// <summary>Replaces all extent lines by these, where the first one stood.</summary>
    public void SetExtents(IEnumerable<ExtentLine> extents)
    {
        int first = lines.FindIndex(line => line.Kind == DescriptorLineKind.Extent);
        lines.RemoveAll(line => line.Kind == DescriptorLineKind.Extent);
        if (first < 0) { first = SectionEnd(isDatabase: false); }
        EndLineBefore(first);
        lines.InsertRange(first, extents.Select(extent =>
            new DescriptorLine(encoding.Encode(extent.ToLine()) + lineEnd, DescriptorLineKind.Extent)));
    }

    /// <summary>The text, as bytes of the descriptor's own encoding, without NUL.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        foreach (DescriptorLine line in lines) { text.Append(line.Raw); }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static bool IsKey(DescriptorLine line, string key) =>
        line.Kind == DescriptorLineKind.KeyValue && line.Key.Equals(key, StringComparison.OrdinalIgnoreCase);

    private int IndexOf(string key) => lines.FindIndex(line => IsKey(line, key));

    private void Insert(bool isDatabase, DescriptorLine line)
    {
        int index = SectionEnd(isDatabase);
        EndLineBefore(index);
        lines.Insert(index, line);
    }

    // After the last key=value line of the section; a database without one yet begins at the end of the text.
    private int SectionEnd(bool isDatabase)
    {
        int last = lines.FindLastIndex(line => line.Kind == DescriptorLineKind.KeyValue
            && line.Key.StartsWith("ddb.", StringComparison.OrdinalIgnoreCase) == isDatabase);
        return last >= 0 ? last + 1 : isDatabase ? lines.Count : 0;
    }

    private void EndLineBefore(int index)
    {
        if (index > 0) { lines[index - 1] = EnsureLineEnd(lines[index - 1]); }
    }

    private DescriptorLine EnsureLineEnd(DescriptorLine line) =>
        line.LineEnd.Length > 0 ? line : line with { Raw = line.Raw + lineEnd };
}
