namespace Palimpsest.Tests.Fuzz;

/// <summary>
/// A place of a file that means something: a header's field, a table's entry, a marker's word.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where, in bytes.</param>
/// <param name="Width">1, 2, 4 or 8 bytes, little-endian.</param>
internal readonly record struct FuzzField(string Path, int Offset, int Width);

/// <summary>A text of a file that has tokens: a descriptor.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="AreaBytes">Room of an embedded one; 0 for a text that is the whole file.</param>
internal readonly record struct FuzzText(string Path, int Offset, int AreaBytes);

/// <summary>
/// A valid disk to damage: its files, and where in them the meaning lies. Files are never changed in place.
/// </summary>
internal sealed record FuzzImage(
    string OpenPath, IReadOnlyDictionary<string, byte[]> Files, IReadOnlyList<FuzzField> Fields,
    IReadOnlyList<FuzzText> Texts);
