using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk;

/// <summary>Arrays of little-endian 32-bit sector numbers: how they are read, written and scanned.</summary>
internal static class GrainEntries
{
    /// <summary>
    /// Fills <paramref name="target"/> from byte <paramref name="hostOffset"/> of the file.
    /// </summary>
    internal static void Read(HostFile file, long hostOffset, Span<uint> target)
    {
        file.Read(hostOffset, MemoryMarshal.AsBytes(target));
        if (!BitConverter.IsLittleEndian) { BinaryPrimitives.ReverseEndianness(target, target); }
    }

    /// <summary>
    /// Writes <paramref name="entries"/> at byte <paramref name="hostOffset"/> of the file.
    /// </summary>
    internal static void Write(HostFile file, long hostOffset, ReadOnlySpan<uint> entries)
    {
        if (BitConverter.IsLittleEndian)
        {
            file.Write(hostOffset, MemoryMarshal.AsBytes(entries));
            return;
        }
        uint[] swapped = new uint[entries.Length];
        BinaryPrimitives.ReverseEndianness(entries, swapped);
        file.Write(hostOffset, MemoryMarshal.AsBytes<uint>(swapped));
    }

    /// <summary>
    /// How many entries from the first on name grains that follow each other in the file: at least 1.
    /// </summary>
    internal static int ContiguousCount(ReadOnlySpan<uint> entries, uint grainSectors)
    {
        uint first = entries[0];

        // A progression that wrapped past 32 bits would join grains that do not follow each other.
        long count = Math.Min(entries.Length, ((uint.MaxValue - first) / grainSectors) + 1L);
        ref uint start = ref MemoryMarshal.GetReference(entries);
        int index = 1;
        if (count > Vector256<uint>.Count)
        {
            Vector256<uint> step = Vector256.Create(grainSectors);
            Vector256<uint> expected =
                Vector256.Create(first) + (step * (Vector256<uint>.Indices + Vector256<uint>.One));
            Vector256<uint> stride = step * (uint)Vector256<uint>.Count;
            while (index + Vector256<uint>.Count <= count
                && Vector256.LoadUnsafe(ref start, (nuint)index) == expected)
            {
                expected += stride;
                index += Vector256<uint>.Count;
            }
        }
        while (index < count && entries[index] == first + ((uint)index * grainSectors)) { index++; }
        return index;
    }
}
