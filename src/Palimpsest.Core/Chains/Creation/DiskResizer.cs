using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>A change of size that is asked for.</summary>
public sealed record ResizeRequest
{
    /// <summary>The disk.</summary>
    public required string Path { get; init; }

    /// <summary>The new size in bytes; with <see cref="IsAdded"/>, how many bytes more than now.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Counts from the size that the disk has.</summary>
    public bool IsAdded { get; init; }

    /// <summary>Allows a smaller size; what lies behind the new end is lost.</summary>
    public bool AllowsShrink { get; init; }
}

/// <summary>A change of size that was, or would be, made.</summary>
/// <param name="FromBytes">Size before.</param>
/// <param name="ToBytes">Size after.</param>
/// <param name="Findings">What was found on the way.</param>
public sealed record ResizeResult(long FromBytes, long ToBytes, FindingList Findings);

/// <summary>
/// Changes the size of a disk that stands alone. New space reads as zeros; what lies behind a smaller end is
/// given up only when that was asked for.
/// </summary>
public static class DiskResizer
{
    // Crash order, growing: the data files first (a file or header that is larger than its extent line is
    // harmless), flush, then the descriptor that makes the space part of the disk, then its change tracking
    // file goes. Shrinking: the descriptor first, the tracking file, then the data file. Either way a cut
    // between the two leaves a disk of the old or the new size, and the same command finishes it.

    /// <summary>What a resize would do. Changes nothing.</summary>
    /// <exception cref="BlockException"><c>Refused</c>: a shrink that was not allowed, a disk in a chain, a
    /// size that is not made of whole sectors.</exception>
    public static ResizeResult Plan(ResizeRequest request, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        using Disk disk = OpenToRead(request, options);
        ChangeTracking.Announce(disk.Links[0], disk.Findings);
        return new ResizeResult(disk.CapacityBytes, NewSize(request, disk), disk.Findings);
    }

    /// <summary>Resizes.</summary>
    /// <exception cref="ImageException">Somebody holds the disk, or others depend on it.</exception>
    /// <exception cref="BlockException"><c>Refused</c>: see <see cref="Plan"/>; a kind without a
    /// way.</exception>
    public static ResizeResult Resize(ResizeRequest request, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        using Disk disk = OpenToRead(request, options);
        Link link = disk.Links[0];

        // Under the locks the descriptor is known to be the one that was read, so the sizes still hold.
        using HeldLocks locks = WriteGuard.Take(options, link, disk.Findings);
        long capacityBytes = NewSize(request, disk);
        IHost host = options.Host;
        if (link.Format == LinkFormat.Raw) { SetFileLength(host, link.Path, capacityBytes); }
        else if (capacityBytes < link.CapacityBytes) { Shrink(host, link, capacityBytes, disk.Findings); }
        else { Grow(host, link, capacityBytes, disk.Findings); }
        return new ResizeResult(disk.CapacityBytes, capacityBytes, disk.Findings);
    }

    // Read-only: a resize that was interrupted leaves a header ahead of its line, and that is not writable.
    private static Disk OpenToRead(ResizeRequest request, DiskOpenOptions options) =>
        Disk.Open(request.Path, options with { IsWritable = false });

    private static long NewSize(ResizeRequest request, Disk disk)
    {
        if (disk.Links.Count > 1)
        {
            throw Refused(request.Path,
                "it is a snapshot, and all links of a chain have one size; consolidate the chain first");
        }
        long before = disk.CapacityBytes;
        if (request.IsAdded && request.SizeBytes > long.MaxValue - before)
        {
            throw Refused(request.Path, $"no disk has {before} and {request.SizeBytes} bytes more");
        }
        long after = request.IsAdded ? before + request.SizeBytes : request.SizeBytes;
        if (after < Sector.Bytes || after % Sector.Bytes != 0)
        {
            throw Refused(request.Path, $"{after} bytes are not a whole number of sectors of 512 bytes");
        }
        if (after < before && !request.AllowsShrink)
        {
            throw Refused(request.Path, $"it has {before} bytes; a smaller size cuts off its end. "
                + "If nothing there is needed, run it again with --shrink");
        }
        return after;
    }

    private static void Grow(IHost host, Link link, long capacityBytes, FindingList findings)
    {
        var lines = link.Extents.Select(extent => extent.Line).ToList();
        LinkExtent last = link.Extents[^1];
        long addedSectors = (capacityBytes - link.CapacityBytes) / Sector.Bytes;
        bool isSplit = IsSplit(link);
        long room = isSplit
            ? Math.Max(0, DiskLayout.SplitExtentSectors - last.Line.SectorCount) : long.MaxValue;
        long inLast = Math.Min(room, addedSectors);
        if (inLast > 0)
        {
            lines[^1] = last.Line with { SectorCount = last.Line.SectorCount + inLast };
            GrowExtent(host, link, last, lines[^1]);
        }
        if (addedSectors > inLast) { lines.AddRange(AddExtents(host, link, addedSectors - inLast)); }
        WriteDescriptor(host, link, lines, capacityBytes, findings);
    }

