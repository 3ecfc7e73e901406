using System.Globalization;
using System.Text;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>
/// The list of a copy's scars, as a GNU ddrescue mapfile: <c>+</c> for what was read, <c>-</c> for what could
/// not be. Format: GNU ddrescue manual, "Mapfile structure".
/// </summary>
public static class ScarMapFile
{
    private const string Title = "# Mapfile. Ranges marked - could not be read and are zeros in the copy.\n";

    /// <summary>
    /// The mapfile's text for a disk of <paramref name="lengthBytes"/> with these scars (in order, disjoint).
    /// </summary>
    public static string TextOf(long lengthBytes, IReadOnlyList<ByteRange> scars)
    {
        ArgumentNullException.ThrowIfNull(scars);
        var text = new StringBuilder();
        text.Append(Title);
        text.Append("# current_pos  current_status  current_pass\n");
        text.Append(CultureInfo.InvariantCulture, $"0x{lengthBytes:X8}     +               1\n");
        text.Append("#      pos        size  status\n");
        long done = 0;
        foreach (ByteRange scar in scars)
        {
            if (scar.Offset > done) { AppendLine(text, done, scar.Offset - done, '+'); }
            AppendLine(text, scar.Offset, scar.Length, '-');
            done = scar.Offset + scar.Length;
        }
        if (done < lengthBytes) { AppendLine(text, done, lengthBytes - done, '+'); }
        return text.ToString();
    }

    /// <summary>
    /// Makes sure that the name is free. A map of ours there is of a copy that was never finished, and goes;
    /// anything else is refused.
    /// </summary>
    internal static void ClearName(IHost host, string path)
    {
        if (host.Stat(path) is null) { return; }
        if (!IsOurs(host, path)) { NewDisk.ThrowIfExists(host, path); }
        host.Delete(path);
    }

    internal static void Write(IHost host, string path, long lengthBytes, IReadOnlyList<ByteRange> scars) =>
        AtomicFile.Replace(host, path, Encoding.ASCII.GetBytes(TextOf(lengthBytes, scars)));

    private static bool IsOurs(IHost host, string path)
    {
        if (host.Stat(path)?.Kind != HostEntryKind.File) { return false; }
        using HostFile file = host.Open(path, HostAccess.Read);
        byte[] start = new byte[Math.Min(file.Length, Title.Length)];
        file.Read(0, start);
        return Encoding.ASCII.GetString(start) == Title;
    }

    private static void AppendLine(StringBuilder text, long offset, long length, char status) =>
        text.Append(CultureInfo.InvariantCulture, $"0x{offset:X8}  0x{length:X8}  {status}\n");
}
