using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Finds the footer of a stream: the copy of the header that knows where the grain directory is. It stands
/// before the end-of-stream marker, which is a sector of zeros; zeros that a copy or an archive padded the
/// file with are stepped over, up to a bound.
/// </summary>
internal static class StreamFooter
{
    private const int SearchBytes = 1 << 20, ChunkBytes = 1 << 16;

    /// <summary>
    /// The footer's header, or null and in <paramref name="problem"/> why there is none to trust.
    /// </summary>
    public static SparseHeader? TryFind(
        HostFile file, long fileLength, in SparseHeader header, out string? problem)
    {
        problem = "no footer stands at its end";
        long sector = LastUsedSector(file, fileLength);

        // Header, descriptor and grains come before; the marker of the footer takes one sector, the end one
        // more.
        if (sector < 2 || (sector + 2) * Sector.Bytes > fileLength) { return null; }
        Span<byte> bytes = stackalloc byte[2 * Sector.Bytes];
        file.Read((sector - 1) * Sector.Bytes, bytes);
        var marker = MemoryMarshal.Read<StreamMarker>(bytes);
        SparseHeader footer = StreamShape.Parse(bytes[Sector.Bytes..]);
        if (marker.Value != 1 || marker.Size != 0 || marker.Type != (uint)StreamMarkerType.Footer
            || footer.Magic != SparseHeader.MagicNumber)
        {
            return null;
        }
        if (footer.Capacity != header.Capacity || footer.GrainSize != header.GrainSize
            || footer.TableEntries != header.TableEntries
            || footer.DirectoryOffset == SparseHeader.DirectoryAtEnd)
        {
            problem = "its footer contradicts its header";
            return null;
        }
        problem = null;
        return footer;
    }

    /// <summary>
    /// The last sector that is not all zeros, -1 when the searched end of the file holds none.
    /// </summary>
    private static long LastUsedSector(HostFile file, long fileLength)
    {
        var chunk = new byte[ChunkBytes];
        long end = fileLength, searchEnd = Math.Max(0, fileLength - SearchBytes);
        while (end > searchEnd)
        {
            // Chunks are aligned, so a ragged end of the file comes first and alone.
            long start = (end - 1) / ChunkBytes * ChunkBytes;
            Span<byte> bytes = chunk.AsSpan(0, (int)(end - start));
            file.Read(start, bytes);
            int last = bytes.LastIndexOfAnyExcept((byte)0);
            if (last >= 0) { return (start + last) / Sector.Bytes; }
            end = start;
        }
        return -1;
    }
}
