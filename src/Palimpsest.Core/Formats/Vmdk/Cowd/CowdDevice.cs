using System.Buffers.Binary;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Cowd;

/// <summary>
/// Writes a COWD (vmfsSparse) extent; reads it as <see cref="CowdReader"/> does. Owns its file; thread-safe.
/// The format has no entry for zeros: above a parent zeros are grains like others. Crash order: see <see
/// cref="GrainDevice"/>; the header's free sector is raised, with the data, before any table names what lies
/// below it, so that a cut can leave space unused but never space in use that the header calls free.
/// </summary>
public sealed class CowdDevice : GrainDevice
{
    private uint freeSector;

    private CowdDevice(HostFile file, CowdLayout layout, GrainMap map, bool hasParent, long allocationEnd)
        : base(file, map, hasParent, allocationEnd)
    {
        freeSector = layout.Header.FreeSector;
        Layout = layout;
    }

    /// <summary>What the header said at open.</summary>
    public CowdLayout Layout { get; }

    /// <inheritdoc/>
    private protected override int GrainAlignmentBytes => Sector.Bytes;

    /// <inheritdoc/>
    private protected override bool CanZero => false;

    /// <summary>
    /// Opens an extent for writing and takes the file over. All tables are checked first; a damaged extent is
    /// refused.
    /// </summary>
    /// <param name="file">The extent, opened for writing.</param>
    /// <param name="findings">What is found on the way.</param>
    /// <param name="hasParent">True when holes show a parent.</param>
    /// <exception cref="ImageException">The extent cannot be written to. The file stays the
    /// caller's.</exception>
    public static CowdDevice Open(HostFile file, FindingList findings, bool hasParent)
    {
        var own = new FindingList();
        CowdLayout? layout = CowdLayout.Load(file, own);
        CowdStatistics? statistics = layout is null ? null : CowdCheck.Run(file, layout, own);
        foreach (Finding finding in own.Items)
        {
            // What the check says of it below is more than the bare flag.
            if (finding.Code != CowdFindings.NotClosed) { findings.Add(finding); }
        }
        own.ThrowIfRefused();
        if (!file.IsWritable)
        {
            throw new BlockException(BlockErrorKind.ReadOnly, file.Path, null,
                "the extent was opened read-only");
        }
        if (!statistics!.IsSound)
        {
            throw findings.Refuse(CowdFindings.NotWritable, file.Path,
                "its tables are damaged, so it is not opened for writing");
        }
        if (layout!.Header.UncleanShutdown != 0)
        {
            findings.Add(CowdFindings.NotClosedButSound, file.Path,
                "uncleanShutdown is set; the tables are sound", 0x670);
        }
        long allocationEnd = Math.Max(
            (long)(uint)layout.Header.FreeSector * Sector.Bytes, CowdCheck.RoundUp(statistics.UsedEndBytes));
        return new CowdDevice(file, layout, new GrainMap(file, layout.Geometry), hasParent, allocationEnd);
    }

    /// <inheritdoc/>
    private protected override void MarkUnclean() => WriteField(CowdFile.UncleanShutdownOffset, 1);

    /// <inheritdoc/>
    private protected override void MarkClean() => WriteField(CowdFile.UncleanShutdownOffset, 0);

    /// <inheritdoc/>
    private protected override void AnnounceZeroEntries() =>
        throw new InvalidOperationException("the format has no entries for zeros");

    /// <inheritdoc/>
    private protected override void ReserveUpTo(long allocationEndBytes)
    {
        uint sector = (uint)Sector.CountFor(allocationEndBytes);
        if (sector == freeSector) { return; }
        WriteField(CowdFile.FreeSectorOffset, sector);
        freeSector = sector;
    }

    private void WriteField(int offset, uint value)
    {
        Span<byte> field = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(field, value);
        File.Write(offset, field);
    }
}
