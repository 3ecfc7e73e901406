using System.Globalization;
using System.Text;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>
/// The text that describes one link: its ids, its parent, its extents, its database. Immutable; holds every
/// line as it was. Change one with <see cref="DescriptorEditor"/>.
/// </summary>
public sealed class VmdkDescriptor
{
    /// <summary>The parentCID of a disk without a parent.</summary>
    public const uint NoParent = 0xFFFFFFFF;

    /// <summary>No descriptor is larger than this many bytes.</summary>
    public const int MaximumBytes = 1 << 20;

    internal VmdkDescriptor(DescriptorLine[] lines, DescriptorEncoding encoding,
        IReadOnlyList<ExtentLine> extents)
    {
        Lines = lines;
        Encoding = encoding;
        Extents = extents;
        ContentId = HexOf("CID");
        ParentContentId = HexOf("parentCID");
        Version = int.TryParse(Header("version"), NumberStyles.None, CultureInfo.InvariantCulture,
            out int version) ? version : null;
    }

    /// <summary>1, 2 or 3; null when absent or malformed.</summary>
    public int? Version { get; }

    /// <summary>The <c>CID</c> of this link; null when absent or malformed.</summary>
    public uint? ContentId { get; }

    /// <summary>The <c>parentCID</c>; null when absent or malformed.</summary>
    public uint? ParentContentId { get; }

    /// <summary>True when the link names a parent by id.</summary>
    public bool HasParent => ParentContentId is { } id ? id != NoParent : ParentFileNameHint is not null;

    /// <summary><c>createType</c>, as written.</summary>
    public string? CreateType => Header("createType");

    /// <summary><c>parentFileNameHint</c>, decoded.</summary>
    public string? ParentFileNameHint => Header("parentFileNameHint");

    /// <summary><c>changeTrackPath</c>, decoded.</summary>
    public string? ChangeTrackPath => Header("changeTrackPath");

    /// <summary>Declared encoding, or <c>UTF-8</c>.</summary>
    public string EncodingName => Encoding.Name;

    /// <summary>The extents in file order.</summary>
    public IReadOnlyList<ExtentLine> Extents { get; }

    /// <summary>Sum of the extents' sizes in bytes.</summary>
    public long CapacityBytes
    {
        get
        {
            long sectors = 0;
            foreach (ExtentLine extent in Extents) { sectors = checked(sectors + extent.SectorCount); }
            return checked(sectors * Platform.Sector.Bytes);
        }
    }

    internal DescriptorLine[] Lines { get; }

    internal DescriptorEncoding Encoding { get; }

    /// <summary>Value of a header key, decoded, without its quotes; null when absent.</summary>
    public string? Header(string key)
    {
        foreach (DescriptorLine line in Lines)
        {
            if (line.Kind == DescriptorLineKind.KeyValue
                && line.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                return line.Value;
            }
        }
        return null;
    }

    /// <summary>Value of a database key, for example <c>adapterType</c> for <c>ddb.adapterType</c>.</summary>
    public string? Database(string key) => Header("ddb." + key);

    /// <summary>All database entries in order, keys without <c>ddb.</c>.</summary>
    public IEnumerable<KeyValuePair<string, string>> DatabaseEntries => Lines
        .Where(line => line.Kind == DescriptorLineKind.KeyValue
            && line.Key.StartsWith("ddb.", StringComparison.OrdinalIgnoreCase))
        .Select(line => KeyValuePair.Create(line.Key[4..], line.Value));

    /// <summary>The text, byte for byte as it was up to its end.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        foreach (DescriptorLine line in Lines) { text.Append(line.Raw); }
        return System.Text.Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>
    /// True when the first bytes of a file are those of a text descriptor, also of one whose version line is
    /// not first.
    /// </summary>
    public static bool LooksLikeDescriptor(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("\uFEFF"u8)) { start = start[3..]; }
        int end = start.IndexOf((byte)0);
        if (end >= 0) { start = start[..end]; }
        if (start.IsEmpty) { return false; }
        foreach (byte value in start[..Math.Min(start.Length, 512)])
        {
            if (value < 0x20 && value is not ((byte)'\n' or (byte)'\r' or (byte)'\t')) { return false; }
        }
        foreach (Range range in start.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = start[range].Trim(" \t\r"u8);
            if (Begins(line, "# Disk DescriptorFile") || IsKey(line, "version") || IsKey(line, "createType")
                || IsKey(line, "CID"))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsKey(ReadOnlySpan<byte> line, string key) =>
        Begins(line, key) && line[key.Length..].TrimStart(" \t"u8).StartsWith("="u8);

    private static bool Begins(ReadOnlySpan<byte> line, string text) =>
        line.Length >= text.Length && Ascii.EqualsIgnoreCase(line[..text.Length], text);

    private uint? HexOf(string key)
    {
        string? value = Header(key);
        return value is { Length: > 0 and <= 8 }
            && uint.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out uint id) ? id : null;
    }
}
