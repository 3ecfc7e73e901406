using System.Globalization;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.VirtualMachine;

/// <summary>A disk that a snapshot froze.</summary>
/// <param name="Node">Where it is attached: <c>scsi0:0</c>; null when not said.</param>
/// <param name="FileName">The link that was frozen, as written: for the first snapshot that is the
/// base.</param>
/// <param name="Key">Start of its keys: <c>snapshot0.disk0</c>.</param>
public sealed record VmsdDisk(string? Node, string FileName, string Key)
{
    /// <summary>The file's bare name.</summary>
    public string BareName => HostPath.NameOf(FileName.Replace('\\', '/'));
}

/// <summary>One snapshot of a virtual machine.</summary>
/// <param name="Uid">Its number.</param>
/// <param name="ParentUid">The snapshot it was taken after; null for the first.</param>
/// <param name="DisplayName">Its name, as the user gave it.</param>
/// <param name="CreatedUtc">When it was taken; null when not said or not a time.</param>
/// <param name="Disks">What it froze.</param>
/// <param name="Key">Start of its keys: <c>snapshot0</c>.</param>
public sealed record VmsdSnapshot(
    int Uid, int? ParentUid, string? DisplayName, DateTime? CreatedUtc, IReadOnlyList<VmsdDisk> Disks, string Key);

/// <summary>
/// The snapshots of a virtual machine (<c>.vmsd</c>). A view of a <see cref="DictionaryFile"/>.
/// </summary>
public sealed class VmsdFile
{
    // VMware allows 32 snapshots in a chain and a few hundred in a tree; the rest is a bound against hostile
    // files.
    private const int MaximumSnapshots = 4096, MaximumDisks = 1024;

    /// <summary>
    /// Reads the snapshots from a dictionary. Never throws on bad values: what is no snapshot is not listed.
    /// </summary>
    public VmsdFile(DictionaryFile dictionary)
    {
        ArgumentNullException.ThrowIfNull(dictionary);
        Dictionary = dictionary;
        CurrentUid = NumberOf(dictionary["snapshot.current"]);
        NeedsConsolidation = dictionary["snapshot.needConsolidate"]
            ?.Equals("TRUE", StringComparison.OrdinalIgnoreCase) == true;
        Snapshots = [.. FindSnapshots(dictionary)];
    }

    /// <summary>The lines themselves.</summary>
    public DictionaryFile Dictionary { get; }

    /// <summary>The snapshot the machine runs from; null when there is none.</summary>
    public int? CurrentUid { get; }

    /// <summary>True when a snapshot was deleted from the list, and its files were not merged.</summary>
    public bool NeedsConsolidation { get; }

    /// <summary>The snapshots, in file order.</summary>
    public IReadOnlyList<VmsdSnapshot> Snapshots { get; }

    /// <summary>The snapshot with a number; null when there is none.</summary>
    public VmsdSnapshot? Find(int? uid) =>
        uid is null ? null : Snapshots.FirstOrDefault(snapshot => snapshot.Uid == uid);

    private static IEnumerable<VmsdSnapshot> FindSnapshots(DictionaryFile dictionary)
    {
        // Numbers may have gaps after deletions, so the count is a hint only; the keys themselves are what
        // there is.
        int found = 0;
        foreach ((string key, string value) in dictionary.Entries)
        {
            if (!key.EndsWith(".uid", StringComparison.OrdinalIgnoreCase)
                || !key.StartsWith("snapshot", StringComparison.OrdinalIgnoreCase)
                || NumberOf(key[8..^4]) is null || NumberOf(value) is not { } uid)
            {
                continue;
            }
            if (++found > MaximumSnapshots) { yield break; }
            string prefix = key[..^4];
            yield return new VmsdSnapshot(uid, NumberOf(dictionary[prefix + ".parent"]),
                dictionary[prefix + ".displayName"], TimeOf(dictionary, prefix),
                [.. FindDisks(dictionary, prefix)], prefix);
        }
    }

    private static IEnumerable<VmsdDisk> FindDisks(DictionaryFile dictionary, string prefix)
    {
        int count = Math.Min(NumberOf(dictionary[prefix + ".numDisks"]) ?? MaximumDisks, MaximumDisks);
        for (int i = 0; i < count; i++)
        {
            string disk = string.Create(CultureInfo.InvariantCulture, $"{prefix}.disk{i}");
            if (dictionary[disk + ".fileName"] is not { Length: > 0 } name) { yield break; }
            yield return new VmsdDisk(dictionary[disk + ".node"]?.ToLowerInvariant(), name, disk);
        }
    }

    // Two signed halves of the microseconds since 1970.
    private static DateTime? TimeOf(DictionaryFile dictionary, string prefix)
    {
        if (!int.TryParse(dictionary[prefix + ".createTimeHigh"], CultureInfo.InvariantCulture, out int high)
            || !int.TryParse(dictionary[prefix + ".createTimeLow"], CultureInfo.InvariantCulture,
                out int low))
        {
            return null;
        }
        long microseconds = ((long)high << 32) | (uint)low;
        const long LatestMicroseconds = 253402300799L * 1_000_000;
        return microseconds is >= 0 and <= LatestMicroseconds
            ? DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond) : null;
    }

    private static int? NumberOf(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
