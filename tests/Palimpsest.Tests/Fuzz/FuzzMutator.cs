using System.Buffers.Binary;
using System.Text;

namespace Palimpsest.Tests.Fuzz;

/// <summary>
/// Damages a valid disk in ways that its format gives meaning to. One instance for one case.
/// </summary>
internal sealed class FuzzMutator(Random random)
{
    private const int MaximumBytes = 1 << 20;

    private static readonly string[] words =
    [
        "", "0", "1", "-1", "2", "3", "4", "127", "128", "2047", "4192256", "4294967294", "4294967295",
        "4294967296",
        "2147483648", "9007199254740992", "36028797018963967", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "99999999999999999999999", "0x10", "1e9", "RW", "rw", "RDONLY", "NOACCESS",
        "FLAT",
        "SPARSE", "VMFS", "VMFSSPARSE", "SESPARSE", "ZERO", "VMFSRDM", "VMFSRAW", "VSANSPARSE", "\"", "\"\"",
        "=",
        "..", "../x", "/etc/passwd", "C:\\x.vmdk", "disk.vmdk", "\"disk.vmdk\"", "\"disk-flat.vmdk\"",
        "ffffffff",
        "fffffffe", "00000000", "123456789", "xyz", "version", "CID", "parentCID", "createType", "encoding",
        "parentFileNameHint", "changeTrackPath", "ddb.adapterType", "monolithicFlat", "monolithicSparse",
        "streamOptimized", "vmfsSparse", "seSparse", "twoGbMaxExtentFlat", "custom", "fullDevice", "vmfsRDM",
        "UTF-8",
        "windows-1252", "GBK", "Big5", "Shift_JIS", "utf-7", "\u00e4\u4e2d", "\0", "\r\n", "\n", "#", "\t",
        "\uFEFF",
    ];

    /// <summary>A damaged copy of the image's files.</summary>
    internal Dictionary<string, byte[]> Damage(FuzzImage image)
    {
        var files = new Dictionary<string, byte[]>(image.Files, StringComparer.Ordinal);
        var fresh = new HashSet<string>(StringComparer.Ordinal);
        int count = 1 + (random.Next(3) == 0 ? random.Next(4) : 0);
        for (int i = 0; i < count; i++)
        {
            int choice = random.Next(100);
            if (image.Texts.Count > 0 && (choice < 25 || image.Fields.Count == 0))
            {
                ChangeText(files, image.Texts[random.Next(image.Texts.Count)]);
            }
            else if (choice < 90 && image.Fields.Count > 0)
            {
                FuzzField field = image.Fields[random.Next(image.Fields.Count)];
                if (fresh.Add(field.Path)) { files[field.Path] = (byte[])files[field.Path].Clone(); }
                ChangeField(files[field.Path], field);
            }
            else
            {
                string path = files.Keys.ElementAt(random.Next(files.Count));
                files[path] = ChangeBytes(files[path]);
                fresh.Add(path);
            }
        }
        return files;
    }

    private void ChangeField(byte[] file, FuzzField field)
    {
        if (field.Offset + field.Width > file.Length) { return; }
        Span<byte> bytes = file.AsSpan(field.Offset, field.Width);
        Span<byte> wide = stackalloc byte[8];
        wide.Clear();
        bytes.CopyTo(wide);
        ulong old = BinaryPrimitives.ReadUInt64LittleEndian(wide);
        BinaryPrimitives.WriteUInt64LittleEndian(wide, NumberFor(old, file.Length));
        wide[..field.Width].CopyTo(bytes);
    }

    private ulong NumberFor(ulong old, int fileLength) => random.Next(16) switch
    {
        0 => 0,
        1 => 1,
        2 => ulong.MaxValue,
        3 => long.MaxValue,
        4 => 1UL << 63,
        5 => old + 1,
        6 => old - 1,
        7 => old << 1,
        8 => old >> 1,
        9 => old ^ (1UL << random.Next(64)),
        10 => (ulong)random.Next(fileLength / 512 + 2),
        11 => (ulong)(fileLength / 512) + (ulong)random.Next(3) - 1,
        12 => 1UL << random.Next(64),
        13 => (1UL << random.Next(64)) - 1,
        14 => (ulong)random.NextInt64(),
        _ => (ulong)random.Next(256),
    };

