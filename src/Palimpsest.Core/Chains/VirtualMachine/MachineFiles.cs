using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.VirtualMachine;

/// <summary>A snapshot that froze a link, and the list it is in.</summary>
/// <param name="ListName">Bare name of the <c>.vmsd</c> file.</param>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="IsCurrent">True for the one that the machine runs from.</param>
public sealed record ListedSnapshot(string ListName, VmsdSnapshot Snapshot, bool IsCurrent);

/// <summary>The settings and snapshot lists of the virtual machines in one folder.</summary>
public sealed class MachineFiles
{
    // A folder holds one machine, rarely two, and such a file has some kilobytes. The bounds are for hostile
    // folders.
    private const int MaximumFiles = 64, MaximumBytes = 8 << 20;

    private readonly List<(string Name, VmxFile File)> settings = [];
    private readonly List<(string Name, VmsdFile File)> snapshotLists = [];

    private MachineFiles()
    {
    }

    /// <summary>The <c>.vmx</c> files, by name.</summary>
    public IReadOnlyList<(string Name, VmxFile File)> Settings => settings;

    /// <summary>The <c>.vmsd</c> files, by name.</summary>
    public IReadOnlyList<(string Name, VmsdFile File)> SnapshotLists => snapshotLists;

    /// <summary>
    /// Reads those among the <paramref name="names"/> of a folder. What cannot be read is a finding.
    /// </summary>
    public static MachineFiles Read(
        IHost host, string folder, IEnumerable<string> names, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(findings);
        var read = new MachineFiles();
        int left = MaximumFiles;
        long leftBytes = MaximumBytes;
        foreach (string name in names)
        {
            bool isSettings = Has(name, ".vmx"), isList = Has(name, ".vmsd");
            string path = HostPath.Combine(folder, name);
            if (!(isSettings || isList) || host.Stat(path) is not { Kind: HostEntryKind.File } entry)
            {
                continue;
            }
            leftBytes -= entry.LengthBytes;
            if (left-- == 0 || leftBytes < 0)
            {
                findings.Add(DescribeFindings.WitnessUnusable, path,
                    $"the folder's .vmx and .vmsd files before it are {MaximumFiles} already, or have more "
                    + $"than {MaximumBytes} bytes with it");
                break;
            }
            if (DictionaryFile.TryRead(host, path, findings) is not { } lines) { continue; }
            if (isSettings) { read.settings.Add((name, new VmxFile(lines))); }
            else { read.snapshotLists.Add((name, new VmsdFile(lines))); }
        }
        return read;
    }

    /// <summary>The snapshots that froze a link of this folder, in the order of their lists.</summary>
    public IEnumerable<ListedSnapshot> SnapshotsOf(string linkName)
    {
        foreach ((string listName, VmsdFile list) in snapshotLists)
        {
            foreach (VmsdSnapshot snapshot in list.Snapshots)
            {
                if (snapshot.Disks.Any(disk => disk.BareName == linkName))
                {
                    yield return new ListedSnapshot(listName, snapshot, snapshot.Uid == list.CurrentUid);
                }
            }
        }
    }

    private static bool Has(string name, string extension) =>
        name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
