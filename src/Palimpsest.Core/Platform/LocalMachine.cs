using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Palimpsest.Core.Platform;

/// <summary>Whether something that was written down names this machine.</summary>
internal enum MachineMatch
{
    /// <summary>It cannot be told.</summary>
    Unknown,

    /// <summary>By the address of one of its network cards.</summary>
    This,

    /// <summary>By its host name alone: nothing else was written down.</summary>
    ThisByName,

    /// <summary>It is another machine.</summary>
    Other,
}

/// <summary>This machine, as VMware's hosted products name one, and its processes.</summary>
internal static class LocalMachine
{
    private const string NetworkFolder = "/sys/class/net";

    /// <summary>
    /// Compares a name that is 12 bytes long: a hash of the host name (32 bits, little-endian), the six bytes
    /// of a network card's address, two zeros. Products on Linux ask only eth0 to eth7 for an address; where
    /// the kernel calls its cards otherwise, the address is zero. (open-vm-tools, lib/misc/machineID.c and
    /// lib/file/file.c.)
    /// </summary>
    public static MachineMatch Compare(ReadOnlySpan<byte> name)
    {
        if (name.Length != 12) { return MachineMatch.Unknown; }
        ReadOnlySpan<byte> address = name.Slice(4, 6);
        if (address.IndexOfAnyExcept((byte)0) >= 0)
        {
            byte[] wanted = address.ToArray();
            return CardAddresses().Any(own => own.AsSpan().SequenceEqual(wanted))
                ? MachineMatch.This : MachineMatch.Other;
        }
        if (TryRead("/proc/sys/kernel/hostname") is not { } hostName) { return MachineMatch.Unknown; }
        return BinaryPrimitives.ReadUInt32LittleEndian(name) == HashOf(hostName)
            ? MachineMatch.ThisByName : MachineMatch.Other;
    }

    /// <summary>Bernstein's hash of a host name, with 33 as the factor and 5381 at the start.</summary>
    internal static uint HashOf(string hostName)
    {
        uint hash = 5381;
        foreach (byte letter in Encoding.UTF8.GetBytes(hostName)) { hash = unchecked((hash * 33) + letter); }
        return hash;
    }

    /// <summary>
    /// True when the process is certainly not there, or is a later one of the same number. What cannot be
    /// told counts as there.
    /// </summary>
    /// <param name="processId">Its number, in this process's namespace.</param>
    /// <param name="startTicks">When it started, in clock ticks since the machine did (field 22 of
    /// <c>/proc/PID/stat</c>, proc(5)); 0 when that is not known.</param>
    public static bool IsGone(int processId, ulong startTicks)
    {
        // Signal 0 is none. It answers where /proc hides the processes of others.
        bool isThere = Posix.Kill(processId, 0) == 0 || Marshal.GetLastPInvokeError() != Posix.ENoProcess;
        if (!isThere) { return true; }
        return startTicks != 0 && StartTicksOf(processId) is { } found && found != 0 && found != startTicks;
    }

    /// <summary>
    /// When a process started, in clock ticks since the machine did; null when that cannot be read.
    /// </summary>
    internal static ulong? StartTicksOf(int processId)
    {
        if (TryRead(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat")) is not { } stat)
        {
            return null;
        }

        // The second field is the name in parentheses, and may hold anything: field 3 is the first behind it.
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19
            && ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out ulong ticks)
            ? ticks : null;
    }

    // Cards only: bridges and tunnels have addresses that are the same on many machines.
    private static IEnumerable<byte[]> CardAddresses()
    {
        string[] folders;
        try
        {
            folders = Directory.GetFileSystemEntries(NetworkFolder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            yield break;
        }
        foreach (string folder in folders)
        {
            bool isCard = HostPath.NameOf(folder).StartsWith("eth", StringComparison.Ordinal)
                || Directory.Exists(folder + "/device");
            if (isCard && TryAddress(folder + "/address") is { } address) { yield return address; }
        }
    }

    private static byte[]? TryAddress(string path)
    {
        byte[] address = new byte[6];
        string text = TryRead(path)?.Replace(":", "", StringComparison.Ordinal) ?? "";
        return text.Length == 12
            && Convert.FromHexString(text, address, out _, out _) == System.Buffers.OperationStatus.Done
            ? address : null;
    }

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