    private byte[] ChangeBytes(byte[] file)
    {
        int place = random.Next(file.Length + 1);
        switch (random.Next(6))
        {
            case 0:
                return file[..place];
            case 1:
                return file[..(place / 512 * 512)];
            case 2:
                byte[] longer = new byte[Math.Min(MaximumBytes, file.Length + random.Next(1, 5000))];
                file.AsSpan(0, Math.Min(file.Length, longer.Length)).CopyTo(longer);
                return longer;
            default:
                byte[] copy = (byte[])file.Clone();
                if (copy.Length == 0) { return copy; }
                int length = Math.Min(copy.Length, 1 << random.Next(12));
                int from = random.Next(copy.Length - length + 1), to = random.Next(copy.Length - length + 1);
                if (random.Next(2) == 0) { file.AsSpan(from, length).CopyTo(copy.AsSpan(to)); }
                else { random.NextBytes(copy.AsSpan(to, Math.Min(length, 16))); }
                return copy;
        }
    }

    private void ChangeText(Dictionary<string, byte[]> files, FuzzText place)
    {
        byte[] file = files[place.Path];
        int start = Math.Min(place.Offset, file.Length);
        int room = place.AreaBytes == 0 ? file.Length - start
            : Math.Min(place.AreaBytes, file.Length - start);
        string area = Encoding.Latin1.GetString(file, start, room);
        int end = area.IndexOf('\0', StringComparison.Ordinal);
        byte[] text = Encoding.Latin1.GetBytes(Rewrite(end < 0 ? area : area[..end]));
        if (place.AreaBytes == 0)
        {
            files[place.Path] = text[..Math.Min(text.Length, MaximumBytes)];
            return;
        }
        byte[] copy = (byte[])file.Clone();
        copy.AsSpan(start, room).Clear();
        text.AsSpan(0, Math.Min(text.Length, room)).CopyTo(copy.AsSpan(start));
        files[place.Path] = copy;
    }

    private string Rewrite(string text)
    {
        List<string> lines = [.. text.Split('\n')];
        int line = random.Next(lines.Count);
        switch (random.Next(12))
        {
            case 0:
                lines.RemoveAt(line);
                break;
            case 1:
                lines.Insert(random.Next(lines.Count + 1), lines[line]);
                break;
            case 2:
                lines.InsertRange(line,
                    Enumerable.Repeat(lines[line], random.Next(random.Next(20) == 0 ? 3000 : 10)));
                break;
            case 3:
                int other = random.Next(lines.Count);
                (lines[line], lines[other]) = (lines[other], lines[line]);
                break;
            case 4:
                lines[line] = lines[line].Insert(random.Next(lines[line].Length + 1), Word());
                break;
            case 5:
                lines[line] += new string((char)random.Next(1, 256), random.Next(5000));
                break;
            case 6:
                return text.Replace("\n", random.Next(2) == 0 ? "\r\n" : "\r");
            default:
                lines[line] = ReplaceToken(lines[line]);
                break;
        }
        return string.Join('\n', lines);
    }

    // A token is what stands between blanks, quotes and equals signs.
    private string ReplaceToken(string line)
    {
        var tokens = new List<(int Start, int Length)>();
        for (int i = 0; i < line.Length;)
        {
            int start = i;
            while (i < line.Length && !" =\"\t".Contains(line[i])) { i++; }
            if (i > start) { tokens.Add((start, i - start)); }
            i++;
        }
        if (tokens.Count == 0) { return Word(); }
        (int at, int length) = tokens[random.Next(tokens.Count)];
        return line[..at] + Word() + line[(at + length)..];
    }

    private string Word() => words[random.Next(words.Length)];
}
