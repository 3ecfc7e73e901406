using Palimpsest.Core.Blocks;
using Xunit;

namespace Palimpsest.Tests.Simulation;

/// <summary>
/// What every sector of a disk may hold after a power cut: its value at the last flush that had returned, or
/// any value written to it since. Only whole sectors are written, which the disks under real hosts keep whole
/// too.
/// </summary>
internal sealed class SectorHistory(byte[] initial, HostJournal journal)
{
    private const int SectorBytes = 512;
    private readonly byte[] current = (byte[])initial.Clone();
    private readonly List<Change> changes = [];
    private readonly List<(int JournalCount, int ChangeCount)> flushes = [(0, 0)];

    /// <summary>Says that a change is about to be made; <paramref name="bytes"/> are whole sectors.</summary>
    internal void Begin(long offset, byte[] bytes)
    {
        changes.Add(new Change(journal.Count, offset, bytes));
        bytes.CopyTo(current, offset);
    }

    /// <summary>Says that a flush returned.</summary>
    internal void Flushed() => flushes.Add((journal.Count, changes.Count));

    /// <summary>
    /// Fails unless every sector holds one of the values it may hold after a cut at this place.
    /// </summary>
    internal void AssertAllowed(IBlockReader reader, int cut, string what)
    {
        int flushedChanges = flushes.Last(flush => flush.JournalCount <= cut).ChangeCount;
        byte[] certain = (byte[])initial.Clone();
        foreach (Change change in changes.Take(flushedChanges))
        {
            change.Bytes.CopyTo(certain, change.Offset);
        }
        Change[] pending = [.. changes.Skip(flushedChanges).Where(change => change.JournalCount <= cut)];
        byte[] found = new byte[reader.Length];
        reader.Read(0, found);
        for (int offset = 0; offset < found.Length; offset += SectorBytes)
        {
            ReadOnlySpan<byte> sector = found.AsSpan(offset, SectorBytes);
            if (sector.SequenceEqual(certain.AsSpan(offset, SectorBytes))) { continue; }
            if (!IsAmong(pending, offset, sector))
            {
                Assert.Fail($"{what}: sector {offset / SectorBytes} holds neither old nor new");
            }
        }
    }

    /// <summary>True when the reader shows what was there at the beginning.</summary>
    internal bool IsInitial(IBlockReader reader)
    {
        byte[] found = new byte[reader.Length];
        reader.Read(0, found);
        return found.AsSpan().SequenceEqual(initial);
    }

    private static bool IsAmong(Change[] pending, int offset, ReadOnlySpan<byte> sector)
    {
        foreach (Change change in pending)
        {
            long inside = offset - change.Offset;
            if (inside >= 0 && inside < change.Bytes.Length
                && sector.SequenceEqual(change.Bytes.AsSpan((int)inside, SectorBytes)))
            {
                return true;
            }
        }
        return false;
    }

    private sealed record Change(int JournalCount, long Offset, byte[] Bytes);
}
