using System.Globalization;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>A snapshot that is to be added to a list.</summary>
/// <param name="Name">Its display name; null for one made of its number.</param>
/// <param name="Description">Its description; null for none.</param>
/// <param name="TimeUtc">When it is taken.</param>
/// <param name="Disks">The links it freezes, as the settings file writes them, and where they are
/// attached.</param>
internal sealed record NewSnapshot(
    string? Name, string? Description, DateTime TimeUtc,
    IReadOnlyList<(string FileName, string? Node)> Disks);

/// <summary>
/// Edits a machine's list of snapshots (<c>.vmsd</c>): what stays keeps all of its values, numbers of entries
/// run from 0 without a gap, and counters are right. Used once.
/// </summary>
/// <remarks>
/// Keys as VMware writes them: <c>snapshot.lastUID</c>, <c>.current</c>, <c>.numSnapshots</c>,
/// <c>.needConsolidate</c>, <c>.mruN.uid</c> (most recently used first); <c>snapshotN.uid</c>,
/// <c>.parent</c>, <c>.displayName</c>, <c>.numDisks</c>, <c>.diskM.fileName</c> and so on; <c>sentinelN</c>
/// in the list of a linked clone.
/// </remarks>
internal sealed class SnapshotListEditor
{
    // VMware holds some hundred; the bound keeps hostile lists from making changes that could not be resumed.
    private const int MaximumSnapshots = 1000;
    private const string Current = "snapshot.current", LastUid = "snapshot.lastUID",
        Count = "snapshot.numSnapshots",
        Consolidate = "snapshot.needConsolidate", MruStart = "snapshot.mru", MruEnd = ".uid";

    private readonly DictionaryFile file;
    private readonly OrderedDictionary<string, string?> general = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<OrderedDictionary<string, string>> snapshots = [];
    private readonly HashSet<string> oldKeys = new(StringComparer.OrdinalIgnoreCase);
    private readonly OrderedDictionary<string, string> recent = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> recentUids = [];
    private int? current;

    /// <summary>An editor for a list; <paramref name="list"/> is null when it is to be made.</summary>
    /// <exception cref="ImageException">The list contradicts itself.</exception>
    public SnapshotListEditor(SnapshotList? list, FindingList findings)
    {
        file = list?.File.Dictionary ?? DictionaryFile.Parse([], "", findings);
        if (list is null) { return; }
        ThrowUnlessConsistent(list, findings);
        current = list.File.CurrentUid;
        var byPrefix = new Dictionary<string, OrderedDictionary<string, string>>(
            StringComparer.OrdinalIgnoreCase);
        foreach (VmsdSnapshot snapshot in list.File.Snapshots)
        {
            var values = new OrderedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            snapshots.Add(values);
            byPrefix.Add(snapshot.Key, values);
        }
        foreach ((string key, string value) in file.Entries)
        {
            if (IsRecentlyUsed(key) && recent.TryAdd(key, value)) { recentUids.Add(value); }
            int dot = key.IndexOf('.', StringComparison.Ordinal);
            if (dot <= 0 || !byPrefix.TryGetValue(key[..dot], out OrderedDictionary<string, string>? values))
            {
                continue;
            }
            values.TryAdd(key[(dot + 1)..], value);
            oldKeys.Add(key);
        }
    }

