using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>What a check went through.</summary>
/// <param name="GrainCount">Stored grains that the index knows.</param>
/// <param name="DamagedGrainCount">Those of them that do not decompress to what they should.</param>
/// <param name="UnreadableBytes">Bytes of the disk that cannot be had: damaged, cut off, or lost.</param>
public readonly record struct StreamCheckResult(
    long GrainCount, long DamagedGrainCount, long UnreadableBytes);

/// <summary>
/// Checks a stream to the last byte: decompresses every grain (marker, size, length, checksum), and compares
/// the grain tables with the markers in the file.
/// </summary>
public static class StreamOptimizedCheck
{
    /// <summary>
    /// Runs the check on every core. <paramref name="file"/> stays the caller's. Damage becomes findings; an
    /// <see cref="ImageException"/> means that the file is not opened at all. <paramref name="progress"/> is
    /// called with the bytes of the disk given out to be checked, ascending, from one thread at a time.
    /// </summary>
    public static StreamCheckResult Run(HostFile file, FindingList findings, Action<long>? progress = null,
        CancellationToken cancellation = default)
    {
        using StreamOptimizedReader reader =
            StreamOptimizedReader.Open(file, findings, ownsFile: false, cancellation);
        var walk = new Walk(reader, file.Path, file.Length / Sector.Bytes, progress);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Math.Min(Environment.ProcessorCount, 16),
            CancellationToken = cancellation,
        };
        Parallel.For(0, parallel.MaxDegreeOfParallelism, parallel, _ => walk.Work(cancellation));
        walk.AddTo(findings);
        if (!reader.IsSalvaged) { CompareWithMarkers(reader, file, findings, cancellation); }
        return walk.Result;
    }

    private static void CompareWithMarkers(
        StreamOptimizedReader reader, HostFile file, FindingList findings, CancellationToken cancellation)
    {
        StreamScan scan = StreamScanner.Run(file, reader.Shape, file.Length, cancellation);
        StreamScanFindings.AddStructural(scan, file.Path, findings);
        for (long index = 0; index < scan.Grains.Count; index++)
        {
            (long grainIndex, uint markerSector) = scan.Grains[index];
            GrainSpan known = reader.Map.Find(grainIndex, 1);
            string where = $"the grain at virtual byte {grainIndex * reader.GrainBytes}";
            long markerOffset = (long)markerSector * Sector.Bytes;
            if (known.State is GrainState.Hole or GrainState.Zero)
            {
                findings.Add(StreamFindings.OrphanGrain, file.Path,
                    $"{where} is stored here, but its table says {known.State}", markerOffset);
            }
            else if (known.State == GrainState.Stored && known.MarkerSector != markerSector)
            {
                findings.Add(StreamFindings.TableDisagrees, file.Path,
                    $"{where} has its marker at sector {markerSector}, but its table says "
                    + $"{known.MarkerSector}",
                    markerOffset);
            }
        }
    }

    /// <summary>The decompression of all grains, shared by the threads that do it.</summary>
    private sealed class Walk(
        StreamOptimizedReader reader, string path, long fileSectors, Action<long>? progress)
    {
        private const int BatchGrains = 32;
        private readonly Lock gate = new();
        private readonly List<(long GrainIndex, Finding Finding)> damage = [];
        private long nextGrain, storedCount, damagedCount, unreadableBytes;

        public StreamCheckResult Result => new(storedCount, damagedCount, unreadableBytes);

        public void Work(CancellationToken cancellation)
        {
            var content = new byte[reader.GrainBytes];
            while (TakeBatch(out long firstGrain, out long count))
            {
                for (long grainIndex = firstGrain; grainIndex < firstGrain + count; grainIndex++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    try
                    {
                        reader.InflateGrain(grainIndex, reader.Map.Find(grainIndex, 1).MarkerSector, content);
                    }
                    catch (BlockException error)
                    {
                        NoteDamaged(grainIndex, error);
                    }
                }
            }
        }

        /// <summary>
        /// Adds what was found: sums first, for the list is bounded; then in the order of the disk, whichever
        /// thread came first.
        /// </summary>
        public void AddTo(FindingList findings)
        {
            if (storedCount > fileSectors)
            {
                findings.Add(StreamFindings.TableDisagrees, path,
                    $"the grain tables name more grains than the {fileSectors} sectors of the file can hold; "
                    + $"the check ends at virtual byte {nextGrain * reader.GrainBytes}");
            }
            if (damagedCount > damage.Count)
            {
                findings.Add(StreamFindings.DamagedGrain, path,
                    $"{damagedCount} grains are damaged in all; not every one is listed");
            }
            damage.Sort(static (one, other) => one.GrainIndex.CompareTo(other.GrainIndex));
            foreach ((_, Finding finding) in damage) { findings.Add(finding); }
        }

        /// <summary>The next grains that are stored; what is not is stepped over and accounted for.</summary>
        private bool TakeBatch(out long firstGrain, out long count)
        {
            lock (gate)
            {
                // Each grain has a marker of its own: tables that name more of them than there are sectors
                // lie, and going through all they name would take as long as they please.
                while (nextGrain < reader.Shape.GrainCount && storedCount <= fileSectors)
                {
                    GrainSpan span = reader.Map.Find(nextGrain, reader.Shape.GrainCount - nextGrain);
                    count = span.State == GrainState.Stored ? Math.Min(span.Count, BatchGrains) : span.Count;
                    firstGrain = nextGrain;
                    nextGrain += count;
                    progress?.Invoke(Math.Min(reader.Length, nextGrain * reader.GrainBytes));
                    if (span.State == GrainState.Stored)
                    {
                        storedCount += count;
                        return true;
                    }
                    if (span.State == GrainState.Unreadable) { NoteUnreadable(firstGrain, count); }
                }
                (firstGrain, count) = (0, 0);
                return false;
            }
        }

        private void NoteUnreadable(long firstGrain, long count)
        {
            long start = firstGrain * reader.GrainBytes;
            long length = Math.Min(reader.Length, start + (count * reader.GrainBytes)) - start;
            unreadableBytes += length;

            // Of a salvaged stream the opening has told this already, with its cause.
            if (reader.IsSalvaged) { return; }
            Keep(firstGrain, new Finding(StreamFindings.DamagedGrain, path,
                $"{length} bytes from virtual byte {start} on are unreadable: "
                + reader.Map.UnreadableReason));
        }

        private void NoteDamaged(long grainIndex, BlockException error)
        {
            lock (gate)
            {
                damagedCount++;
                unreadableBytes += reader.Shape.GrainLength(grainIndex);
                Keep(grainIndex,
                    new Finding(StreamFindings.DamagedGrain, path, error.Message, error.OffsetBytes));
            }
        }

        private void Keep(long grainIndex, Finding finding)
        {
            if (damage.Count < FindingList.Limit) { damage.Add((grainIndex, finding)); }
        }
    }
}
