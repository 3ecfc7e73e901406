using System.Globalization;
using System.Text;

namespace Palimpsest.Core.Chains.Locking;

/// <summary>
/// What a lock file of VMware's hosted products says: who holds it. Format: open-vm-tools,
/// lib/file/fileLockPrimitive.c and fileLockPosix.c; see docs/decisions/0011.
/// </summary>
/// <param name="Machine">The machine, as it is written: see <see cref="MachineBytes"/>.</param>
/// <param name="ProcessId">The process's number there.</param>
/// <param name="StartTicks">When it started, in that machine's own count; 0 when not said.</param>
/// <param name="ProcessName">Its name; null when not said.</param>
/// <param name="IsExclusive">True for a writer, false for one who shares.</param>
internal sealed record VmwareLockFile(
    string Machine, int ProcessId, ulong StartTicks, string? ProcessName, bool IsExclusive)
{
    /// <summary>Such a file has 512 bytes; nothing behind that is looked at.</summary>
    public const int SizeBytes = 512;

    private const int MinimumFields = 5, MaximumFields = 16;

    /// <summary>
    /// The 12 bytes behind a machine's name, as products on Linux write it: base64 with <c>-</c> for
    /// <c>/</c>. Null for the names of other systems, which begin with <c>uuid=</c>, and for anything else.
    /// </summary>
    public byte[]? MachineBytes
    {
        get
        {
            byte[] bytes = new byte[12];
            return Convert.TryFromBase64String(Machine.Replace('-', '/'), bytes, out int count) && count == 12
                ? bytes : null;
        }
    }

    /// <summary>Reads a lock file's text; null when it does not have that form.</summary>
    public static VmwareLockFile? Parse(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, SizeBytes)];
        int end = bytes.IndexOf((byte)0);
        if (end >= 0) { bytes = bytes[..end]; }
        if (bytes.IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0) { return null; }
        string[] fields = Encoding.ASCII.GetString(bytes).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool isSane = fields.Length is >= MinimumFields and <= MaximumFields
            && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && fields[3] is "X" or "S";
        if (!isSane) { return null; }

        // Older products have the process's number alone here, and its time in the fifth field.
        bool isOld = fields[1].AsSpan().IndexOfAny("-()") < 0;
        return ParseExecution(isOld ? $"{fields[1]}-{fields[4]}" : fields[1]) is { } process
            ? new VmwareLockFile(fields[0], process.Id, process.StartTicks, process.Name, fields[3] == "X")
            : null;
    }

    // NUMBER, NUMBER-TIME, NUMBER(NAME), NUMBER-TIME(NAME)
    private static (int Id, ulong StartTicks, string? Name)? ParseExecution(string text)
    {
        string? name = null;
        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open >= 0)
        {
            name = text[(open + 1)..].TrimEnd(')');
            text = text[..open];
        }
        string[] parts = text.Split('-');
        ulong start = 0;
        bool isSane = parts.Length is 1 or 2
            && (parts.Length == 1
                || ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out start));
        isSane &= int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id);
        return isSane && id > 0 ? (id, start, name) : null;
    }
}
