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
    // harmless), flush, then the descriptor that makes the space part of the disk, then its change tracking file
    // goes. A further extent gets its name when it is whole. Shrinking: the descriptor first, the tracking file, then
    // the data file. Either way a cut between the two leaves a disk of the old or the new size, and the same command
    // finishes it.

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
    /// <exception cref="BlockException"><c>Refused</c>: see <see cref="Plan"/>; bytes behind the disk's end that
    /// would be lost; a kind without a way.</exception>
    public static ResizeResult Resize(ResizeRequest request, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        using Disk disk = OpenToRead(request, options);
        Link link = disk.Links[0];

        // Under the locks the descriptor is known to be the one that was read, so the sizes still hold.
        using HeldLocks locks = WriteGuard.Take(options, link, disk.Findings);
        long capacityBytes = NewSize(request, disk);
        var resize = new Resizing(options.Host, link, request.AllowsShrink, disk.Findings);
        if (link.Format == LinkFormat.Raw) { resize.SetFlatLength(link.Path, link.CapacityBytes, capacityBytes); }
        else if (capacityBytes < link.CapacityBytes || (capacityBytes == link.CapacityBytes && resize.MayShrink))
        {
            // The same size: a shrink may have been cut off before the file.
            resize.Shrink(capacityBytes);
        }
        else { resize.Grow(capacityBytes); }
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

    private static BlockException Refused(string path, string message) =>
        new(BlockErrorKind.Refused, path, null, message);
}

/// <summary>One change of a disk's size. Used once.</summary>
internal sealed class Resizing(IHost host, Link link, bool mayLose, FindingList findings)
{
    /// <summary>True for a disk of one flat file whose end may be given up.</summary>
    public bool MayShrink =>
        mayLose && link.Extents is [{ Line.Type: ExtentType.Flat or ExtentType.Vmfs, Path: not null }];

    public void Grow(long capacityBytes)
    {
        var lines = link.Extents.Select(extent => extent.Line).ToList();
        LinkExtent last = link.Extents[^1];
        long addedSectors = (capacityBytes - link.CapacityBytes) / Sector.Bytes;
        long room = IsSplit
            ? Math.Max(0, DiskLayout.SplitExtentSectors - last.Line.SectorCount) : long.MaxValue;
        long inLast = Math.Min(room, addedSectors);
        if (inLast > 0)
        {
            lines[^1] = last.Line with { SectorCount = last.Line.SectorCount + inLast };
            GrowExtent(last, lines[^1]);
        }
        if (addedSectors > inLast) { lines.AddRange(AddExtents(addedSectors - inLast)); }
        WriteDescriptor(lines, capacityBytes);
    }

    public void Shrink(long capacityBytes)
    {
        if (!MayShrink)
        {
            throw Refused(link.Path,
                "only disks of one flat file can be made smaller; convert it to monolithicFlat first");
        }
        LinkExtent extent = link.Extents[0];
        ExtentLine line = extent.Line with { SectorCount = capacityBytes / Sector.Bytes };
        WriteDescriptor([line], capacityBytes);
        SetFlatLength(extent.Path!, EndOf(line), EndOf(line));
    }

    /// <summary>
    /// Sets the length of a file that the disk uses up to <paramref name="usedBytes"/>, with zeros behind. What else lies
    /// there is given up, or refused.
    /// </summary>
    public void SetFlatLength(string path, long usedBytes, long lengthBytes)
    {
        using HostFile file = host.Open(path, HostAccess.ReadWrite);
        long before = file.Length;
        if (before > usedBytes && !IsZeroFrom(file, usedBytes))
        {
            if (!mayLose)
            {
                throw Refused(path, $"{before - usedBytes} bytes lie behind the disk's end and are not zero; they "
                    + "would come up in the new space. If nothing there is needed, run it again with --shrink");
            }
            file.SetLength(usedBytes);
        }
        if (file.Length != lengthBytes) { file.SetLength(lengthBytes); }
        file.Flush();
    }

    private static long EndOf(ExtentLine line) => (line.OffsetSectors + line.SectorCount) * Sector.Bytes;

    private void GrowExtent(LinkExtent extent, ExtentLine line)
    {
        switch (line.Type)
        {
            case ExtentType.Zero:
                return;
            case ExtentType.Flat or ExtentType.Vmfs when extent.Path is not null:
                if (link.Extents.Count(other => other.Path == extent.Path) > 1)
                {
                    throw Refused(link.Path, $"other extents lie in {HostPath.NameOf(extent.Path)} too");
                }
                SetFlatLength(extent.Path, EndOf(extent.Line), EndOf(line));
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

    private bool IsSplit =>
        link.Descriptor?.CreateType?.Contains("GbMaxExtent", StringComparison.OrdinalIgnoreCase) == true;

    private List<ExtentLine> AddExtents(long sectors)
    {
        string folder = HostPath.FolderOf(host.ResolveLinks(link.Path));
        string name = HostPath.NameOf(link.Path);
        string stem = name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase) ? name[..^5] : name;
        ExtentType type = link.Extents[^1].Line.Type;
        var added = DiskLayout.Split(
            type, stem, type == ExtentType.Flat ? 'f' : 's', sectors, link.Extents.Count + 1).ToList();
        foreach (ExtentLine line in added) { ThrowUnlessFree(HostPath.Combine(folder, line.FileName!), type); }
        foreach (ExtentLine line in added) { AddExtent(HostPath.Combine(folder, line.FileName!), line); }
        host.FlushFolder(folder);
        return added;
    }

    private void AddExtent(string path, ExtentLine line)
    {
        string part = path + NewDisk.UnfinishedSuffix;
        if (host.Stat(part) is not null) { host.Delete(part); }
        using (HostFile file = host.Open(part, HostAccess.CreateNew))
        {
            if (line.Type == ExtentType.Flat) { file.SetLength(line.LengthBytes); }
            else
            {
                HostedSparseFile.Create(file, new HostedSparseCreation { CapacityBytes = line.LengthBytes });
            }
            file.Flush();
        }
        host.Rename(part, path);
    }

    // An extent that holds nothing is one of an interrupted run; there is nothing in it to lose.
    private void ThrowUnlessFree(string path, ExtentType type)
    {
        if (host.Stat(path) is null) { return; }
        using HostFile file = host.Open(path, HostAccess.Read);
        bool isEmpty = type == ExtentType.Flat ? IsZeroFrom(file, 0)
            : HostedSparseCheck.Run(file, new FindingList()) is { IsSound: true, AllocatedGrains: 0, ZeroGrains: 0 };
        if (!isEmpty) { throw Refused(path, "the file exists already, and the disk needs its name for a new extent"); }
    }

    private static bool IsZeroFrom(HostFile file, long offset)
    {
        byte[] buffer = new byte[1 << 20];
        long length = file.Length;
        while ((offset = file.NextData(offset)) < length)
        {
            int count = (int)Math.Min(buffer.Length, length - offset);
            file.Read(offset, buffer.AsSpan(0, count));
            if (buffer.AsSpan(0, count).IndexOfAnyExcept((byte)0) >= 0) { return false; }
            offset += count;
        }
        return true;
    }

    private void WriteDescriptor(IReadOnlyList<ExtentLine> lines, long capacityBytes)
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
