using System.IO.Hashing;

namespace Palimpsest.Tests.Simulation;

/// <summary>
/// The bytes of a simulated file: pages that exist, and holes. Not thread-safe; the file that shows it locks.
/// </summary>
internal sealed class SimulatedContent
{
    internal const int PageBytes = 4096;
    private readonly Dictionary<long, byte[]> pages = [];

    // Bytes borrowed from whoever made the file, until the first change copies them.
    private byte[]? borrowed;

    internal SimulatedContent(byte[]? bytes = null)
    {
        borrowed = bytes;
        Length = bytes?.Length ?? 0;
    }

    internal long Length { get; private set; }

    /// <summary>True when nobody may write to the file; files that are open already are not concerned.</summary>
    internal bool IsReadOnly { get; set; }

    internal long AllocatedBytes => borrowed?.Length ?? (pages.Count * (long)PageBytes);

    internal SimulatedContent Clone()
    {
        // The borrowed bytes stay shared: whoever changes them copies them first.
        var copy = new SimulatedContent { Length = Length, borrowed = borrowed, IsReadOnly = IsReadOnly };
        foreach ((long index, byte[] page) in pages) { copy.pages.Add(index, (byte[])page.Clone()); }
        return copy;
    }

    internal void Read(long offset, Span<byte> target)
    {
        if (borrowed is not null)
        {
            borrowed.AsSpan((int)offset, target.Length).CopyTo(target);
            return;
        }
        while (target.Length > 0)
        {
            int inPage = (int)(offset % PageBytes), count = Math.Min(target.Length, PageBytes - inPage);
            if (pages.TryGetValue(offset / PageBytes, out byte[]? page))
            {
                page.AsSpan(inPage, count).CopyTo(target);
            }
            else { target[..count].Clear(); }
            target = target[count..];
            offset += count;
        }
    }

    internal void Write(long offset, ReadOnlySpan<byte> source)
    {
        Own();
        Length = Math.Max(Length, offset + source.Length);
        while (source.Length > 0)
        {
            int inPage = (int)(offset % PageBytes), count = Math.Min(source.Length, PageBytes - inPage);
            source[..count].CopyTo(PageAt(offset / PageBytes).AsSpan(inPage));
            source = source[count..];
            offset += count;
        }
    }

    /// <summary>Adds bytes and permission to a hash; a hole and zeros count alike.</summary>
    internal void AddTo(XxHash128 hash)
    {
        hash.Append(BitConverter.GetBytes(IsReadOnly ? ~Length : Length));
        if (borrowed is not null)
        {
            for (int offset = 0; offset < borrowed.Length; offset += PageBytes)
            {
                AddPage(hash, offset / PageBytes, borrowed.AsSpan(offset, Math.Min(PageBytes, borrowed.Length - offset)));
            }
            return;
        }
        foreach (long index in pages.Keys.Order())
        {
            AddPage(hash, index, pages[index].AsSpan(0, (int)Math.Min(PageBytes, Length - (index * PageBytes))));
        }
    }

    private static void AddPage(XxHash128 hash, long index, ReadOnlySpan<byte> page)
    {
        if (page.IndexOfAnyExcept((byte)0) < 0) { return; }
        hash.Append(BitConverter.GetBytes(index));
        hash.Append(page);
    }

    internal void SetLength(long length)
    {
        Own();
        if (length < Length) { Clear(length, Length - length, isPunch: true); }
        Length = length;
    }

    /// <summary>
    /// Zeros within the file's length; a punch gives whole pages back, zeroing keeps or makes them.
    /// </summary>
    internal void Clear(long offset, long length, bool isPunch)
    {
        Own();
        long end = Math.Min(offset + length, Length);
        while (offset < end)
        {
            long index = offset / PageBytes;
            int inPage = (int)(offset % PageBytes), count = (int)Math.Min(end - offset, PageBytes - inPage);
            bool isWhole = inPage == 0 && (count == PageBytes || offset + count == Length);
            if (isPunch && isWhole) { pages.Remove(index); }
            else if (!isPunch) { PageAt(index).AsSpan(inPage, count).Clear(); }
            else if (pages.TryGetValue(index, out byte[]? page)) { page.AsSpan(inPage, count).Clear(); }
            offset += count;
        }
    }

    internal long NextData(long offset)
    {
        if (borrowed is not null || offset >= Length) { return Math.Min(offset, Length); }
        if (pages.ContainsKey(offset / PageBytes)) { return offset; }
        long next = long.MaxValue / PageBytes;
        foreach (long index in pages.Keys)
        {
            if (index > offset / PageBytes && index < next) { next = index; }
        }
        return Math.Min(next * PageBytes, Length);
    }

    internal long NextHole(long offset)
    {
        if (borrowed is not null || offset >= Length) { return Length; }
        long index = offset / PageBytes;
        while (pages.ContainsKey(index)) { index++; }
        return Math.Min(Math.Max(offset, index * PageBytes), Length);
    }

    private byte[] PageAt(long index)
    {
        if (!pages.TryGetValue(index, out byte[]? page)) { pages.Add(index, page = new byte[PageBytes]); }
        return page;
    }

    private void Own()
    {
        if (borrowed is not { } bytes) { return; }
        borrowed = null;
        Length = 0;
        Write(0, bytes);
    }
}
