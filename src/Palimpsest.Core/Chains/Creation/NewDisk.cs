using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.Flat;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>
/// A disk that is being made. Its files carry a temporary suffix until <see cref="Commit"/>; disposing
/// without that deletes them, so that nothing which looks like a disk is left half-written.
/// </summary>
public sealed class NewDisk : IDisposable
{
    /// <summary>
    /// Suffix of files of a disk that is not finished; such a file left by a crash may be deleted.
    /// </summary>
    public const string UnfinishedSuffix = ".palimpsest-part";

    private readonly DiskCreation creation;
    private readonly DiskLayout layout;
    private readonly string folder;
    private readonly List<string> finalPaths = [];
    private readonly List<string> renamedPaths = [];
    private readonly byte[] descriptor;
    private IBlockDevice? device;
    private bool isCommitted, isDisposed;

    private NewDisk(DiskCreation creation, DiskLayout layout)
    {
        this.creation = creation;
        this.layout = layout;
        folder = HostPath.FolderOf(creation.Path);
        descriptor = DescriptorFor(creation, layout);
    }

    /// <summary>
    /// The bytes of the new disk, all zero at first. Null for a stream, which is written once by its writer.
    /// </summary>
    public IBlockDevice Device => device ?? throw new InvalidOperationException("a stream has no device");

    /// <summary>True when the data lies in flat files: worth copying in the kernel.</summary>
    public bool IsFlat => layout.IsFlat;

    /// <summary>The files, by their final names; the descriptor's first.</summary>
    public IReadOnlyList<string> Files =>
        layout.HasDescriptorFile ? [creation.Path, .. finalPaths] : finalPaths;

    /// <summary>The descriptor's text; empty for a raw image.</summary>
    internal ReadOnlySpan<byte> Descriptor => descriptor;

    /// <summary>Begins a disk: creates its files under temporary names and takes their storage.</summary>
    /// <exception cref="BlockException"><c>Refused</c> when a file of that name exists;
    /// <c>NoSpace</c>.</exception>
    public static NewDisk Begin(DiskCreation creation, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(creation);
        ThrowUnlessSane(creation);
        DiskLayout layout = DiskLayout.For(creation.Kind, creation.Path, creation.CapacityBytes);
        var disk = new NewDisk(creation, layout);
        try
        {
            disk.CreateFiles(cancellation);
            return disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    // Crash order: data and tables, flush, final names, flush of the folder, and only then the descriptor.
    // Before the descriptor there is no disk, only files that nothing refers to.

    /// <summary>Makes the disk durable and gives it its name.</summary>
    public void Commit()
    {
        device?.Flush();
        device?.Dispose();
        device = null;
        foreach (string path in finalPaths)
        {
            MatchPermissions(path + UnfinishedSuffix);
            creation.Host.Rename(path + UnfinishedSuffix, path);
            renamedPaths.Add(path);
        }
        creation.Host.FlushFolder(folder);
        if (layout.HasDescriptorFile)
        {
            AtomicFile.Replace(creation.Host, creation.Path, descriptor);
            MatchPermissions(creation.Path);
        }
        isCommitted = true;
    }

    /// <summary>Opens the one file of a stream for its writer.</summary>
    internal HostFile OpenStreamTarget() =>
        creation.Host.Open(finalPaths[0] + UnfinishedSuffix, HostAccess.ReadWrite);

    /// <summary>Deletes what was made, unless it was committed.</summary>
    public void Dispose()
    {
        if (isCommitted || isDisposed) { return; }
        isDisposed = true;
        try
        {
            device?.Dispose();
        }
        catch (BlockException)
        {
            // The disk is thrown away; that its last flush failed changes nothing.
        }
        foreach (string path in finalPaths)
        {
            if (creation.Host.Stat(path + UnfinishedSuffix) is not null)
            {
                creation.Host.Delete(path + UnfinishedSuffix);
            }
        }

        // A commit that failed half-way had given these their names. With the descriptor there, the disk is whole and
        // stays: only how durable it is remained unknown.
        if (layout.HasDescriptorFile && creation.Host.Stat(creation.Path) is not null) { return; }
        foreach (string path in renamedPaths) { creation.Host.Delete(path); }
    }

    private void MatchPermissions(string path)
    {
        if (creation.PermissionsLike is { } like) { creation.Host.MatchPermissions(like, path); }
    }

    private static void ThrowUnlessSane(DiskCreation creation)
    {
        if (creation.CapacityBytes < Sector.Bytes || creation.CapacityBytes % Sector.Bytes != 0)
        {
            throw new BlockException(BlockErrorKind.Refused, creation.Path, null,
                $"a disk has a whole number of sectors of 512 bytes, at least one; {creation.CapacityBytes} "
                + "bytes are not that");
        }
        if (creation.BootSector.Length > Sector.Bytes)
        {
            throw new BlockException(BlockErrorKind.Refused, creation.Path, null,
                $"a boot sector has 512 bytes, not {creation.BootSector.Length}");
        }
    }

    private static byte[] DescriptorFor(DiskCreation creation, DiskLayout layout)
    {
        if (layout.Kind == DiskCreation.RawKind) { return []; }
        if (creation.Parent is { } parent)
        {
            // Adapter, geometry and uuid are looked up through the chain, so a delta leaves them to its base.
            return new DescriptorTemplate
            {
                CreateType = layout.Kind,
                Extents = layout.Extents,
                ContentId = creation.ContentId ?? DescriptorTemplate.NewContentId(),
                ParentContentId = parent.ContentId,
                ParentFileNameHint = parent.FileNameHint,
            }.ToBytes();
        }
        return new DescriptorTemplate
        {
            CreateType = layout.Kind,
            Extents = layout.Extents,
            ContentId = creation.ContentId ?? DescriptorTemplate.NewContentId(),
            AdapterType = creation.AdapterType,
            Geometry = creation.Geometry ?? DiskGeometry.For(creation.CapacityBytes, creation.AdapterType),
            IsThin = layout.Kind == CreateTypes.Vmfs
                && (creation.IsThinProvisioned ?? creation.Allocation == DiskAllocation.Thin),
            Uuid = DescriptorTemplate.NewUuid(),
            HardwareVersion = creation.HardwareVersion,
        }.ToBytes();
    }

    private void CreateFiles(CancellationToken cancellation)
    {
        if (creation.Allocation != DiskAllocation.Thin && !layout.IsFlat)
        {
            throw new BlockException(BlockErrorKind.Refused, creation.Path, null,
                $"a {layout.Kind} disk takes its storage as it grows; lazy and eager are for flat disks");
        }
        if (layout.HasDescriptorFile) { ThrowIfExists(creation.Host, creation.Path); }
        foreach (ExtentLine line in layout.Extents)
        {
            ThrowIfExists(creation.Host, HostPath.Combine(folder, line.FileName!));
        }
        var parts = new List<IBlockReader>();
        try
        {
            foreach (ExtentLine line in layout.Extents)
            {
                cancellation.ThrowIfCancellationRequested();
                if (CreateExtent(line, cancellation) is { } part) { parts.Add(part); }
            }
        }
        catch
        {
            ConcatReader.DisposeAll(parts);
            throw;
        }
        device = parts.Count switch
        {
            0 => null,
            1 => (IBlockDevice)parts[0],
            _ => new ConcatDevice(parts),
        };
        if (!creation.BootSector.IsEmpty) { Device.Write(0, creation.BootSector.Span); }
    }

    /// <summary>Refuses a name that is taken: nothing existing is overwritten.</summary>
    internal static void ThrowIfExists(IHost host, string path)
    {
        if (host.Stat(path) is not null)
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "the file exists already and is not overwritten; choose another name, or move it away first");
        }
    }

