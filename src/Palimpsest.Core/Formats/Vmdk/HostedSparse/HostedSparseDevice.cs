using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>
/// Writes an uncompressed hosted sparse ("KDMV") extent; reads it as <see cref="HostedSparseReader"/> does.
/// Owns its file; thread-safe. A partial write to a grain that does not exist fills the rest of it with
/// zeros: above a parent, whoever composes the chain writes whole grains. Crash order: see <see
/// cref="GrainDevice"/>.
/// </summary>
public sealed class HostedSparseDevice : GrainDevice
{
    private SparseHeader header;

    private HostedSparseDevice(HostFile file, HostedSparseLayout layout, GrainMap map, bool hasParent,
        SparseHeader header)
        : base(file, map, hasParent,
            Math.Max(file.Length, (long)(ulong)header.OverHead * Sector.Bytes))
    {
        this.header = header;
        Layout = layout;
    }

    /// <summary>What the header said at open.</summary>
    public HostedSparseLayout Layout { get; }

    /// <summary>The area of the embedded descriptor, or null when there is none.</summary>
    public EmbeddedDescriptorArea? EmbeddedDescriptorRange => Layout.EmbeddedDescriptor;

    /// <inheritdoc/>
    private protected override int GrainAlignmentBytes => GrainBytes;

    /// <inheritdoc/>
    private protected override bool CanZero => true;

    /// <summary>
    /// Opens an extent for writing and takes the file over. All tables are checked first: new grains must not
    /// take the place of others, so a damaged extent is refused.
    /// </summary>
    /// <param name="file">The extent, opened for writing.</param>
    /// <param name="findings">What is found on the way.</param>
    /// <param name="hasParent">True when holes show a parent: then zeros are written as zeroed
    /// grains.</param>
    /// <exception cref="ImageException">The extent cannot be written to. The file stays the
    /// caller's.</exception>
    public static HostedSparseDevice Open(HostFile file, FindingList findings, bool hasParent)
    {
        var own = new FindingList();
        HostedSparseLayout? layout = HostedSparseLayout.Load(file, own);
        bool wasNotClosed = layout is not null && layout.Header.UncleanShutdown != 0;
        HostedSparseStatistics statistics = layout is null
            ? new HostedSparseStatistics() : HostedSparseCheck.Run(file, layout, own);
        foreach (Finding finding in own.Items)
        {
            // What the check says of it below is more than the bare flag.
            if (finding.Code != SparseFindings.NotClosed) { findings.Add(finding); }
        }
        own.ThrowIfRefused();
        if (!file.IsWritable)
        {
            throw new BlockException(BlockErrorKind.ReadOnly, file.Path, null,
                "the extent was opened read-only");
        }
        if (!statistics.IsSound)
        {
            throw findings.Refuse(
                wasNotClosed ? SparseFindings.NotClosedAndDamaged : SparseFindings.NotWritable, file.Path,
                "its tables are damaged, so it is not opened for writing; run 'vmdk repair' on the disk", 72);
        }
        if (layout!.Header.OverHead >= uint.MaxValue)
        {
            throw findings.Refuse(SparseFindings.NotWritable, file.Path,
                $"the first grain is said to lie at or behind sector {(ulong)layout.Header.OverHead}, "
                + "which no table can name",
                64, "overHead");
        }
        if (wasNotClosed)
        {
            findings.Add(SparseFindings.NotClosedButSound, file.Path,
                "uncleanShutdown is set; the tables are sound", 72);
        }
        HostedSparseLayout sound = layout!;
        SparseHeader header = WithOverheadInReach(sound, file.Length, statistics.LowestGrainSector);
        return new HostedSparseDevice(file, sound, new GrainMap(file, sound.Geometry), hasParent, header);
    }

    // Where the file ends, every table lies in it; the first grain follows at the next whole grain. A header
    // that puts it further behind would leave a hole for nothing, so it is set right with the first change:
    // left as it was, it would say of the new grains that they lie within the metadata.
    private static SparseHeader WithOverheadInReach(
        HostedSparseLayout layout, long fileLength, long? lowestGrainSector)
    {
        long nextGrain = GrainGeometry.CountTables(fileLength, layout.GrainBytes) * layout.GrainBytes;
        long nextSector = nextGrain / Sector.Bytes;
        return layout.Header.OverHead <= (ulong)nextSector ? layout.Header
            : layout.Header with { OverHead = (ulong)Math.Min(nextSector, lowestGrainSector ?? nextSector) };
    }

    /// <inheritdoc/>
    private protected override void MarkUnclean() => WriteHeader(header with { UncleanShutdown = 1 });

    /// <inheritdoc/>
    private protected override void MarkClean() => WriteHeader(header with { UncleanShutdown = 0 });

    /// <inheritdoc/>
    private protected override void AnnounceZeroEntries()
    {
        var flags = (SparseFlags)(uint)header.Flags;
        if (flags.HasFlag(SparseFlags.ZeroedGrains) && header.Version >= 2) { return; }

        // The word goes before the first entry that needs it, for readers that take 1 for a sector otherwise.
        WriteHeader(header with
        {
            Version = Math.Max(2, (uint)header.Version),
            Flags = (uint)(flags | SparseFlags.ZeroedGrains),
        });
        File.Flush();
    }

    /// <inheritdoc/>
    private protected override void ReserveUpTo(long allocationEndBytes)
    {
        // The end of the file is the end of what is in use; there is no field for it.
    }

    // One sector, so that it is old or new.
    private void WriteHeader(in SparseHeader changed)
    {
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        File.Read(0, sector);
        SparseHeader current = MemoryMarshal.Read<SparseHeader>(sector);

        // Where the descriptor lies is its own writer's to say, and may have changed since.
        header = changed with
        {
            DescriptorOffset = current.DescriptorOffset, DescriptorSize = current.DescriptorSize,
        };
        MemoryMarshal.Write(sector, header);
        File.Write(0, sector);
    }
}
