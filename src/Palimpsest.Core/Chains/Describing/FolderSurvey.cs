using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Describing;

/// <summary>A descriptor in the folder.</summary>
internal sealed record Sibling(string Name, VmdkDescriptor Descriptor)
{
    /// <summary>Bare name of its parent; null for a base.</summary>
    public string? ParentName => Descriptor.HasParent && Descriptor.ParentFileNameHint is { Length: > 0 } hint
        ? HostPath.NameOf(hint.Replace('\\', '/')) : null;

    public long? CapacityBytes
    {
        get
        {
            try { return Descriptor.CapacityBytes; }
            catch (OverflowException) { return null; }
        }
    }
}

/// <summary>
/// Everything in a folder that knows of a lost descriptor: siblings, settings, snapshot lists, logs.
/// </summary>
internal sealed class FolderSurvey
{
    // A machine has at most a few hundred disk files and keeps about ten logs. The bounds are for hostile
    // folders.
    private const int MaximumDescriptors = 4096, MaximumLogs = 8, MaximumDepth = 255;

    private readonly Dictionary<string, Sibling> siblings = new(StringComparer.Ordinal);

    private readonly MachineFiles machines;

    private FolderSurvey(string folder, MachineFiles machines)
    {
        Folder = folder;
        this.machines = machines;
    }

    public string Folder { get; }

    public IReadOnlyCollection<Sibling> Siblings => siblings.Values;

    public IReadOnlyList<(string Name, VmxFile File)> Settings => machines.Settings;

    public IReadOnlyList<(string Name, VmsdFile File)> SnapshotLists => machines.SnapshotLists;

    /// <summary>Newest first.</summary>
    public List<(string Name, VmwareLog Log)> Logs { get; } = [];

    /// <summary>All names in the folder.</summary>
    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a folder; <paramref name="lostName"/> is not taken for a sibling of itself.</summary>
    public static FolderSurvey Read(IHost host, string folder, string lostName, FindingList findings)
    {
        IReadOnlyList<string> all = host.List(folder);
        var survey = new FolderSurvey(folder, MachineFiles.Read(host, folder, all, findings));
        var logs = new List<(string Name, DateTime ModifiedUtc)>();
        int left = MaximumDescriptors;
        foreach (string name in all)
        {
            survey.Names.Add(name);
            string path = HostPath.Combine(folder, name);
            if (host.Stat(path) is not { Kind: HostEntryKind.File } entry) { continue; }
            if (Has(name, ".vmdk") && name != lostName && left-- > 0)
            {
                survey.TakeDescriptor(host, name, path);
            }
            else if (Has(name, ".log") && name.StartsWith("vmware", StringComparison.OrdinalIgnoreCase))
            {
                logs.Add((name, entry.ModifiedUtc));
            }
        }
        foreach ((string name, _) in logs.OrderByDescending(log => log.ModifiedUtc).Take(MaximumLogs))
        {
            if (VmwareLog.TryRead(host, HostPath.Combine(folder, name), findings) is { } log)
            {
                survey.Logs.Add((name, log));
            }
        }
        return survey;
    }

    public Sibling? Find(string name) => siblings.GetValueOrDefault(name);

    /// <summary>The links that name a disk as their parent, and remember its content id.</summary>
    public IEnumerable<Sibling> ChildrenOf(string name) => siblings.Values.Where(sibling =>
        sibling.ParentName == name && sibling.Descriptor.ParentContentId is { } id
        && id != VmdkDescriptor.NoParent);

    /// <summary>
    /// True when <paramref name="name"/> stands on <paramref name="ancestor"/>, as far as siblings say.
    /// </summary>
    public bool DescendsFrom(string name, string ancestor)
    {
        string? current = name;
        for (int depth = 0; current is not null && depth < MaximumDepth; depth++)
        {
            current = Find(current)?.ParentName;
            if (current == ancestor) { return true; }
        }
        return false;
    }

    /// <summary>
    /// The place in a machine where the disk is attached: directly, through links that stand on it, or - the
    /// weaker answer - through a disk with the same name but for a snapshot's number.
    /// </summary>
    public (string Source, VmxFile File, VmxDisk Disk, bool IsSure)? AttachmentOf(string diskName)
    {
        var all = Settings.SelectMany(settings =>
            settings.File.Disks.Select(disk => (settings.Name, settings.File, disk))).ToList();
        foreach ((string source, VmxFile file, VmxDisk disk) in all)
        {
            if (disk.BareName == diskName || DescendsFrom(disk.BareName, diskName))
            {
                return (source, file, disk, true);
            }
        }
        foreach ((string source, VmxFile file, VmxDisk disk) in all)
        {
            if (DataSet.StemOf(disk.BareName) == DataSet.StemOf(diskName))
            {
                return (source, file, disk, false);
            }
        }
        return null;
    }

    /// <summary>What the newest log that knows the file says of it.</summary>
    public (string Source, LogFacts Facts)? LogOf(string fileName)
    {
        foreach ((string name, VmwareLog log) in Logs)
        {
            if (log.Files.TryGetValue(fileName, out LogFacts? facts))
            {
                return ($"{name}, line {facts.LineNumber}", facts);
            }
        }
        return null;
    }

    private static bool Has(string name, string extension) =>
        name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private void TakeDescriptor(IHost host, string name, string path)
    {
        try
        {
            if (LinkProbe.Read(host, path, new FindingList()).Descriptor is { } descriptor)
            {
                siblings[name] = new Sibling(name, descriptor);
            }
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            // Data files and damaged descriptors are no witnesses; they have findings of their own when
            // opened.
        }
    }
}
