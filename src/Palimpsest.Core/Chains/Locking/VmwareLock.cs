using System.Globalization;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Locking;

/// <summary>
/// Keeps writers off files that a VMware product holds by a <c>.lck</c> folder beside them.
/// </summary>
/// <remarks>Looks and never deletes: a lock is its owner's.</remarks>
internal static class VmwareLock
{
    private const string Suffix = ".lck";

    // A file has one lock, or one of each reader; the bound is for hostile folders.
    private const int MaximumLocks = 256;

    /// <summary>
    /// Refuses while a product holds <paramref name="path"/>. A lock that a process of this machine left
    /// behind is passed over, with a finding, when the user said so. One who only keeps writers off is not
    /// kept off by readers.
    /// </summary>
    public static void ThrowIfHeld(DiskOpenOptions options, string path, bool isWriter, FindingList findings)
    {
        IHost host = options.Host;
        string place = path + Suffix;
        switch (host.Stat(place)?.Kind)
        {
            case HostEntryKind.Folder:
                break;
            case HostEntryKind.File:
                // So ESXi locks on its own file systems; whether that still holds is known there alone.
                throw findings.Refuse(ChainFindings.VmwareLock, path,
                    $"{place} is a file; who left it cannot be told");
            default:
                return;
        }
        string[] names = [.. host.List(place).Where(name => name.EndsWith(Suffix, StringComparison.Ordinal))];
        if (names.Length > MaximumLocks)
        {
            throw findings.Refuse(ChainFindings.VmwareLock, path, $"{place} holds {names.Length} locks");
        }
        foreach (string name in names)
        {
            ThrowIfHeld(options, path, HostPath.Combine(place, name), isWriter, findings);
        }
    }

    private static void ThrowIfHeld(
        DiskOpenOptions options, string path, string lockPath, bool isWriter, FindingList findings)
    {
        if (TryRead(options.Host, lockPath) is not { } held)
        {
            throw findings.Refuse(ChainFindings.VmwareLock, path,
                $"{lockPath} exists; who holds it cannot be told");
        }
        if (!isWriter && !held.IsExclusive) { return; }
        byte[]? machine = held.MachineBytes;
        MachineMatch match = machine is null ? MachineMatch.Unknown : LocalMachine.Compare(machine);
        string process = $"{held.ProcessName ?? "process"} (pid {held.ProcessId})";
        string taken = options.Host.Stat(lockPath) is { } entry
            ? entry.ModifiedUtc.ToString("', taken' yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)
            : "";
        if (match is not (MachineMatch.This or MachineMatch.ThisByName))
        {
            throw findings.Refuse(ChainFindings.VmwareLock, path,
                $"{lockPath} is held by {process} of {MachineText(held, machine)}{taken}");
        }
        if (!LocalMachine.IsGone(held.ProcessId, held.StartTicks))
        {
            throw findings.Refuse(ChainFindings.VmwareLock, path,
                $"{lockPath} is held by {process} of this machine{taken}");
        }
        string stale = $"{lockPath} is stale: {process} of this machine is gone{taken}"
            + (match == MachineMatch.ThisByName ? "; the machine is known by its host name alone" : "");
        if (!options.PassesStaleLocks) { throw findings.Refuse(LockFindings.Stale, path, stale); }
        findings.Add(LockFindings.PassedOver, path, stale);
    }

    // A lock that cannot be read is held by somebody unknown.
    private static VmwareLockFile? TryRead(IHost host, string lockPath)
    {
        try
        {
            if (host.Stat(lockPath)?.Kind != HostEntryKind.File) { return null; }
            using HostFile file = host.Open(lockPath, HostAccess.Read);
            byte[] bytes = new byte[Math.Min(file.Length, VmwareLockFile.SizeBytes)];
            file.Read(0, bytes);

            // Other letters than M at the start are of one who is only about to take the lock, or died while
            // at it.
            return HostPath.NameOf(lockPath).StartsWith('M') ? VmwareLockFile.Parse(bytes) : null;
        }
        catch (BlockException)
        {
            return null;
        }
    }

    private static string MachineText(VmwareLockFile held, byte[]? machine)
    {
        if (machine is null) { return $"the machine \"{held.Machine}\""; }
        byte[] address = machine[4..10];
        return address.All(part => part == 0) ? "a machine of another name"
            : "the machine with the network card " + string.Join(':', address.Select(part => $"{part:x2}"));
    }
}
