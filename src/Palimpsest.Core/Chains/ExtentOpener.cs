using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.Flat;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>Opens the extents of one link and puts them together, over what lies below.</summary>
internal sealed class ExtentOpener(IHost host, HostNames names, FindingList findings)
{
    /// <summary>
    /// The link's bytes over <paramref name="below"/> (null at the bottom of a chain). Fills in the link's
    /// extents and capacity. The result owns the extents' files, not what is below.
    /// </summary>
    public IBlockReader Open(Link link, IBlockReader? below, bool isWritable)
    {
        if (link.Format == LinkFormat.Raw) { return OpenRaw(link, isWritable); }
        VmdkDescriptor descriptor = link.Descriptor!;
        link.CapacityBytes = descriptor.CapacityBytes;
        if (below is not null && below.Length != link.CapacityBytes)
        {
            throw findings.Refuse(ChainFindings.CapacityMismatch, link.Path,
                $"it has {link.CapacityBytes} bytes and its parent {below.Length}");
        }
        var extents = new List<LinkExtent>();
        var parts = new List<IBlockReader>();
        try
        {
            long virtualOffset = 0;
            foreach (ExtentLine line in descriptor.Extents)
            {
                LinkExtent extent = OpenExtent(link, line, virtualOffset, isWritable, below is not null);
                extents.Add(extent);
                parts.Add(Assemble(extent, below));
                virtualOffset += line.LengthBytes;
            }
        }
        catch
        {
            ConcatReader.DisposeAll(parts);
            throw;
        }
        finally
        {
            link.Extents = extents;
        }
        if (parts.Count == 1 && (!isWritable || parts[0] is IBlockDevice)) { return parts[0]; }
        return isWritable ? new ConcatDevice(parts) : new ConcatReader(parts);
    }

    private static IBlockReader Assemble(LinkExtent extent, IBlockReader? below)
    {
        if (below is null || extent.Reader is not ISparseLayer layer) { return extent.Reader; }
        IBlockReader under = extent.VirtualOffset == 0 && extent.Line.LengthBytes == below.Length
            ? below : new SliceReader(below, extent.VirtualOffset, extent.Line.LengthBytes);
        return layer switch
        {
            HostedSparseDevice sparse => new OverlayDevice<HostedSparseDevice>(sparse, under),
            CowdDevice cowd => new OverlayDevice<CowdDevice>(cowd, under),
            _ => new OverlayReader(layer, under),
        };
    }

    private IBlockReader OpenRaw(Link link, bool isWritable)
    {
        HostFile file = OpenFile(link.Path, isWritable);
        FlatValidation.Run(file, 0, link.CapacityBytes, isWholeFile: false, findings);
        FlatReader reader = isWritable
            ? new FlatDevice(file, 0, link.CapacityBytes) : new FlatReader(file, 0, link.CapacityBytes);
        var line = new ExtentLine(
            ExtentAccess.ReadWrite, link.CapacityBytes / Sector.Bytes, ExtentType.Flat,
            HostPath.NameOf(link.Path));
        link.Extents = [new LinkExtent(line, link.Path, 0, reader)];
        return reader;
    }

