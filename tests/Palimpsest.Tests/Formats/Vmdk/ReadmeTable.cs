using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>Holds on-disk structures to the byte table of their format's README.</summary>
internal static class ReadmeTable
{
    /// <summary>
    /// Asserts that every row of the table under a heading is where the structure has the field, and none is
    /// missing.
    /// </summary>
    public static void AssertDescribes<T>(string formatFolder, string headingPrefix)
        where T : unmanaged
    {
        string path = Path.Combine(SourceRoot(), "src/Palimpsest.Core/Formats/Vmdk", formatFolder,
            "README.md");
        string[] rows = [.. File.ReadLines(path)
            .SkipWhile(line => !line.StartsWith(headingPrefix, StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.StartsWith('#'))
            .Where(line => line.StartsWith("| 0x", StringComparison.Ordinal))];
        Assert.Equal(typeof(T).GetProperties().Count(property => property.CanWrite), rows.Length);
        int end = 0;
        foreach (string row in rows)
        {
            string[] cells = [.. row.Split('|').Select(cell => cell.Trim())];
            int offset = int.Parse(cells[1][2..], NumberStyles.HexNumber);
            Assert.Equal(offset, (int)Marshal.OffsetOf<T>($"<{cells[3]}>k__BackingField"));
            Assert.Equal(end, offset);
            end = offset + int.Parse(cells[2]);
        }
        Assert.Equal(Marshal.SizeOf<T>(), end);
    }

    private static string SourceRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Palimpsest.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("not run within the source tree");
    }
}
