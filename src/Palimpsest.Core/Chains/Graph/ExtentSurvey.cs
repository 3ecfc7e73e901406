using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.Flat;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Graph;

/// <summary>
/// Looks at the files of links: which are there, how large they are, and who claims them. Reads no content.
/// </summary>
internal sealed class ExtentSurvey(IHost host, HostNames names)
{
    // A disk of 62 TiB in pieces of 2 GiB has 32,000 extents. More than this together is no folder of disks.
    private const int MaximumExtents = 1 << 18;

    private readonly Dictionary<string, GraphLink> ownerByFile = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GraphFile?> files = new(StringComparer.Ordinal);
    private int extentCount;

    /// <summary>True when a link names the file as its data, or as its change tracking file.</summary>
    public bool IsClaimed(string realPath) => ownerByFile.ContainsKey(realPath);

    /// <summary>The first link that names the file; null when none does.</summary>
    public GraphLink? OwnerOf(string realPath) => ownerByFile.GetValueOrDefault(realPath);

    /// <summary>Fills in the extents and files of a link, and adds to its findings.</summary>
    public void LookAt(GraphLink link)
    {
        IReadOnlyList<ExtentLine> lines = link.Descriptor?.Extents ?? [];
        extentCount += lines.Count;
        if (extentCount > MaximumExtents)
        {
            throw new BlockException(BlockErrorKind.Refused, HostPath.FolderOf(link.Path), null,
                $"the descriptors of the folder name more than {MaximumExtents} extents; move the disks of "
                + "one machine into a folder of their own");
        }
        var findings = new FindingList();
        var fileCounts = lines.CountBy(line => line.FileName ?? "").ToDictionary(StringComparer.Ordinal);
        var extents = new List<GraphExtent>(lines.Count);
        foreach (ExtentLine line in lines)
        {
            bool isWholeFile = line.OffsetSectors == 0 && fileCounts[line.FileName ?? ""] == 1;

            // A refusal carries a copy of all findings before it, so each extent has a list of its own.
            var own = new FindingList();
            extents.Add(LookAt(link, line, isWholeFile, own));
            foreach (Finding finding in own.Items) { findings.Add(finding); }
        }
        link.Extents = extents;
        Claim(link, link.Descriptor?.ChangeTrackPath);
        IEnumerable<string> paths =
            extents.Select(extent => extent.Path).OfType<string>().Prepend(link.Path).Distinct();
        link.Files = [.. paths.Select(FileAt).OfType<GraphFile>()];
        link.AddFindings(findings.Items, findings.DroppedCount);
    }

    private GraphExtent LookAt(GraphLink link, ExtentLine line, bool isWholeFile, FindingList findings)
    {
        if (line.FileName is null || line.Type == ExtentType.Zero || line.Access == ExtentAccess.NoAccess)
        {
            Claim(link, line.FileName);
            return new GraphExtent(line, ExtentState.NoFile, null);
        }
        string? path = null;
        try
        {
            path = ExtentPaths.Of(link.Link!, line, names, findings);
            if (path != link.Path) { ownerByFile.TryAdd(path, link); }
            bool isFlat = line.Type is ExtentType.Flat or ExtentType.Vmfs;
            bool isShort = isFlat && IsShort(path, line, isWholeFile, findings);
            return new GraphExtent(line, isShort ? ExtentState.Short : ExtentState.Present, path);
        }
        catch (ImageException refusal)
        {
            ExtentState state = refusal.Reason.Code == DescriptorFindings.ExtentMissing ? ExtentState.Missing
                : refusal.Reason.Code == DescriptorFindings.NameOutsideFolder ? ExtentState.Outside
                : ExtentState.Unusable;
            return new GraphExtent(line, state, null);
        }
        catch (Exception error) when (error is BlockException or OverflowException)
        {
            findings.Add(RepairFindings.FileUnreadable, path ?? link.Path, error.Message);
            return new GraphExtent(line, ExtentState.Unusable, path);
        }
    }

    private bool IsShort(string path, ExtentLine line, bool isWholeFile, FindingList findings)
    {
        using HostFile file = host.Open(path, HostAccess.Read);
        long start = checked(line.OffsetSectors * Sector.Bytes);
        FlatValidation.Run(file, start, line.LengthBytes, isWholeFile, findings);
        return file.Length < checked(start + line.LengthBytes);
    }

    // Files that are named and not opened: that of an extent the guest may not see, change tracking.
    private void Claim(GraphLink link, string? name)
    {
        if (name is not { Length: > 0 }) { return; }
        try
        {
            if (names.FindBeside(names.FolderOf(link.Path), name).Path is { } real)
            {
                ownerByFile.TryAdd(real, link);
            }
        }
        catch (BlockException)
        {
            // What the host does not let us look at is nobody's here.
        }
    }

    private GraphFile? FileAt(string path)
    {
        if (files.TryGetValue(path, out GraphFile? known)) { return known; }
        GraphFile? file = host.Stat(path) is { } entry
            ? new GraphFile(path, entry.LengthBytes, entry.AllocatedBytes, entry.ModifiedUtc) : null;
        files.Add(path, file);
        return file;
    }
}