    /// <summary>Adds a snapshot on top of the current one, and returns its number.</summary>
    public int Add(NewSnapshot snapshot)
    {
        long highest = snapshots.Select(UidOf).Append(NumberOf(file[LastUid]) ?? 0).Max();
        int uid = checked((int)(highest + 1));
        long microseconds = (snapshot.TimeUtc - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var values = new OrderedDictionary<string, string>(
            StringComparer.OrdinalIgnoreCase) { ["uid"] = Text(uid) };
        if (current is { } parent && snapshots.Exists(other => UidOf(other) == parent))
        {
            values["parent"] = Text(parent);
        }
        values["displayName"] = snapshot.Name ?? $"Snapshot {uid}";
        if (snapshot.Description is { } description) { values["description"] = description; }
        values["createTimeHigh"] = Text((int)(microseconds >> 32));
        values["createTimeLow"] = Text(unchecked((int)microseconds));
        values["numDisks"] = Text(snapshot.Disks.Count);
        for (int i = 0; i < snapshot.Disks.Count; i++)
        {
            values[$"disk{i}.fileName"] = snapshot.Disks[i].FileName;
            if (snapshot.Disks[i].Node is { } node) { values[$"disk{i}.node"] = node; }
        }
        snapshots.Add(values);
        general[LastUid] = Text(uid);
        SetCurrent(uid);
        return uid;
    }

    /// <summary>Takes a snapshot out: what came after it comes after its parent now.</summary>
    public void Remove(int uid)
    {
        OrderedDictionary<string, string> removed = snapshots.Single(snapshot => UidOf(snapshot) == uid);
        snapshots.Remove(removed);
        int? parent = NumberOf(removed.GetValueOrDefault("parent"));
        if (parent == uid || !snapshots.Exists(other => UidOf(other) == parent)) { parent = null; }
        foreach (OrderedDictionary<string, string> other in snapshots)
        {
            if (NumberOf(other.GetValueOrDefault("parent")) != uid) { continue; }
            if (parent is null) { other.Remove("parent"); }
            else { other["parent"] = Text(parent.Value); }
        }
        if (current == uid) { SetCurrent(parent); }
        recentUids.RemoveAll(used => NumberOf(used) == uid);
    }

    /// <summary>Takes all snapshots out; the counter of numbers stays.</summary>
    public void Clear()
    {
        snapshots.Clear();
        SetCurrent(null);
        general[Consolidate] = null;
        recentUids.Clear();
    }

    /// <summary>Says which snapshot the machine stands on; null for none.</summary>
    public void SetCurrent(int? uid)
    {
        current = uid;
        general[Current] = uid is { } number ? Text(number) : null;
    }

    /// <summary>
    /// Lets entries that name the link <paramref name="oldName"/> name <paramref name="newName"/>; folders
    /// that they were written with stay.
    /// </summary>
    public void Rename(string oldName, string newName)
    {
        foreach (OrderedDictionary<string, string> snapshot in snapshots)
        {
            foreach (string key in snapshot.Keys.Where(IsFileName).ToArray())
            {
                if (IsNamed(snapshot[key], oldName))
                {
                    snapshot[key] = MachineFolder.Renamed(snapshot[key], newName);
                }
            }
        }
        foreach ((string key, string value) in file.Entries)
        {
            bool isSentinel = key.StartsWith("sentinel", StringComparison.OrdinalIgnoreCase);
            if (isSentinel && IsNamed(value, oldName))
            {
                general[key] = MachineFolder.Renamed(value, newName);
            }
        }
    }

    /// <summary>
    /// A linked clone that VMware recorded to stand on a snapshot; null when it recorded none.
    /// </summary>
    public string? CloneOn(int uid) => snapshots.Single(snapshot => UidOf(snapshot) == uid)
        .Where(pair => pair.Key.StartsWith("clone", StringComparison.OrdinalIgnoreCase)
            && NumberOf(pair.Key["clone".Length..]) is not null)
        .Select(pair => pair.Value).FirstOrDefault();

    /// <summary>What has to be set and removed for it; nothing when all is as it should be.</summary>
    public IReadOnlyList<KeyEdit> Edits()
    {
        var wanted = new OrderedDictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (!file.Entries.Any()) { wanted[".encoding"] = "UTF-8"; }
        foreach ((string key, string? value) in general.Where(pair => pair.Key != Consolidate))
        {
            wanted[key] = value;
        }
        if (recentUids.Count < recent.Count)
        {
            foreach (string key in recent.Keys) { wanted[key] = null; }
            for (int i = 0; i < recentUids.Count; i++)
            {
                wanted[MruStart + Text(i) + MruEnd] = recentUids[i];
            }
        }
        foreach (string key in oldKeys.Concat(StrayKeys())) { wanted.TryAdd(key, null); }
        for (int i = 0; i < snapshots.Count; i++)
        {
            foreach ((string key, string value) in snapshots[i])
            {
                wanted[$"snapshot{Text(i)}.{key}"] = value;
            }
        }
        if (general.ContainsKey(Consolidate)) { wanted[Consolidate] = null; }
        if (NumberOf(file[Count]) != snapshots.Count) { wanted[Count] = Text(snapshots.Count); }
        return [.. wanted.Where(pair => file[pair.Key] != pair.Value)
            .Select(pair => new KeyEdit(pair.Key, pair.Value))];
    }

    // Values of no snapshot, in places that snapshots take now.
    private IEnumerable<string> StrayKeys() => file.Entries.Select(entry => entry.Key).Where(key =>
        key.IndexOf('.', StringComparison.Ordinal) is > 8 and var dot
        && key.StartsWith("snapshot", StringComparison.OrdinalIgnoreCase)
        && NumberOf(key[8..dot]) is { } place && place < snapshots.Count);

    private static void ThrowUnlessConsistent(SnapshotList list, FindingList findings)
    {
        IReadOnlyList<VmsdSnapshot> listed = list.File.Snapshots;
        string? problem = listed.Count > MaximumSnapshots ? $"it has more than {MaximumSnapshots} snapshots"
            : listed.DistinctBy(snapshot => snapshot.Uid).Count() < listed.Count
            ? "two snapshots have one number"
            : listed.Any(snapshot => snapshot.Key.Length > 9 && snapshot.Key[8] == '0')
            || listed.DistinctBy(snapshot => snapshot.Key, StringComparer.OrdinalIgnoreCase)
            .Count() < listed.Count
                ? "two entries have one place"
            : listed.Max(snapshot => (int?)snapshot.Uid) == int.MaxValue
            || NumberOf(list.File.Dictionary[LastUid]) == int.MaxValue ? "its numbers are used up" : null;
        if (problem is not null) { throw findings.Refuse(SnapshotFindings.ListUnusable, list.Path, problem); }
    }

    private static bool IsNamed(string fileName, string name) =>
        HostPath.NameOf(fileName.Replace('\\', '/')) == name;

    private static bool IsFileName(string key) =>
        key.StartsWith("disk", StringComparison.OrdinalIgnoreCase)
        && key.EndsWith(".fileName", StringComparison.OrdinalIgnoreCase);

    private static bool IsRecentlyUsed(string key) =>
        key.StartsWith(MruStart, StringComparison.OrdinalIgnoreCase)
        && key.EndsWith(MruEnd, StringComparison.OrdinalIgnoreCase)
        && key.Length > MruStart.Length + MruEnd.Length
        && NumberOf(key[MruStart.Length..^MruEnd.Length]) is not null;

    private static int UidOf(OrderedDictionary<string, string> snapshot) => NumberOf(snapshot["uid"])!.Value;

    private static int? NumberOf(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