    private IBlockDevice? CreateExtent(ExtentLine line, CancellationToken cancellation)
    {
        string path = HostPath.Combine(folder, line.FileName!);
        string temporaryPath = path + UnfinishedSuffix;
        if (creation.Host.Stat(temporaryPath) is not null) { creation.Host.Delete(temporaryPath); }
        HostFile file = creation.Host.Open(temporaryPath, HostAccess.CreateNew);
        finalPaths.Add(path);
        try
        {
            return FillExtent(line, file, cancellation);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private IBlockDevice? FillExtent(ExtentLine line, HostFile file, CancellationToken cancellation)
    {
        if (layout.Kind == CreateTypes.StreamOptimized)
        {
            file.Dispose();
            return null;
        }
        if (layout.IsFlat)
        {
            file.SetLength(line.LengthBytes);
            FlatAllocation.Take(file, line.LengthBytes, creation.Allocation, cancellation);
            return new FlatDevice(file, 0, line.LengthBytes);
        }
        var findings = new FindingList();
        if (line.Type == ExtentType.VmfsSparse)
        {
            CowdFile.Create(file, new CowdCreation { CapacityBytes = line.LengthBytes });
            return CowdDevice.Open(file, findings, creation.Parent is not null);
        }
        HostedSparseFile.Create(file, new HostedSparseCreation
        {
            CapacityBytes = line.LengthBytes,
            EmbeddedDescriptor = layout.HasDescriptorFile ? null : descriptor,
        });
        return HostedSparseDevice.Open(file, findings, creation.Parent is not null);
    }
}

/// <summary>Takes the storage of a flat file in advance.</summary>
internal static class FlatAllocation
{
    private const int ZeroBlockBytes = 1 << 20;

    /// <summary>Reserves or writes all of the file, as asked; a thin file is left alone.</summary>
    public static void Take(HostFile file, long lengthBytes, DiskAllocation allocation,
        CancellationToken cancellation)
    {
        if (allocation == DiskAllocation.Thin) { return; }
        if (allocation == DiskAllocation.Lazy && file.TryAllocate(0, lengthBytes)) { return; }

        // Eager means written. Lazy on a host that cannot reserve can only be had by writing, too.
        var zeroes = new byte[ZeroBlockBytes];
        for (long done = 0; done < lengthBytes; done += ZeroBlockBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            file.Write(done, zeroes.AsSpan(0, (int)Math.Min(ZeroBlockBytes, lengthBytes - done)));
        }
    }
}
