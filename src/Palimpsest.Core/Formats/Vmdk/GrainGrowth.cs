using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>What growing an extent of tables and grains needs, whatever its header.</summary>
internal static class GrainGrowth
{
    private const int PieceBytes = 64 << 10;

    /// <summary>
    /// Makes zero what the present capacity hides: entries of the last table and bytes of the last grain past
    /// the end. A larger capacity would show them.
    /// </summary>
    internal static void ClearBeyondCapacity(HostFile file, GrainGeometry geometry)
    {
        if (geometry.CapacityBytes % geometry.TableCoverBytes == 0) { return; }
        long lastTable = geometry.TableCount - 1;
        var map = new GrainMap(file, geometry);
        (uint sector, uint redundantSector) = map.PointersOf(lastTable);
        int usedEntries = geometry.UsedEntries(lastTable);
        foreach (uint table in (ReadOnlySpan<uint>)[sector, redundantSector])
        {
            if (table == 0 || usedEntries == geometry.EntriesPerTable) { continue; }
            long offset = ((long)table * Sector.Bytes) + ((long)usedEntries * GrainGeometry.EntryBytes);
            uint[] entries = new uint[geometry.EntriesPerTable - usedEntries];
            GrainEntries.Read(file, offset, entries);
            if (entries.AsSpan().IndexOfAnyExcept(0u) < 0) { continue; }
            GrainEntries.Write(file, offset, new uint[entries.Length]);
        }
        int inGrain = (int)(geometry.CapacityBytes % geometry.GrainBytes);
        if (inGrain == 0) { return; }
        BlockRun last = map.GetRun(geometry.CapacityBytes - 1, 1);

        // The file may end with the capacity; then this makes the grain whole.
        if (last.Kind == RunKind.Data)
        {
            WriteZeros(file, last.HostOffset + 1, geometry.GrainBytes - inGrain);
        }
    }

    /// <summary>Copies bytes within a file; the ranges do not overlap.</summary>
    internal static void CopyBytes(HostFile file, long fromOffset, long toOffset, long lengthBytes)
    {
        byte[] piece = new byte[PieceBytes];
        for (long done = 0; done < lengthBytes; done += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, lengthBytes - done));
            file.Read(fromOffset + done, part);
            file.Write(toOffset + done, part);
        }
    }

    /// <summary>Writes zeros.</summary>
    internal static void WriteZeros(HostFile file, long offset, long lengthBytes)
    {
        byte[] piece = new byte[Math.Min(PieceBytes, lengthBytes)];
        for (long done = 0; done < lengthBytes; done += piece.Length)
        {
            file.Write(offset + done, piece.AsSpan(0, (int)Math.Min(piece.Length, lengthBytes - done)));
        }
    }
}
