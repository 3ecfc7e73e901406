using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>
/// Finds what a user means who names a disk, a <c>.vmx</c> file or a machine's folder. Used once.
/// </summary>
internal sealed class ScopeFinder(DiskOpenOptions options, FindingList findings)
{
    // Chains have up to 255 links, machines some 250 disks; these are bounds against hostile folders.
    private const int MaximumFamily = 4096, MaximumDisks = 512;

    private readonly IHost host = options.Host;
    private readonly Dependents dependents = new(options.Host);

    /// <summary>
    /// What is meant. A disk of it that does not open says so in its <see cref="ScopeDisk.Failure"/>.
    /// </summary>
    /// <exception cref="ImageException">It is not clear what is meant, or it is no disk.</exception>
    /// <exception cref="BlockException">There is nothing of that name, or the host failed.</exception>
    public SnapshotScope Find(string path)
    {
        string real = host.ResolveLinks(path);
        if (host.Stat(real)?.Kind == HostEntryKind.Folder) { return OfFolder(real); }
        MachineFolder machines = MachineFolder.Read(host, HostPath.FolderOf(real), findings);
        if (!real.EndsWith(".vmx", StringComparison.OrdinalIgnoreCase)) { return OfDisk(real, machines); }
        return OfMachine(machines, machines.Settings.FirstOrDefault(settings => settings.Path == real)
            ?? throw findings.Refuse(SnapshotFindings.NoMachine, real, "it cannot be read"));
    }

    private SnapshotScope OfFolder(string folder)
    {
        MachineFolder machines = MachineFolder.Read(host, folder, findings);
        if (machines.Settings.Count == 1) { return OfMachine(machines, machines.Settings[0]); }
        throw findings.Refuse(SnapshotFindings.NoMachine, folder, machines.Settings.Count == 0
            ? "there is no .vmx file that can be read"
            : "there are " + string.Join(", ",
            machines.Settings.Select(settings => HostPath.NameOf(settings.Path))));
    }

    private SnapshotScope OfMachine(MachineFolder machines, MachineSettings settings)
    {
        if (settings.File.Disks.Count > MaximumDisks)
        {
            throw findings.Refuse(SnapshotFindings.NoMachine, settings.Path,
                $"it names {settings.File.Disks.Count} disks, more than any machine has");
        }
        return WithList(new SnapshotScope
        {
            NamedPath = settings.Path,
            Machines = machines,
            Settings = settings,
            Disks = [.. VmxDisks.Of(settings.File).Where(disk => !VmxDisks.IsIndependent(disk))
                .Select(disk => Attached(machines, settings, disk))],
        });
    }

    private ScopeDisk Attached(MachineFolder machines, MachineSettings settings, VmxDisk disk)
    {
        string path = machines.PathOf(disk.FileName);
        string? problem = path.Contains('\0', StringComparison.Ordinal) || host.Stat(path) is null
            ? "is not there"
            : HostPath.FolderOf(host.ResolveLinks(path)) != machines.Folder
            ? "is a link to a file elsewhere" : null;
        if (problem is null) { return Look(host.ResolveLinks(path), disk); }
        var finding = new Finding(SnapshotFindings.DiskElsewhere, settings.Path,
            $"{disk.Node} is {disk.FileName}, which {problem}");
        return new ScopeDisk(path, disk, [], [], [], new ImageException(finding, [finding]));
    }

    private SnapshotScope OfDisk(string named, MachineFolder machines)
    {
        new HostNames(host, options.AllowOutside).ThrowUnlessFile(named, findings);

        // What the file is has to be known before others are said to stand on it.
        LinkProbe.Read(host, named, new FindingList());
        string head = HeadOf(named, machines);
        (MachineSettings? settings, VmxDisk? attachment) = machines.RunningFrom(head)
            .Select(place => ((MachineSettings?)place.Settings, (VmxDisk?)place.Disk)).FirstOrDefault();
        IEnumerable<VmxDisk> all = settings is null ? [] : VmxDisks.Of(settings.File);
        return WithList(new SnapshotScope
        {
            NamedPath = named,
            Machines = machines,
            Settings = settings,
            Disks = [Look(head, attachment)],
            Others = [.. all.Where(disk => disk.Node != attachment!.Node && !VmxDisks.IsIndependent(disk))],
        });
    }

    // The link that a machine runs from, else the one on which nothing stands.
    private string HeadOf(string named, MachineFolder machines)
    {
        IReadOnlyList<string> above = FamilyFrom(named);
        string[] running = [.. above.Where(path => machines.RunningFrom(path).Any())];
        if (running.Contains(named)) { return named; }
        string[] heads = running.Length > 0 ? running
            : [.. above.Where(path => !Children(path).Any())];
        return heads.Length == 1 ? heads[0] : throw findings.Refuse(SnapshotFindings.NotTheHead, named,
            heads.Length == 0 ? "its chain runs in a circle"
            : "several links stand on it: " + string.Join(", ", heads.Select(HostPath.NameOf)));
    }

    private ScopeDisk Look(string headPath, VmxDisk? attachment)
    {
        IReadOnlyList<Link> chain = [];
        Exception? failure;
        try
        {
            using DiskInspection inspection = Disk.Inspect(headPath, options with { IsWritable = false });
            chain = inspection.Links;
            failure = inspection.Refusal;
        }
        catch (BlockException error)
        {
            failure = error;
        }
        string[] paths = [.. chain.Select(link => host.ResolveLinks(link.Path))];
        string folder = HostPath.FolderOf(headPath);
        string lowest = paths.LastOrDefault(path => HostPath.FolderOf(path) == folder) ?? headPath;
        List<string> family = FamilyFrom(lowest);
        if (!family.Contains(headPath)) { family.Add(headPath); }
        return new ScopeDisk(headPath, attachment, chain, paths, family, failure);
    }

    private List<string> FamilyFrom(string lowest)
    {
        var family = new List<string> { lowest };
        for (int i = 0; i < family.Count; i++)
        {
            foreach (string child in Children(family[i]))
            {
                if (family.Count < MaximumFamily && !family.Contains(child)) { family.Add(child); }
            }
        }
        return family;
    }

    private IEnumerable<string> Children(string path) => dependents.Of(path)
        .Where(child => !child.IsClone && HostPath.FolderOf(child.Path) == HostPath.FolderOf(path))
        .Select(child => child.Path);

    private SnapshotScope WithList(SnapshotScope scope)
    {
        IReadOnlyList<SnapshotList> lists = scope.Machines.SnapshotLists;
        if (scope.Settings is { } settings)
        {
            string own = Path.ChangeExtension(settings.Path, ".vmsd");
            SnapshotList? list =
                lists.FirstOrDefault(other => other.Path.Equals(own, StringComparison.OrdinalIgnoreCase))
                ?? (lists.Count == 1 && scope.Machines.Settings.Count == 1 ? lists[0] : null);
            return scope with { List = list, ListPath = list?.Path ?? own };
        }
        SnapshotList[] naming = [.. lists.Where(list => scope.Disks[0].Family.Any(
            path => scope.Machines.Freezing(path).Any(frozen => frozen.List == list)))];
        if (naming.Length > 1)
        {
            throw findings.Refuse(SnapshotFindings.ListUnusable, naming[1].Path,
                $"{HostPath.NameOf(naming[0].Path)} lists snapshots of the same disk");
        }
        return naming.Length == 0 ? scope : scope with { List = naming[0], ListPath = naming[0].Path };
    }
}
