using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>
/// One copy of a grain directory, read in pages when it is asked for, in fixed memory: a directory of a 62
/// TiB disk is 8 MiB. What the host cannot read is <see cref="Unusable"/>, so that the other copy can answer.
/// Not thread-safe: its owner holds a lock.
/// </summary>
internal sealed class GrainDirectory(HostFile file, long directoryOffset, long tableCount)
{
    /// <summary>
    /// An entry that cannot be had. No table can lie there: it would end past the last sector number.
    /// </summary>
    internal const uint Unusable = uint.MaxValue;

    private const int PageEntries = 4096, SlotCount = 64;

    private readonly Page?[] slots = new Page?[SlotCount];
    private bool hasFailures;

    /// <summary>The sector the entry names.</summary>
    internal uint this[long tableIndex] => PageOf(tableIndex).Entries[tableIndex % PageEntries];

    /// <summary>Why the host could not read the entry the last time, or null when it did.</summary>
    internal BlockException? FailureAt(long tableIndex) => PageOf(tableIndex).Failure;

    /// <summary>Forgets what the host could not read, so that it is asked again.</summary>
    internal void ForgetFailures()
    {
        if (!hasFailures) { return; }
        hasFailures = false;
        foreach (Page? page in slots)
        {
            if (page?.Failure is not null) { (page.Index, page.Failure) = (-1, null); }
        }
    }

    /// <summary>Byte offset in the file of an entry.</summary>
    internal long EntryOffset(long tableIndex) => directoryOffset + (tableIndex * GrainGeometry.EntryBytes);

    /// <summary>The entries from one on, as far as its page reaches: at least 1.</summary>
    internal ReadOnlySpan<uint> EntriesFrom(long tableIndex)
    {
        int start = (int)(tableIndex % PageEntries);
        int count = (int)Math.Min(PageEntries - start, tableCount - tableIndex);
        return PageOf(tableIndex).Entries.AsSpan(start, count);
    }

    /// <summary>Writes one entry to the file and remembers it.</summary>
    internal void Write(long tableIndex, uint sector)
    {
        GrainEntries.Write(file, EntryOffset(tableIndex), [sector]);
        PageOf(tableIndex).Entries[tableIndex % PageEntries] = sector;
    }

    private Page PageOf(long tableIndex)
    {
        long pageIndex = tableIndex / PageEntries;
        ref Page? page = ref slots[pageIndex % SlotCount];
        page ??= new Page();
        if (page.Index == pageIndex) { return page; }
        (page.Index, page.Failure) = (-1, null);
        long firstTable = pageIndex * PageEntries;
        Span<uint> entries = page.Entries.AsSpan(0, (int)Math.Min(PageEntries, tableCount - firstTable));
        try
        {
            GrainEntries.Read(file, EntryOffset(firstTable), entries);
        }
        catch (BlockException error) when (error.Kind is BlockErrorKind.Io or BlockErrorKind.OutOfRange)
        {
            entries.Fill(Unusable);
            if (error.Kind == BlockErrorKind.Io)
            {
                page.Failure = error;
                hasFailures = true;
            }
        }
        page.Index = pageIndex;
        return page;
    }

    private sealed class Page
    {
        internal uint[] Entries { get; } = new uint[PageEntries];

        internal long Index { get; set; } = -1;

        internal BlockException? Failure { get; set; }
    }
}
