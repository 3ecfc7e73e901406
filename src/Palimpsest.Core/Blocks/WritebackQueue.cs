using System.Collections.Concurrent;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// Asks the host, from a thread of its own, to begin writing out what a copy has finished, so that the flush
/// at the end finds little left to do. Without it a large copy takes as long again to become durable.
/// </summary>
internal sealed class WritebackQueue : IDisposable
{
    private const int Capacity = 256;
    private const long StrideBytes = 64 << 20;
    private readonly BlockingCollection<HostRange> ranges = new(Capacity);
    private readonly Thread thread;

    public WritebackQueue()
    {
        thread = new Thread(Run, maxStackSize: 128 * 1024) { IsBackground = true };
        thread.Start();
    }

    /// <summary>Adds a range; when the host is behind, it is left to the final flush.</summary>
    public void Add(HostRange range) => ranges.TryAdd(range);

    /// <summary>Stops after the request under way; what is still queued is left to the final flush.</summary>
    public void Dispose()
    {
        while (ranges.TryTake(out _))
        {
        }
        ranges.CompleteAdding();
        thread.Join();
        ranges.Dispose();
    }

    private void Run()
    {
        HostRange pending = default;
        foreach (HostRange range in ranges.GetConsumingEnumerable())
        {
            bool continues = ReferenceEquals(pending.File, range.File)
                && pending.HostOffset + pending.LengthBytes == range.HostOffset;
            pending = continues
                ? pending with { LengthBytes = pending.LengthBytes + range.LengthBytes } : range;
            if (pending.LengthBytes < StrideBytes) { continue; }
            pending.File.StartWriteback(pending.HostOffset, pending.LengthBytes);
            pending = default;
        }
    }
}
