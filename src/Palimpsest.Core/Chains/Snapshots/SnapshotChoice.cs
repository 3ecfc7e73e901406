using System.Globalization;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>A link that a snapshot froze.</summary>
/// <param name="Path">Its file, links of the host resolved.</param>
/// <param name="Disk">The disk it belongs to; null when that is not attached, or the file is missing.</param>
/// <param name="Exists">Whether the file is there.</param>
internal sealed record FrozenLink(string Path, ScopeDisk? Disk, bool Exists);

/// <summary>The snapshot that a user chose.</summary>
/// <param name="Snapshot">Its entry in the list; null for a link that the list does not know.</param>
/// <param name="Links">What it froze.</param>
internal sealed record SnapshotChoice(VmsdSnapshot? Snapshot, IReadOnlyList<FrozenLink> Links);

/// <summary>Finds snapshots by what users call them: display name, number, or file name of a link.</summary>
internal sealed class ChoiceFinder(SnapshotScope scope, IHost host, FindingList findings)
{
    /// <summary>The snapshot called <paramref name="text"/>.</summary>
    /// <exception cref="ImageException">There is none, there are several, or it froze other disks
    /// too.</exception>
    public SnapshotChoice Find(string text)
    {
        string name = HostPath.NameOf(text);
        VmsdSnapshot[] listed = [.. (scope.List?.File.Snapshots ?? [])
            .Where(snapshot => IsCalled(snapshot, text, name))];
        if (listed.Length > 1)
        {
            throw findings.Refuse(SnapshotFindings.AmbiguousSnapshot, scope.ListPath!, string.Join(", ",
                listed.Select(snapshot => $"number {snapshot.Uid}, \"{snapshot.DisplayName}\"")));
        }
        if (listed.Length == 1) { return Of(listed[0]); }
        foreach (ScopeDisk disk in scope.Disks)
        {
            string? link = disk.Family.FirstOrDefault(path => HostPath.NameOf(path) == name)
                ?? disk.Family.FirstOrDefault(path => HostPath.NameOf(path) == name + ".vmdk");
            if (link is not null) { return new SnapshotChoice(null, [new FrozenLink(link, disk, true)]); }
        }
        throw findings.Refuse(SnapshotFindings.NoSuchSnapshot, scope.NamedPath,
            $"\"{text}\" is none of: {Known()}");
    }

    /// <summary>
    /// The snapshot that the present stands on: the current one of the list, else the heads' parents.
    /// </summary>
    /// <exception cref="ImageException">There is none, or it froze other disks too.</exception>
    public SnapshotChoice Current()
    {
        if (scope.List is { } list && list.File.Find(list.File.CurrentUid) is { } current
            && current.Disks.Any(disk => IsOurs(PathOf(disk))))
        {
            return Of(current);
        }
        FrozenLink[] parents = [.. scope.Disks.Where(disk => disk.ChainPaths.Count > 1)
            .Select(disk => new FrozenLink(disk.ChainPaths[1], disk, true))];
        if (parents.Length == 0)
        {
            throw findings.Refuse(SnapshotFindings.NoSuchSnapshot,
                scope.NamedPath, "it stands on no snapshot");
        }
        return new SnapshotChoice(null, parents);
    }

    /// <summary>A snapshot of the list, with its links.</summary>
    /// <exception cref="ImageException">A disk was named, and it froze other disks too.</exception>
    public SnapshotChoice Of(VmsdSnapshot snapshot)
    {
        if (!scope.IsWholeMachine && snapshot.Disks.Count > 1)
        {
            throw findings.Refuse(SnapshotFindings.FrozeOthers, scope.ListPath!,
                $"\"{snapshot.DisplayName}\" froze "
                + string.Join(", ", snapshot.Disks.Select(disk => disk.FileName)));
        }
        return new SnapshotChoice(snapshot, [.. LinksOf(snapshot)]);
    }

    /// <summary>What a snapshot of the list froze, each link once.</summary>
    public IEnumerable<FrozenLink> LinksOf(VmsdSnapshot snapshot) =>
        snapshot.Disks.Select(Look).DistinctBy(link => link.Path);

    /// <summary>What an entry of the list names.</summary>
    public FrozenLink Look(VmsdDisk entry)
    {
        string path = PathOf(entry);
        bool exists = !path.Contains('\0', StringComparison.Ordinal)
            && host.Stat(path)?.Kind is HostEntryKind.File or HostEntryKind.Link;
        return new FrozenLink(path, exists ? scope.DiskOf(path) ?? LostAt(entry.Node) : null, exists);
    }

    // Of a disk whose head is lost or damaged it may not be known what it stood on; its place still is.
    private ScopeDisk? LostAt(string? node) => scope.Disks.FirstOrDefault(
        disk => disk.Failure is not null && node is not null && disk.Attachment?.Node == node);

    private bool IsOurs(string path) => scope.DiskOf(path) is not null;

    private string PathOf(VmsdDisk entry) => scope.Machines.PathOf(entry.FileName);

    private static bool IsCalled(VmsdSnapshot snapshot, string text, string name) =>
        snapshot.DisplayName == text || snapshot.Uid.ToString(CultureInfo.InvariantCulture) == text
        || snapshot.Disks.Any(disk => disk.BareName == name || disk.BareName == name + ".vmdk");

    private string Known()
    {
        const int Shown = 20;
        string[] names =
        [
            .. (scope.List?.File.Snapshots ?? [])
                .Select(snapshot => $"\"{snapshot.DisplayName}\" ({snapshot.Uid})"),
            .. scope.Disks.SelectMany(disk => disk.Family.Where(path => path != disk.HeadPath))
            .Select(HostPath.NameOf),
        ];
        return names.Length == 0 ? "there are no snapshots"
            : string.Join(", ", names.Take(Shown)) + (names.Length > Shown ? ", ..." : "");
    }
}
