namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// The last decompressed grains, so that small reads do not decompress a grain again and again. A fixed
/// number of slots, each with its own lock: threads wait only for one another's grain, or for a slot they
/// share by chance.
/// </summary>
internal sealed class GrainCache
{
    private const int MemoryBytes = 2 << 20, MaxSlots = 32;
    private readonly Slot[] slots;
    private readonly int grainBytes;

    public GrainCache(int grainBytes)
    {
        this.grainBytes = grainBytes;
        slots = new Slot[Math.Min(MaxSlots, Math.Max(2, MemoryBytes / grainBytes))];
        for (int index = 0; index < slots.Length; index++) { slots[index] = new Slot(); }
    }

    /// <summary>Copies part of a grain, decompressing it first when it is not here.</summary>
    public void Read(
        GrainInflaterPool inflaters, long grainIndex, uint markerSector, int offsetInGrain, Span<byte> target)
    {
        Slot slot = SlotOf(grainIndex);
        lock (slot.Gate)
        {
            if (slot.GrainIndex != grainIndex)
            {
                slot.GrainIndex = -1;
                slot.Bytes ??= new byte[grainBytes];
                inflaters.Inflate(grainIndex, markerSector, slot.Bytes);
                slot.GrainIndex = grainIndex;
            }
            slot.Bytes.AsSpan(offsetInGrain, target.Length).CopyTo(target);
        }
    }

    /// <summary>Copies the beginning of a grain if it is here and its slot is free at once.</summary>
    public bool TryRead(long grainIndex, Span<byte> target)
    {
        Slot slot = SlotOf(grainIndex);
        if (Volatile.Read(ref slot.GrainIndex) != grainIndex || !slot.Gate.TryEnter()) { return false; }
        try
        {
            if (slot.GrainIndex != grainIndex) { return false; }
            slot.Bytes.AsSpan(0, target.Length).CopyTo(target);
            return true;
        }
        finally
        {
            slot.Gate.Exit();
        }
    }

    /// <summary>
    /// Scattered, so that threads working a fixed distance apart do not meet in every slot.
    /// </summary>
    private Slot SlotOf(long grainIndex) =>
        slots[(uint)(((ulong)grainIndex * 0x9E3779B97F4A7C15) >> 40) % (uint)slots.Length];

    private sealed class Slot
    {
        public readonly Lock Gate = new();
        public long GrainIndex = -1;
        public byte[]? Bytes;
    }
}