    private LinkExtent OpenExtent(Link link, ExtentLine line, long virtualOffset, bool isWritable,
        bool hasParent)
    {
        if (line.Type == ExtentType.Zero || line.Access == ExtentAccess.NoAccess)
        {
            return new LinkExtent(line, null, virtualOffset, new ZeroReader(line.LengthBytes));
        }
        bool isWritableExtent = isWritable && line.Access == ExtentAccess.ReadWrite;
        string path = ExtentPaths.Of(link, line, names, findings);
        HostFile file = OpenFile(path, isWritableExtent);
        try
        {
            IBlockReader reader = line.Type is ExtentType.Flat or ExtentType.Vmfs
                ? OpenFlat(link, line, file, isWritableExtent)
                : OpenSparse(link, line, file, isWritableExtent, hasParent);
            return new LinkExtent(line, path, virtualOffset, reader);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private HostFile OpenFile(string path, bool isWritable) =>
        host.Open(path, isWritable ? HostAccess.ReadWrite : HostAccess.Read);

    private FlatReader OpenFlat(Link link, ExtentLine line, HostFile file, bool isWritable)
    {
        long start = line.OffsetSectors * Sector.Bytes;
        bool isWholeFile = start == 0
            && link.Descriptor!.Extents.Count(other => other.FileName == line.FileName) == 1;
        ThrowIfDelta(line, file);
        FlatValidation.Run(file, start, line.LengthBytes, isWholeFile, findings);
        return isWritable
            ? new FlatDevice(file, start, line.LengthBytes) : new FlatReader(file, start, line.LengthBytes);
    }

    // A delta renamed to -flat.vmdk reads as garbage. That mistake is made in real recoveries, and it is
    // cheap to see.
    private void ThrowIfDelta(ExtentLine line, HostFile file)
    {
        if (line.OffsetSectors != 0) { return; }
        FileSignature signature = SignatureOf(file);
        if (signature is not (FileSignature.Unknown or FileSignature.Descriptor))
        {
            throw findings.Refuse(ChainFindings.ExtentFormatMismatch, file.Path,
                $"the descriptor says {ExtentLine.TextOf(line.Type)}, the file begins as {signature}");
        }
    }

    private IBlockReader OpenSparse(Link link, ExtentLine line, HostFile file, bool isWritable,
        bool hasParent)
    {
        FileSignature expected = line.Type switch
        {
            ExtentType.Sparse => FileSignature.HostedSparse,
            ExtentType.VmfsSparse => FileSignature.Cowd,
            ExtentType.SeSparse => FileSignature.SeSparse,
            _ => throw new InvalidOperationException($"extent type {line.Type} passed validation"),
        };
        FileSignature found = SignatureOf(file);
        if (found == FileSignature.UnfinishedSparse)
        {
            throw findings.Refuse(SparseFindings.UnfinishedConversion, file.Path,
                "the magic number is written in lower case");
        }
        if (found != expected)
        {
            throw findings.Refuse(ChainFindings.ExtentFormatMismatch, file.Path,
                $"the descriptor says {ExtentLine.TextOf(line.Type)}, the file begins as {found}");
        }
        ISparseLayer layer = expected switch
        {
            FileSignature.Cowd => isWritable
                ? CowdDevice.Open(file, findings, hasParent) : CowdReader.Open(file, findings),
            FileSignature.SeSparse => isWritable
            ? throw NotWritable(link, "seSparse") : SeSparseReader.Open(file, findings),
            _ when IsCompressed(file) => isWritable
                ? throw NotWritable(link, "streamOptimized") : StreamOptimizedReader.Open(file, findings),
            _ => isWritable
                ? HostedSparseDevice.Open(file, findings, hasParent)
                : HostedSparseReader.Open(file, findings),
        };
        findings.ThrowIfRefused();
        return layer.Length == line.LengthBytes ? layer : FitToLine(layer, line, file.Path);
    }

    // Some writers round the header's capacity up to whole grains, and a resize that lost power leaves a
    // header that is ahead of its extent line. The descriptor's size is the disk's; the rest of the layer is
    // not part of it.
    private ISparseLayer FitToLine(ISparseLayer layer, ExtentLine line, string path)
    {
        if (layer.Length > line.LengthBytes && layer is not IBlockDevice)
        {
            if (layer.Length - line.LengthBytes >= layer.GrainBytes)
            {
                findings.Add(ChainFindings.HeaderAheadOfLine, path,
                    $"the extent line says {line.LengthBytes} bytes, the header {layer.Length}");
            }
            return new LayerSlice(layer, line.LengthBytes);
        }
        layer.Dispose();
        throw findings.Refuse(ChainFindings.ExtentSizeMismatch, path,
            $"the extent line says {line.LengthBytes} bytes, the header {layer.Length}");
    }

    private ImageException NotWritable(Link link, string kind) =>
        findings.Refuse(ChainFindings.NotWritable, link.Path, $"it is {kind}");

    private static FileSignature SignatureOf(HostFile file)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(file.Length, 512)];
        file.Read(0, start);
        return FileSignatures.Of(start);
    }

    private static bool IsCompressed(HostFile file)
    {
        Span<byte> flags = stackalloc byte[4];
        if (file.Length < 12) { return false; }
        file.Read(8, flags);
        uint value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(flags);
        return ((SparseFlags)value & SparseFlags.Compressed) != 0;
    }
}
