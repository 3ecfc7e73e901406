using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>Builds one graph: which files are links, how they stand, who uses them. Used once.</summary>
internal sealed class GraphBuilder(DiskOpenOptions options)
{
    // The descriptors of a machine's disks have some kilobytes together. Of a hostile folder, no more than
    // this is kept in memory.
    private const long MaximumDescriptorBytes = 64 << 20;

    // What LinkProbe says of files that hold a disk's data, or part of it.
    private static readonly FindingCode[] DataCodes =
        [ChainFindings.BareDelta, DescriptorFindings.EmptyDescriptor];

    private readonly IHost host = options.Host;
    private readonly HostNames names = new(options.Host, options.AllowOutside);
    private readonly Dictionary<string, GraphLink> links = new(StringComparer.Ordinal);
    private readonly HashSet<string> dataFiles = new(StringComparer.Ordinal);
    private readonly HashSet<string> trackingFiles = new(StringComparer.Ordinal);
    private long descriptorBytes;

    public ChainGraph Build(string path)
    {
        string real = host.ResolveLinks(path);
        bool isFolder = host.Stat(real)?.Kind == HostEntryKind.Folder;
        bool isDisk = !isFolder && !HasExtension(real, ".vmx") && !HasExtension(real, ".vmsd");
        string folder = isFolder ? real : HostPath.FolderOf(real);
        if (isDisk) { names.ThrowUnlessFile(real, new FindingList()); }
        IReadOnlyList<string> entries = host.List(folder);
        AddFolder(folder, entries);
        if (isDisk) { Add(real); }
        var edges = new EdgeBuilder(names, links, Add);
        edges.Connect();
        var extents = new ExtentSurvey(host, names);
        foreach (GraphLink link in links.Values) { extents.LookAt(link); }
        DropClaimed(extents, isDisk ? real : null);
        IReadOnlyList<string> lostData = [.. dataFiles.Where(file => !extents.IsClaimed(file)).Order()];
        edges.Judge(lostData);
        return Finish(folder, entries, isDisk ? real : null, extents, lostData);
    }

    private static bool HasExtension(string name, string extension) =>
        name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static string[] Beside(string folder, IReadOnlyList<string> entries, params string[] suffixes) =>
    [
        .. entries.Where(name => suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)))
            .Take(ChainGraph.MaximumFiles).Select(name => HostPath.Combine(folder, name)),
    ];

    private ChainGraph Finish(string folder, IReadOnlyList<string> entries, string? named,
        ExtentSurvey extents, IReadOnlyList<string> lostData)
    {
        var findings = new FindingList();
        string[] leftovers =
            Beside(folder, entries, NewDisk.UnfinishedSuffix, AtomicFile.TemporarySuffix);
        string[] tracking = [.. trackingFiles.Where(file => !extents.IsClaimed(file)).Order()];
        foreach (string file in lostData)
        {
            findings.Add(GraphFindings.DataWithoutDescriptor, file, "no descriptor here names it");
        }
        foreach (string file in tracking)
        {
            findings.Add(GraphFindings.TrackingWithoutDisk, file, "no changeTrackPath here names it");
        }
        foreach (string file in leftovers)
        {
            findings.Add(GraphFindings.Leftover, file, "its name says that its write was not finished");
        }
        var marks = new MachineMarks(host, folder, names, links);
        marks.Read(entries, findings);
        GraphLink? owner = named is null ? null
            : links.GetValueOrDefault(named) ?? extents.OwnerOf(named);
        return new ChainGraph(folder, [.. links.Values.OrderBy(link => link.Path, StringComparer.Ordinal)])
        {
            Named = owner,
            NamedData = owner is null ? named : null,
            DataFiles = lostData,
            TrackingFiles = tracking,
            Leftovers = leftovers,
            Machines = marks.Machines,
            SnapshotLists = marks.SnapshotLists,
            Findings = findings,
        };
    }

    private void AddFolder(string folder, IReadOnlyList<string> entries)
    {
        foreach (string name in entries)
        {
            if (!HasExtension(name, ".vmdk")) { continue; }
            string path = HostPath.Combine(folder, name);
            try
            {
                string real = host.ResolveLinks(path);
                if (host.Stat(real)?.Kind == HostEntryKind.File) { Add(real); }
            }
            catch (BlockException error) when (error.Kind is BlockErrorKind.NotFound)
            {
                // A link that leads nowhere, or a file that was deleted this moment.
            }
        }
    }

    // Looks at one file, by its real path, and says which link it is; null when it is none.
    private GraphLink? Add(string path)
    {
        if (links.TryGetValue(path, out GraphLink? known)) { return known; }
        if (dataFiles.Contains(path) || trackingFiles.Contains(path)) { return null; }
        if (links.Count + dataFiles.Count + trackingFiles.Count >= ChainGraph.MaximumFiles)
        {
            throw new BlockException(BlockErrorKind.Refused, HostPath.FolderOf(path), null,
                $"the folder holds more than {ChainGraph.MaximumFiles} .vmdk files; move the disks of one "
                + "machine into a folder of their own");
        }
        var findings = new FindingList();
        Link? link = null;
        try
        {
            link = LinkProbe.Read(host, path, findings);
            if (link.Format == LinkFormat.Raw)
            {
                dataFiles.Add(path);
                return null;
            }
        }
        catch (ImageException refusal) when (DataCodes.Contains(refusal.Reason.Code))
        {
            dataFiles.Add(path);
            return null;
        }
        catch (ImageException refusal) when (refusal.Reason.Code == ChainFindings.ChangeTrackingFile)
        {
            trackingFiles.Add(path);
            return null;
        }
        catch (ImageException)
        {
            // A damaged link stays a node; its findings say what it is.
        }
        catch (BlockException error)
        {
            findings.Add(RepairFindings.FileUnreadable, path, error.Message, error.OffsetBytes);
        }
        if (link is not null) { Count(link, path); }
        var added = new GraphLink(path, link);
        added.AddFindings(findings.Items, findings.DroppedCount);
        links.Add(path, added);
        return added;
    }

    private void Count(Link link, string path)
    {
        descriptorBytes += link.DescriptorPlace?.AreaBytes ?? host.Stat(path)?.LengthBytes ?? 0;
        if (descriptorBytes > MaximumDescriptorBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, HostPath.FolderOf(path), null,
                $"the descriptors in the folder have more than {MaximumDescriptorBytes} bytes together; move "
                + "the disks of one machine into a folder of their own");
        }
    }

    // A link that another one names as its data is data, whether it can be understood by itself or not;
    // unless it was asked for, or something stands on it.
    private void DropClaimed(ExtentSurvey extents, string? named)
    {
        foreach (GraphLink link in links.Values.OrderBy(link => link.Path, StringComparer.Ordinal).ToList())
        {
            if (!link.IsHead || link.Path == named || extents.OwnerOf(link.Path) is not { } owner
                || !links.ContainsKey(owner.Path))
            {
                continue;
            }
            links.Remove(link.Path);
            link.Parent?.RemoveChild(link);
        }
    }
}