    private static void GrowExtent(IHost host, Link link, LinkExtent extent, ExtentLine line)
    {
        switch (line.Type)
        {
            case ExtentType.Zero:
                return;
            case ExtentType.Flat or ExtentType.Vmfs when extent.Path is not null:
                SetFileLength(host, extent.Path, (line.OffsetSectors + line.SectorCount) * Sector.Bytes);
                return;
            case ExtentType.Sparse when extent.Path is not null:
                using (HostFile file = host.Open(extent.Path, HostAccess.ReadWrite))
                {
                    HostedSparseGrowth.Grow(file, line.SectorCount);
                }
                return;
            case ExtentType.VmfsSparse when extent.Path is not null:
                using (HostFile file = host.Open(extent.Path, HostAccess.ReadWrite))
                {
                    CowdFile.Grow(file, line.SectorCount);
                }
                return;
            default:
                throw Refused(link.Path,
                    $"its last extent is {ExtentLine.TextOf(line.Access)} {ExtentLine.TextOf(line.Type)}");
        }
    }

    private static bool IsSplit(Link link) =>
        link.Descriptor?.CreateType?.Contains("GbMaxExtent", StringComparison.OrdinalIgnoreCase) == true;

    private static List<ExtentLine> AddExtents(IHost host, Link link, long sectors)
    {
        string folder = HostPath.FolderOf(host.ResolveLinks(link.Path));
        string name = HostPath.NameOf(link.Path);
        string stem = name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase) ? name[..^5] : name;
        ExtentType type = link.Extents[^1].Line.Type;
        var added = DiskLayout.Split(
            type, stem, type == ExtentType.Flat ? 'f' : 's', sectors, link.Extents.Count + 1).ToList();
        foreach (ExtentLine line in added)
        {
            using HostFile file = host.Open(HostPath.Combine(folder, line.FileName!), HostAccess.CreateNew);
            if (type == ExtentType.Flat) { file.SetLength(line.LengthBytes); }
            else
            {
                HostedSparseFile.Create(file, new HostedSparseCreation { CapacityBytes = line.LengthBytes });
            }
            file.Flush();
        }
        host.FlushFolder(folder);
        return added;
    }

    private static void Shrink(IHost host, Link link, long capacityBytes, FindingList findings)
    {
        if (link.Extents.Count != 1 || link.Extents[0].Line.Type is not (ExtentType.Flat or ExtentType.Vmfs))
        {
            throw Refused(link.Path,
                "only disks of one flat file can be made smaller; convert it to monolithicFlat first");
        }
        LinkExtent extent = link.Extents[0];
        ExtentLine line = extent.Line with { SectorCount = capacityBytes / Sector.Bytes };
        WriteDescriptor(host, link, [line], capacityBytes, findings);
        SetFileLength(host, extent.Path!, (line.OffsetSectors * Sector.Bytes) + capacityBytes);
    }

    private static void SetFileLength(IHost host, string path, long lengthBytes)
    {
        using HostFile file = host.Open(path, HostAccess.ReadWrite);
        file.SetLength(lengthBytes);
        file.Flush();
    }

    private static void WriteDescriptor(IHost host, Link link, IReadOnlyList<ExtentLine> lines,
        long capacityBytes, FindingList findings)
    {
        var editor = new DescriptorEditor(link.Descriptor!);
        editor.SetExtents(lines);
        editor.SetContentId(DescriptorTemplate.NewContentId());
        editor.Remove("changeTrackPath");
        if (link.Descriptor!.Database("adapterType") is { } adapter
            && DiskGeometry.From(link.Descriptor) is not null)
        {
            DiskGeometry geometry = DiskGeometry.For(capacityBytes, adapter);
            editor.Set("ddb.geometry.cylinders", $"{geometry.Cylinders}");
            editor.Set("ddb.geometry.heads", $"{geometry.Heads}");
            editor.Set("ddb.geometry.sectors", $"{geometry.SectorsPerTrack}");
        }
        DescriptorStore.Write(host, link.DescriptorPlace!, editor.ToBytes());
        ChangeTracking.Reset(host, link, findings);
    }

    private static BlockException Refused(string path, string message) =>
        new(BlockErrorKind.Refused, path, null, message);
}
