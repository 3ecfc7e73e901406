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
    /// written in place, a larger one through a second place, in the same area if that has the room, else behind the end
    /// of the file.
    /// </summary>
    /// <exception cref="ImageException">The file is no sparse extent, or embeds no descriptor.</exception>
    /// <exception cref="BlockException"><c>NoSpace</c>: the text is larger than its area, and nothing was written; or the
    /// host is full.</exception>
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
        byte[] before = new byte[areaBytes], after = new byte[areaBytes];
        file.Read(OffsetOf(header), before);
        text.CopyTo(after);
        int[] changed = ChangedSectors(before, after);
        if (isAway)
        {
            // Whoever was killed may not have flushed the header that says so.
            file.Flush();
            ReturnHome(file, header, before, after, area.OffsetBytes);
        }
        else if (changed.Length > 1 && header.DescriptorOffset == HomeSector)
        {
            long place = GoAway(file, header, after, Math.Max(SectorsUsed(before), SectorsUsed(after)));
            ReturnHome(file, header, before, after, place);
        }
        else
        {
            // Crash order: later sectors first, so that the text begins as it did until the first one is written. More
            // than one can only be where another program put the text elsewhere.
            WriteSectors(file, OffsetOf(header), after, changed.Reverse());
            file.Flush();
        }
    }

    // Crash order: (1) the new text in the second place; (2) flush; (3) the header names that place: one sector, and from
    // then on the text is the new one; (4) flush.
    private static long GoAway(HostFile file, in SparseHeader home, byte[] after, int used)
    {
        long homeSectors = (long)(ulong)home.DescriptorSize;
        bool hasRoom = 2 * used < homeSectors;
        long place = hasRoom ? OffsetOf(home) + (used * (long)Sector.Bytes)
            : Sector.CountFor(file.Length) * Sector.Bytes;
        if (!hasRoom) { file.SetLength(place + after.Length); }
        file.Write(place, after.AsSpan(0, used * Sector.Bytes));
        file.Flush();
        WriteHeader(file, home with
        {
            DescriptorOffset = (ulong)(place / Sector.Bytes),
            DescriptorSize = (ulong)(hasRoom ? homeSectors - used : homeSectors),
        });
        file.Flush();
        return place;
    }

    // Crash order: (1) the new text at home, while the header names the second place; (2) flush; (3) the header names the
    // home; (4) flush; (5) the second place is cleared, so that nothing stale stands there; (6) flush.
    private static void ReturnHome(HostFile file, in SparseHeader home, byte[] before, byte[] after, long place)
    {
        long start = OffsetOf(home);
        bool isInArea = place < start + after.Length;
        int reserved = isInArea ? (int)((place - start) / Sector.Bytes) : after.Length / Sector.Bytes;
        WriteSectors(file, start, after, ChangedSectors(before, after).Where(sector => sector < reserved));
        file.Flush();
        WriteHeader(file, home);
        file.Flush();
        if (isInArea) { file.Write(place, after.AsSpan(reserved * Sector.Bytes)); }
        else if (file.Length == place + after.Length) { file.SetLength(place); }
        else { file.Write(place, new byte[after.Length]); }
        file.Flush();
    }

    private static long OffsetOf(in SparseHeader header) => (long)(ulong)header.DescriptorOffset * Sector.Bytes;

    /// <summary>True when a replacement was cut off while the header named the second place.</summary>
    private static bool IsAway(HostFile file, in SparseHeader header)
    {
        if (header.DescriptorOffset <= HomeSector) { return false; }

        // Where the descriptor has another place by design, a directory stands here: its first entry is no text.
        Span<byte> start = stackalloc byte[8];
        file.Read((long)HomeSector * Sector.Bytes, start);
        return start.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0;
    }

    // In its area the second place takes what the text at home leaves, which is more than half; behind the end of the file
    // it is as large as the area.
    private static SparseHeader AtHome(in SparseHeader away) => away with
    {
        DescriptorOffset = HomeSector,
        DescriptorSize = away.DescriptorOffset <= away.DescriptorSize
            ? (ulong)away.DescriptorSize + (ulong)away.DescriptorOffset - HomeSector : away.DescriptorSize,
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
