using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// A change of bytes in place, with what was there: enough to show it, to do it and to take it back.
/// </summary>
/// <param name="OffsetBytes">Where in the file.</param>
/// <param name="Old">What is there; shorter than <paramref name="New"/> where the file ends before.</param>
/// <param name="New">What goes there.</param>
public sealed record ByteChange(long OffsetBytes, ReadOnlyMemory<byte> Old, ReadOnlyMemory<byte> New)
{
    /// <summary>
    /// Cuts a write into the sectors that differ from what is there. Hosts write whole sectors or none, so
    /// after a cut each one of them is old or new.
    /// </summary>
    internal static IEnumerable<ByteChange> Between(HostFile file, long offset, ReadOnlyMemory<byte> bytes)
    {
        long fileLength = file.Length;
        for (int start = 0; start < bytes.Length;)
        {
            long at = offset + start;
            int count = (int)Math.Min(Sector.Bytes - (at % Sector.Bytes), bytes.Length - start);
            byte[] old = new byte[Math.Clamp(fileLength - at, 0, count)];
            file.Read(at, old);
            if (!bytes.Span.Slice(start, count).SequenceEqual(old))
            {
                yield return new ByteChange(at, old, bytes.Slice(start, count));
            }
            start += count;
        }
    }

    /// <summary>
    /// The changes that put a text into the descriptor area of an extent, NUL behind it, later sectors first:
    /// until the first one is written the text begins as it did.
    /// </summary>
    internal static IReadOnlyList<ByteChange> ForEmbedded(HostFile file, DescriptorPlace place,
        ReadOnlySpan<byte> text)
    {
        if (text.Length > place.AreaBytes)
        {
            throw new BlockException(BlockErrorKind.NoSpace, file.Path, place.OffsetBytes,
                $"the descriptor has {text.Length} bytes, and its area only {place.AreaBytes}");
        }
        byte[] area = new byte[place.AreaBytes!.Value];
        text.CopyTo(area);
        return [.. Between(file, place.OffsetBytes, area).Reverse()];
    }
}
