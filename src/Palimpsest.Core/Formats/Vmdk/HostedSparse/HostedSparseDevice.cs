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

    private HostedSparseDevice(HostFile file, HostedSparseLayout layout, GrainMap map, bool hasParent)
        : base(file, map, hasParent,
            Math.Max(file.Length, (long)(ulong)layout.Header.OverHead * Sector.Bytes))
    {
        header = layout.Header;
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
        bool isSound = layout is not null && HostedSparseCheck.Run(file, layout, own).IsSound;
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
        if (!isSound)
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
        return new HostedSparseDevice(file, sound, new GrainMap(file, sound.Geometry), hasParent);
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
        header = changed;
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        File.Read(0, sector);
        MemoryMarshal.Write(sector, header);
        File.Write(0, sector);
    }
}
