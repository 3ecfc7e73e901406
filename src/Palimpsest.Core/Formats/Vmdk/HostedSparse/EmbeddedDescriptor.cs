using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>Writes the descriptor that lies inside a hosted sparse extent.</summary>
public static class EmbeddedDescriptor
{
    // Readers that do not ask the header look for the text in sector 1 (QEMU 7.2).
    private const ulong HomeSector = 1;

    /// <summary>
    /// Replaces the text, durably. It is the old or the new one whenever the power goes: a change within one sector is
    /// written in place, a larger one through a second place in the same area, if that has the room.
    /// </summary>
    /// <exception cref="ImageException">The file is no sparse extent, or embeds no descriptor.</exception>
    /// <exception cref="BlockException"><c>NoSpace</c>: the text is larger than its area. Nothing was
    /// written.</exception>
    public static void Replace(HostFile file, ReadOnlySpan<byte> text)
    {
        var findings = new FindingList();
        HostedSparseLayout? layout = HostedSparseLayout.Load(file, findings);
        findings.ThrowIfRefused();
        if (layout!.EmbeddedDescriptor is not { } area)
        {
            throw findings.Refuse(SparseFindings.DescriptorOutOfFile, file.Path,
                "the extent embeds no descriptor", 28);
        }
        SparseHeader header = layout.Header;
        bool isAway = IsAway(file, header);
        if (isAway) { header = AtHome(header); }
        int areaBytes = (int)(ulong)header.DescriptorSize * Sector.Bytes;
        if (text.Length > areaBytes)
        {
            throw new BlockException(BlockErrorKind.NoSpace, file.Path, area.OffsetBytes,
                $"the descriptor has {text.Length} bytes, and its area only {areaBytes}; "
                + "convert the disk to one with a descriptor file of its own");
        }
        long start = (long)(ulong)header.DescriptorOffset * Sector.Bytes;
        byte[] before = new byte[areaBytes], after = new byte[areaBytes];
        file.Read(start, before);
        text.CopyTo(after);
        if (isAway)
        {
            ReturnHome(file, header, before, after, (int)(area.OffsetBytes - start) / Sector.Bytes);
            return;
        }
        int[] changed = ChangedSectors(before, after);
        int used = Math.Max(SectorsUsed(before), SectorsUsed(after));
        if (changed.Length > 1 && 2 * used <= areaBytes / Sector.Bytes && header.DescriptorOffset == HomeSector)
        {
            GoAway(file, header, after, used);
            ReturnHome(file, header, before, after, used);
            return;
        }

        // Crash order: later sectors first. Until the first one is written the text still begins as it did, and a cut
        // between two sectors leaves lines of both; the area has no room to make that impossible.
        WriteSectors(file, start, after, changed.Reverse());
        if (changed.Length > 0) { file.Flush(); }
    }

    // Crash order: (1) the new text behind the old one; (2) flush; (3) the header names that place: one sector, and from
    // then on the text is the new one; (4) flush.
    private static void GoAway(HostFile file, in SparseHeader home, byte[] after, int used)
    {
        long start = (long)(ulong)home.DescriptorOffset * Sector.Bytes;
        file.Write(start + (used * (long)Sector.Bytes), after.AsSpan(0, used * Sector.Bytes));
        file.Flush();
        WriteHeader(file, home with
        {
            DescriptorOffset = (ulong)home.DescriptorOffset + (ulong)used,
            DescriptorSize = (ulong)home.DescriptorSize - (ulong)used,
        });
        file.Flush();
    }

    // Crash order: (1) the new text at home, while the header names the second place; (2) flush; (3) the header names the
    // home; (4) flush; (5) the second place is cleared, so that nothing stale stands behind the text; (6) flush.
    private static void ReturnHome(HostFile file, in SparseHeader home, byte[] before, byte[] after, int used)
    {
        long start = (long)(ulong)home.DescriptorOffset * Sector.Bytes;
        WriteSectors(file, start, after, ChangedSectors(before, after).Where(sector => sector < used));
        file.Flush();
        WriteHeader(file, home);
        file.Flush();
        file.Write(start + (used * (long)Sector.Bytes), after.AsSpan(used * Sector.Bytes));
        file.Flush();
    }

    /// <summary>True when a replacement was cut off while the header named the second place.</summary>
    private static bool IsAway(HostFile file, in SparseHeader header)
    {
        if (header.DescriptorOffset <= HomeSector) { return false; }


        // Where the descriptor has another place by design, a directory stands here: its first entry is no text.
        Span<byte> start = stackalloc byte[8];
        file.Read((long)HomeSector * Sector.Bytes, start);
        return start.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0;
    }

    private static SparseHeader AtHome(in SparseHeader away) => away with
    {
        DescriptorOffset = HomeSector,
        DescriptorSize = (ulong)away.DescriptorSize + (ulong)away.DescriptorOffset - HomeSector,
    };

    private static int[] ChangedSectors(byte[] before, byte[] after) =>
        [.. Enumerable.Range(0, after.Length / Sector.Bytes)
            .Where(sector => !SectorOf(before, sector).SequenceEqual(SectorOf(after, sector)))];

    private static Span<byte> SectorOf(byte[] bytes, int sector) => bytes.AsSpan(sector * Sector.Bytes, Sector.Bytes);

    // The text with the NUL behind it.
    private static int SectorsUsed(byte[] area)
    {
        int end = Array.IndexOf(area, (byte)0);
        return end < 0 ? area.Length / Sector.Bytes : (end / Sector.Bytes) + 1;
    }

    private static void WriteSectors(HostFile file, long start, byte[] after, IEnumerable<int> sectors)
    {
        foreach (int sector in sectors) { file.Write(start + (sector * (long)Sector.Bytes), SectorOf(after, sector)); }
    }

    // Only where the descriptor lies: whoever has the extent open writes the other fields.
    private static void WriteHeader(HostFile file, in SparseHeader place)
    {
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        file.Read(0, sector);
        SparseHeader current = System.Runtime.InteropServices.MemoryMarshal.Read<SparseHeader>(sector);
        System.Runtime.InteropServices.MemoryMarshal.Write(sector, current with
        {
            DescriptorOffset = place.DescriptorOffset, DescriptorSize = place.DescriptorSize,
        });
        file.Write(0, sector);
    }
}
