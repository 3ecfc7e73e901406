using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.SeSparse;

/// <summary>
/// The directory and the tables of a seSparse extent, cached in fixed memory (5 MiB); tables in holes of the
/// host are not read. Not thread-safe: its owner holds a lock. Does not own the file.
/// </summary>
internal sealed class SeSparseTables(HostFile file, SeSparseLayout layout, long fileLength)
{
    private const int DirectoryPageEntries = 4096, DirectorySlots = 32, TableSlots = 128;

    private readonly Page?[] directory = new Page?[DirectorySlots], tables = new Page?[TableSlots];
    private long holeStart, holeEnd;

    /// <summary>What is at the place of a table.</summary>
    internal enum Content
    {
        /// <summary>Entries.</summary>
        Present,

        /// <summary>There is none, or the host stores nothing for it: all entries are 0.</summary>
        Hole,

        /// <summary>Its directory entry is damaged.</summary>
        Lost,

        /// <summary>The host cannot read it, or its directory entry.</summary>
        Unreadable,
    }

    /// <summary>The entries of a table. They live until the next call.</summary>
    internal Content Find(long tableIndex, out ReadOnlySpan<ulong> entries)
    {
        entries = default;
        if (!TryDirectoryFrom(tableIndex, out ReadOnlySpan<ulong> directoryEntries))
        {
            return Content.Unreadable;
        }
        if (directoryEntries[0] == 0) { return Content.Hole; }
        long offset = TableOffset(directoryEntries[0]);
        if (offset < 0) { return Content.Lost; }
        if (LiesInHostHole(offset)) { return Content.Hole; }
        ref Page? page = ref tables[tableIndex % TableSlots];
        page ??= new Page(SeSparseLayout.TableEntries);
        if (page.Index != tableIndex)
        {
            Content content = Load(page, tableIndex, offset);
            if (content != Content.Present) { return content; }
        }
        entries = page.Entries;
        return Content.Present;
    }

    /// <summary>
    /// Directory entries from one on, as far as a page reaches. False when the host cannot read them.
    /// </summary>
    internal bool TryDirectoryFrom(long tableIndex, out ReadOnlySpan<ulong> entries)
    {
        entries = default;
        long pageIndex = tableIndex / DirectoryPageEntries;
        ref Page? page = ref directory[pageIndex % DirectorySlots];
        page ??= new Page(DirectoryPageEntries);
        long first = pageIndex * DirectoryPageEntries;
        int count = (int)Math.Min(DirectoryPageEntries, layout.TableCount - first);
        if (page.Index != pageIndex
            && !TryRead(page, pageIndex, layout.DirectoryOffset + (first * sizeof(ulong)), count))
        {
            return false;
        }
        entries = page.Entries.AsSpan((int)(tableIndex - first), count - (int)(tableIndex - first));
        return true;
    }

    /// <summary>
    /// True when a directory entry is known to name a table of which the host stores nothing, or none.
    /// </summary>
    internal bool IsKnownHole(ulong directoryEntry) =>
        directoryEntry == 0 || (TableOffset(directoryEntry) is >= 0 and var offset && LiesInHostHole(offset));

    private long TableOffset(ulong directoryEntry)
    {
        long number = SeSparseEntry.TableNumber(directoryEntry);
        if (number == SeSparseEntry.None) { return -1; }
        long offset = layout.TablesOffset + (number * SeSparseLayout.TableBytes);
        return offset + SeSparseLayout.TableBytes <= fileLength ? offset : -1;
    }

    private bool LiesInHostHole(long offset) => offset >= holeStart
        && offset + SeSparseLayout.TableBytes <= holeEnd;

    private Content Load(Page page, long tableIndex, long offset)
    {
        try
        {
            long dataOffset = file.NextData(offset);
            if (dataOffset >= offset + SeSparseLayout.TableBytes)
            {
                (holeStart, holeEnd) = (offset, dataOffset);
                return Content.Hole;
            }
        }
        catch (BlockException error) when (error.Kind == BlockErrorKind.Io)
        {
            return TryRead(page, tableIndex, offset, SeSparseLayout.TableEntries) ? Content.Present
                : Content.Unreadable;
        }
        return TryRead(page, tableIndex, offset, SeSparseLayout.TableEntries) ? Content.Present
            : Content.Unreadable;
    }

    private bool TryRead(Page page, long index, long offset, int count)
    {
        page.Index = -1;
        Span<ulong> entries = page.Entries.AsSpan(0, count);
        try
        {
            file.Read(offset, MemoryMarshal.AsBytes(entries));
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.Io or BlockErrorKind.OutOfRange)
        {
            return false;
        }
        if (!BitConverter.IsLittleEndian) { BinaryPrimitives.ReverseEndianness(entries, entries); }
        page.Index = index;
        return true;
    }

    private sealed class Page(int entryCount)
    {
        internal ulong[] Entries { get; } = new ulong[entryCount];

        internal long Index { get; set; } = -1;
    }
}
