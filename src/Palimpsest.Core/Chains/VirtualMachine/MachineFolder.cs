using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.VirtualMachine;

/// <summary>A settings file in a folder.</summary>
/// <param name="Path">The <c>.vmx</c> file.</param>
/// <param name="File">Its content.</param>
public sealed record MachineSettings(string Path, VmxFile File);

/// <summary>A snapshot list in a folder.</summary>
/// <param name="Path">The <c>.vmsd</c> file.</param>
/// <param name="File">Its content.</param>
public sealed record SnapshotList(string Path, VmsdFile File);

/// <summary>The virtual machines of a folder, as far as their disks are concerned.</summary>
/// <param name="Folder">The folder, links resolved.</param>
/// <param name="Settings">Its <c>.vmx</c> files, by name.</param>
/// <param name="SnapshotLists">Its <c>.vmsd</c> files, by name.</param>
public sealed record MachineFolder(
    string Folder, IReadOnlyList<MachineSettings> Settings, IReadOnlyList<SnapshotList> SnapshotLists)
{
    // A folder of one machine has one of each; the bound is for hostile folders.
    private const int MaximumFiles = 64;

    /// <summary>
    /// Reads the files. One that cannot be read is a finding and counts as absent, unless disks are to be changed that it
    /// may refer to.
    /// </summary>
    /// <exception cref="BlockException">The folder cannot be listed; or, for a change, a file not be read.</exception>
    public static MachineFolder Read(IHost host, string folder, FindingList findings, bool isForChange = false)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(findings);
        var settings = new List<MachineSettings>();
        var lists = new List<SnapshotList>();
        DictionaryFile? Open(string path) => isForChange
            ? DictionaryFile.Read(host, path, findings) : DictionaryFile.TryRead(host, path, findings);
        foreach (string name in host.List(folder))
        {
            string path = HostPath.Combine(folder, name);
            if (IsFile(name, ".vmx", settings.Count) && Open(path) is { } vmx)
            {
                settings.Add(new MachineSettings(path, new VmxFile(vmx)));
            }
            else if (IsFile(name, ".vmsd", lists.Count) && Open(path) is { } vmsd)
            {
                lists.Add(new SnapshotList(path, new VmsdFile(vmsd)));
            }
        }
        return new MachineFolder(folder, settings, lists);
    }

    /// <summary>The path that a file name in a machine's files stands for: as written, else its bare name here.</summary>
    public string PathOf(string fileName)
    {
        string name = fileName.Replace('\\', '/');
        return HostPath.Combine(Folder, name.Contains('/', StringComparison.Ordinal) ? HostPath.NameOf(name) : name);
    }

    /// <summary>The places at which machines run from the link at <paramref name="linkPath"/>.</summary>
    public IEnumerable<(MachineSettings Settings, VmxDisk Disk)> RunningFrom(string linkPath) =>
        from settings in Settings
        from disk in settings.File.Disks
        where PathOf(disk.FileName) == linkPath
        select (settings, disk);

    /// <summary>The snapshots that froze the link at <paramref name="linkPath"/>.</summary>
    public IEnumerable<(SnapshotList List, VmsdSnapshot Snapshot, VmsdDisk Disk)> Freezing(string linkPath) =>
        from list in SnapshotLists
        from snapshot in list.File.Snapshots
        from disk in snapshot.Disks
        where PathOf(disk.FileName) == linkPath
        select (list, snapshot, disk);

    /// <summary>A file name as written, with its last part exchanged: the folder it was written with stays.</summary>
    public static string Renamed(string fileName, string newName)
    {
        int end = fileName.LastIndexOfAny(['/', '\\']);
        return string.Concat(fileName.AsSpan(0, end + 1), newName);
    }

    private static bool IsFile(string name, string extension, int count) =>
        count < MaximumFiles && name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
