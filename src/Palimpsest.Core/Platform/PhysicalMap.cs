using System.Runtime.InteropServices;

namespace Palimpsest.Core.Platform;

/// <summary>What the host says about a physical extent. Numbers are those of Linux's FIEMAP.</summary>
[Flags]
public enum PhysicalFlags : uint
{
    /// <summary>Plain.</summary>
    None = 0,

    /// <summary>The last extent of the file.</summary>
    Last = 0x1,

    /// <summary>Where it lies is not known.</summary>
    LocationUnknown = 0x2,

    /// <summary>In memory still; it will get a place when it is written back.</summary>
    Delayed = 0x4,

    /// <summary>Compressed or encrypted: the device's bytes are not the file's.</summary>
    Encoded = 0x8,

    /// <summary>Encrypted.</summary>
    Encrypted = 0x80,

    /// <summary>Does not begin or end at a block.</summary>
    NotAligned = 0x100,

    /// <summary>Lies inside metadata.</summary>
    Inline = 0x200,

    /// <summary>Packed with the tails of other files.</summary>
    Tail = 0x400,

    /// <summary>Allocated, never written: reads as zeros by the host's promise.</summary>
    Unwritten = 0x800,

    /// <summary>Several blocks told as one by a host without extents.</summary>
    Merged = 0x1000,

    /// <summary>Shared with another file or snapshot (a reflink).</summary>
    Shared = 0x2000,
}

/// <summary>One piece of a file on its host's device.</summary>
/// <param name="FileOffset">Where in the file, in bytes.</param>
/// <param name="DeviceOffset">Where on the device, in bytes; meaningless for delayed or unknown ones.</param>
/// <param name="LengthBytes">How long.</param>
/// <param name="Flags">What the host says about it.</param>
public readonly record struct PhysicalExtent(long FileOffset, long DeviceOffset, long LengthBytes,
    PhysicalFlags Flags);

/// <summary>
/// Where a file lies on its host's device: totals, and the first extents one by one (FIEMAP).
/// </summary>
public sealed unsafe record PhysicalMap
{
    /// <summary>At most this many extents are listed.</summary>
    public const int ListLimit = 256;

    private const int BatchCount = 256, CountLimit = 1 << 18, SeekLimit = 1 << 18;

    /// <summary>Number of extents.</summary>
    public int Count { get; private set; }

    /// <summary>The first extents in file order.</summary>
    public IReadOnlyList<PhysicalExtent> First { get; private set; } = [];

    /// <summary>Bytes of the file in extents. Blocks beyond the end of the file are not counted.</summary>
    public long MappedBytes { get; private set; }

    /// <summary>Of these, bytes in unwritten extents.</summary>
    public long UnwrittenBytes { get; private set; }

    /// <summary>Of these, bytes shared with other files.</summary>
    public long SharedBytes { get; private set; }

    /// <summary>Of these, bytes compressed or encrypted by the host.</summary>
    public long EncodedBytes { get; private set; }

    /// <summary>
    /// Bytes in unwritten extents for which nothing waits in memory to be written either: these read as
    /// zeros.
    /// </summary>
    public long PromisedZeroBytes { get; private set; }

    /// <summary>False when the file is in so many pieces that counting stopped.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The map of <paramref name="file"/>; null when its host has none.</summary>
    internal static PhysicalMap? Of(HostFile file)
    {
        if (file.Handle is null) { return null; }
        var map = new PhysicalMap();
        return map.TryFill(file) ? map : null;
    }

    // Without FIEMAP_FLAG_SYNC: looking must not make the host write back a busy disk.
    private bool TryFill(HostFile file)
    {
        long length = file.Length, position = 0;
        var first = new List<PhysicalExtent>();
        First = first;
        int size = sizeof(Posix.ExtentMapRequest) + (BatchCount * sizeof(Posix.ExtentMapEntry));
        byte[] buffer = new byte[size];
        int seeksLeft = SeekLimit;
        fixed (byte* start = buffer)
        {
            var request = (Posix.ExtentMapRequest*)start;
            var entries = (Posix.ExtentMapEntry*)(start + sizeof(Posix.ExtentMapRequest));
            while (position < length && Count < CountLimit)
            {
                *request = new Posix.ExtentMapRequest
                {
                    Start = (ulong)position, Length = (ulong)(length - position), ExtentCount = BatchCount,
                };
                if (Posix.IoControl(file.Handle!, Posix.FileExtentMap, request) != 0)
                {
                    // Said no at the beginning: the host has no map. Later: what there is must not pass for
                    // everything.
                    if (Marshal.GetLastPInvokeError() == Posix.EIntr) { continue; }
                    return Count > 0;
                }
                int count = (int)Math.Min(request->MappedExtents, BatchCount);
                long before = position;
                for (int i = 0; i < count; i++)
                {
                    PhysicalExtent extent = Take(entries[i], length);
                    if (extent.LengthBytes == 0) { continue; }
                    Add(extent, first, file, ref seeksLeft);
                    position = Math.Max(position, extent.FileOffset + extent.LengthBytes);
                }
                bool isLast = count < BatchCount
                    || ((PhysicalFlags)entries[count - 1].Flags).HasFlag(PhysicalFlags.Last);
                if (isLast) { position = length; }
                if (position == before) { break; }
            }
        }
        IsComplete = position >= length && seeksLeft > 0;
        return true;
    }

    // Cut to the file's length: hosts may allocate blocks behind the end.
    private static PhysicalExtent Take(in Posix.ExtentMapEntry entry, long fileLength)
    {
        if (entry.Logical >= (ulong)fileLength) { return default; }
        long offset = (long)entry.Logical;
        long length = (long)Math.Min(entry.Length, (ulong)(fileLength - offset));
        return new PhysicalExtent(offset, unchecked((long)entry.Physical), length,
            (PhysicalFlags)entry.Flags);
    }

    private void Add(in PhysicalExtent extent, List<PhysicalExtent> first, HostFile file, ref int seeksLeft)
    {
        Count++;
        if (first.Count < ListLimit) { first.Add(extent); }
        MappedBytes += extent.LengthBytes;
        if (extent.Flags.HasFlag(PhysicalFlags.Shared)) { SharedBytes += extent.LengthBytes; }
        if ((extent.Flags & (PhysicalFlags.Encoded | PhysicalFlags.Encrypted)) != 0)
        {
            EncodedBytes += extent.LengthBytes;
        }
        if (!extent.Flags.HasFlag(PhysicalFlags.Unwritten)) { return; }
        UnwrittenBytes += extent.LengthBytes;

        // Bytes in memory that were not written back yet still lie in an unwritten extent, and are no promise
        // of zeros.
        long offset = extent.FileOffset, end = offset + extent.LengthBytes;
        while (offset < end && seeksLeft-- > 0)
        {
            long data = Math.Clamp(file.NextData(offset), offset, end);
            PromisedZeroBytes += data - offset;
            offset = data < end ? Math.Clamp(file.NextHole(data), data + 1, end) : end;
        }
    }
}
