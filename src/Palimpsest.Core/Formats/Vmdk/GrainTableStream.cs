using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// Reads grain tables one after the other, as checks do: in large pieces, and without reading what the host
/// stores nothing for. Not thread-safe; does not own the file.
/// </summary>
internal sealed class GrainTableStream(HostFile file, GrainGeometry geometry, long fileLength)
{
    private readonly uint[] chunk = new uint[16384];
    private long chunkStart, chunkEnd, holeStart, holeEnd;

    /// <summary>What is at the place of a table.</summary>
    internal enum Content
    {
        /// <summary>The entries were read.</summary>
        Present,

        /// <summary>The table lies in a hole of the host: all its entries are 0.</summary>
        Hole,

        /// <summary>The host cannot read it.</summary>
        Unreadable,
    }

    /// <summary>
    /// Loads the table at a sector that is known to be within the file. The entries live until the next call.
    /// </summary>
    internal Content Load(uint sector, out ReadOnlySpan<uint> entries)
    {
        entries = default;
        long start = (long)sector * Sector.Bytes;
        long end = start + geometry.TableBytes;
        if (start < chunkStart || end > chunkEnd || (start - chunkStart) % GrainGeometry.EntryBytes != 0)
        {
            if (start >= holeStart && end <= holeEnd) { return Content.Hole; }
            Content content = Fetch(start);
            if (content != Content.Present) { return content; }
        }
        entries = chunk.AsSpan((int)((start - chunkStart) / GrainGeometry.EntryBytes),
            geometry.EntriesPerTable);
        return Content.Present;
    }

    private Content Fetch(long start)
    {
        (chunkStart, chunkEnd) = (0, 0);
        try
        {
            long dataOffset = file.NextData(start);
            if (dataOffset >= start + geometry.TableBytes)
            {
                (holeStart, holeEnd) = (start, dataOffset);
                return Content.Hole;
            }
            if (TryFetch(start, Math.Min(chunk.Length * GrainGeometry.EntryBytes, fileLength - start)))
            {
                return Content.Present;
            }
        }
        catch (BlockException error) when (error.Kind == BlockErrorKind.Io)
        {
            return TryFetch(start, geometry.TableBytes) ? Content.Present : Content.Unreadable;
        }
        return TryFetch(start, geometry.TableBytes) ? Content.Present : Content.Unreadable;
    }

    private bool TryFetch(long start, long lengthBytes)
    {
        int count = (int)(lengthBytes / GrainGeometry.EntryBytes);
        try
        {
            GrainEntries.Read(file, start, chunk.AsSpan(0, count));
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.Io or BlockErrorKind.OutOfRange)
        {
            return false;
        }
        (chunkStart, chunkEnd) = (start, start + ((long)count * GrainGeometry.EntryBytes));
        return true;
    }
}
