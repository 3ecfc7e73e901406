using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.SeSparse;

/// <summary>
/// Reads a seSparse extent that was closed. Owns its file; thread-safe. There is no writer: how the journal,
/// the free bitmap and the back map are kept is not published.
/// </summary>
public sealed class SeSparseReader : ISparseLayer
{
    // Bounds of one GetRun: see GrainMap.
    private const int MaxHoleTables = 16384, MaxStepsPerRun = 64;

    private readonly Lock sync = new();
    private readonly HostFile file;
    private readonly long fileLength;
    private readonly SeSparseTables tables;

    private SeSparseReader(HostFile file, SeSparseLayout layout)
    {
        this.file = file;
        Layout = layout;
        fileLength = file.Length;
        tables = new SeSparseTables(file, layout, fileLength);
    }

    /// <summary>What the headers say.</summary>
    public SeSparseLayout Layout { get; }

    /// <inheritdoc/>
    public long Length => Layout.CapacityBytes;

    /// <inheritdoc/>
    public int GrainBytes => SeSparseLayout.GrainBytes;

    /// <summary>
    /// Opens an extent and takes the file over; <see cref="SeSparseCheck"/> looks at its tables.
    /// </summary>
    /// <exception cref="ImageException">The bytes cannot be understood. The file stays the
    /// caller's.</exception>
    public static SeSparseReader Open(HostFile file, FindingList findings)
    {
        SeSparseLayout? layout = SeSparseLayout.Load(file, findings);
        findings.ThrowIfRefused();
        return new SeSparseReader(file, layout!);
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target.Length, Length - offset);
        while (!target.IsEmpty)
        {
            BlockRun run = GetRun(offset, target.Length);
            Span<byte> part = target[..(int)run.LengthBytes];
            switch (run.Kind)
            {
                case RunKind.Data: file.Read(run.HostOffset, part); break;
                case RunKind.Unreadable:
                    throw new BlockException(BlockErrorKind.Corrupt, file.Path, null,
                        $"the grain tables name no sound place in the file for byte {offset} of the extent; "
                        + "run 'vmdk check' on it");
                default: part.Clear(); break;
            }
            offset += part.Length;
            target = target[part.Length..];
        }
    }

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        lock (sync)
        {
            BlockRun run = RunAt(offset, length);
            for (int step = 1; step < MaxStepsPerRun; step++)
            {
                long nextOffset = offset + run.LengthBytes;
                if (run.LengthBytes == length || nextOffset % SeSparseLayout.TableCoverBytes != 0) { break; }
                BlockRun next = RunAt(nextOffset, length - run.LengthBytes);
                if (!run.Continues(next)) { break; }
                run = run with { LengthBytes = run.LengthBytes + next.LengthBytes };
            }
            return run;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private BlockRun RunAt(long offset, long length)
    {
        long tableIndex = offset / SeSparseLayout.TableCoverBytes;
        long tableStart = tableIndex * SeSparseLayout.TableCoverBytes;
        SeSparseTables.Content content = tables.Find(tableIndex, out ReadOnlySpan<ulong> entries);
        if (content == SeSparseTables.Content.Hole)
        {
            long count = CountHoleTables(tableIndex,
                ((offset - tableStart + length - 1) / SeSparseLayout.TableCoverBytes) + 1);
            long holeEnd = tableStart + (count * SeSparseLayout.TableCoverBytes);
            return new BlockRun(Math.Min(holeEnd - offset, length), RunKind.Hole);
        }
        long end = Math.Min(tableStart + SeSparseLayout.TableCoverBytes, offset + length);
        if (content != SeSparseTables.Content.Present)
        {
            return new BlockRun(end - offset, RunKind.Unreadable);
        }

        int first = (int)((offset - tableStart) / SeSparseLayout.GrainBytes);
        int last = (int)((end - 1 - tableStart) / SeSparseLayout.GrainBytes);
        entries = entries.Slice(first, last - first + 1);
        SeSparseEntry.Kind kind = SeSparseEntry.KindOf(entries[0]);
        long grain = kind == SeSparseEntry.Kind.Data ? SeSparseEntry.GrainNumber(entries[0]) : 0;
        int equal = CountEqual(entries, kind, grain);
        long firstStart = tableStart + ((long)first * SeSparseLayout.GrainBytes);
        end = Math.Min(end, firstStart + ((long)equal * SeSparseLayout.GrainBytes));
        return kind switch
        {
            SeSparseEntry.Kind.Hole => new BlockRun(end - offset, RunKind.Hole),
            SeSparseEntry.Kind.Zero => new BlockRun(end - offset, RunKind.Zero),
            SeSparseEntry.Kind.Data => DataRun(grain, offset - firstStart, end - offset),
            _ => new BlockRun(end - offset, RunKind.Unreadable),
        };
    }

    private BlockRun DataRun(long grain, long inRun, long lengthBytes)
    {
        // The number has 60 bits; what lies past any file is not multiplied.
        if (grain > fileLength / SeSparseLayout.GrainBytes)
        {
            return new BlockRun(lengthBytes, RunKind.Unreadable);
        }
        long hostOffset = Layout.GrainsOffset + (grain * SeSparseLayout.GrainBytes) + inRun;
        return hostOffset >= fileLength
            ? new BlockRun(lengthBytes, RunKind.Unreadable)
            : new BlockRun(Math.Min(lengthBytes, fileLength - hostOffset), RunKind.Data, 0, file, hostOffset);
    }

    private static int CountEqual(ReadOnlySpan<ulong> entries, SeSparseEntry.Kind kind, long grain)
    {
        if (kind == SeSparseEntry.Kind.Hole)
        {
            int other = entries.IndexOfAnyExcept(0UL);
            return other < 0 ? entries.Length : other;
        }
        int count = 1;
        while (count < entries.Length && SeSparseEntry.KindOf(entries[count]) == kind
            && (kind != SeSparseEntry.Kind.Data
                || SeSparseEntry.GrainNumber(entries[count]) == grain + count))
        {
            count++;
        }
        return count;
    }

    // The first table is known to be one.
    private long CountHoleTables(long tableIndex, long wanted)
    {
        long limit = Math.Min(Math.Min(wanted, MaxHoleTables), Layout.TableCount - tableIndex);
        long count = 1;
        while (count < limit && tables.TryDirectoryFrom(tableIndex + count, out ReadOnlySpan<ulong> entries))
        {
            foreach (ulong entry in entries)
            {
                if (!tables.IsKnownHole(entry)) { return count; }
                if (++count == limit) { break; }
            }
        }
        return count;
    }
}
