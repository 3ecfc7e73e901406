using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>What became of a range of a sealed disk.</summary>
public enum SealedRangeKind
{
    /// <summary>The content differs, and the files that hold it were written.</summary>
    Written,

    /// <summary>The content differs, and the files that hold it were not written.</summary>
    Rotten,

    /// <summary>It could be read when it was sealed, and cannot now.</summary>
    Unreadable,

    /// <summary>It could not be read when it was sealed, and can now: there is nothing to compare.</summary>
    Unsealed,
}

/// <summary>Neighbouring chunks that are not as sealed, in bytes of the disk.</summary>
/// <param name="Offset">Where the first chunk begins.</param>
/// <param name="Length">Bytes up to the end of the last chunk.</param>
/// <param name="Kind">What became of them.</param>
public readonly record struct SealedRange(long Offset, long Length, SealedRangeKind Kind);

/// <summary>What a verification found.</summary>
public sealed record SealVerification
{
    /// <summary>The seal.</summary>
    public required Seal Seal { get; init; }

    /// <summary>The root of the content now; null when the disk could not be opened.</summary>
    public string? Root { get; init; }

    /// <summary>Ranges that are not as sealed: in order, disjoint, neighbours of one kind merged.</summary>
    public IReadOnlyList<SealedRange> Ranges { get; init; } = [];

    /// <summary>How the files differ from what they were.</summary>
    public required IReadOnlyList<FileChange> Changes { get; init; }

    /// <summary>What it comes to: at most one finding of each kind, and why a disk did not open.</summary>
    public required FindingList Findings { get; init; }

    /// <summary>Bytes of the ranges of a kind.</summary>
    public long BytesOf(SealedRangeKind kind) =>
        Ranges.Where(range => range.Kind == kind).Sum(range => range.Length);
}

/// <summary>
/// Holds a disk against its seal in one read: which ranges changed, and whether a program wrote them or they
/// rotted. Only reads.
/// </summary>
public static class SealVerifier
{
    private const int ToldChanges = 3;

    /// <summary>
    /// Verifies. A disk that does not open is not read, but what its links and files tell is told.
    /// </summary>
    /// <exception cref="ImageException"><see cref="SealFindings.OtherDisk"/>.</exception>
    /// <exception cref="BlockException">The host failed where the disk's files are looked at.</exception>
    public static SealVerification Run(
        DiskInspection inspection, Seal seal, string sealPath, IHost host,
        IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        ArgumentNullException.ThrowIfNull(seal);
        ArgumentNullException.ThrowIfNull(host);
        var findings = new FindingList();
        if (inspection.Disk is not { } disk)
        {
            findings.Add(inspection.Refusal!.Reason);
            return new SealVerification
            {
                Seal = seal,
                Changes = EvidenceOf(inspection, seal, host).Changes,
                Findings = findings,
            };
        }
        if (disk.CapacityBytes != seal.Chunks.CapacityBytes)
        {
            throw findings.Refuse(SealFindings.OtherDisk, sealPath,
                $"it seals {seal.Chunks.CapacityBytes} bytes, and {disk.Path} has {disk.CapacityBytes}",
                field: "capacityBytes");
        }
        var now = new ChunkTable(disk.CapacityBytes, seal.Chunks.ChunkBytes);
        new ChunkPass(disk.Reader, now) { KeepsScars = true }.Run(progress, cancellation);
        ChainEvidence evidence = EvidenceOf(inspection, seal, host);
        List<SealedRange> ranges = Compare(seal.Chunks, now, disk.Reader, evidence);
        Tell(disk, ranges, evidence.Changes, findings);
        return new SealVerification
        {
            Seal = seal,
            Root = now.Root(),
            Ranges = ranges,
            Changes = [.. evidence.Changes.Where(change => change.Kind != FileChangeKind.Device)],
            Findings = findings,
        };
    }

    // After the read: a write during it must not look like rot.
    private static ChainEvidence EvidenceOf(DiskInspection inspection, Seal seal, IHost host)
    {
        IReadOnlyList<Link> links = inspection.Links;
        if (links.Count == 0)
        {
            return ChainEvidence.Collect(seal.Links, [], [], ".", isComplete: false);
        }
        return ChainEvidence.Collect(
            seal.Links, SealedLink.Of(host, links), links, SealedLink.FolderOf(host, links),
            isComplete: inspection.Disk is not null);
    }

    private static List<SealedRange> Compare(
        ChunkTable before, ChunkTable now, IBlockReader reader, ChainEvidence evidence)
    {
        var ranges = new List<SealedRange>();
        for (int index = 0; index < now.Count; index++)
        {
            long offset = index * now.ChunkBytes, length = now.LengthOf(index);
            SealedRangeKind? kind = (before.KindOf(index), now.KindOf(index)) switch
            {
                (ChunkKind.Unreadable, ChunkKind.Unreadable) => null,
                (ChunkKind.Unreadable, _) => SealedRangeKind.Unsealed,
                (_, ChunkKind.Unreadable) => SealedRangeKind.Unreadable,
                _ when before.DigestOf(index).SequenceEqual(now.DigestOf(index)) => null,
                _ => evidence.MayBeWritten(reader, offset, length)
                    ? SealedRangeKind.Written : SealedRangeKind.Rotten,
            };
            if (kind is not { } found) { continue; }
            bool continues = ranges.Count > 0 && ranges[^1].Kind == found
                && ranges[^1].Offset + ranges[^1].Length == offset;
            if (continues) { ranges[^1] = ranges[^1] with { Length = ranges[^1].Length + length }; }
            else { ranges.Add(new SealedRange(offset, length, found)); }
        }
        return ranges;
    }

    // The worst first: the first of the worst decides the exit code.
    private static void Tell(
        Disk disk, List<SealedRange> ranges, IReadOnlyList<FileChange> changes, FindingList findings)
    {
        AddRanges(SealFindings.Rot, SealedRangeKind.Rotten, "");
        AddRanges(SealFindings.Unreadable, SealedRangeKind.Unreadable, "");
        AddRanges(SealFindings.Written, SealedRangeKind.Written,
            "; " + Words(changes.Where(change => change.IsEvidence)));
        AddRanges(SealFindings.Unsealed, SealedRangeKind.Unsealed, "");
        List<FileChange> told = [.. changes.Where(change => change.Kind != FileChangeKind.Device)];
        bool isContentEqual = ranges.TrueForAll(range => range.Kind == SealedRangeKind.Unsealed);
        if (isContentEqual && told.Count > 0)
        {
            findings.Add(SealFindings.FilesChanged, disk.Path, Words(told));
        }

        void AddRanges(FindingCode code, SealedRangeKind kind, string tail)
        {
            List<SealedRange> some = ranges.FindAll(range => range.Kind == kind);
            if (some.Count == 0) { return; }
            (string path, long? offset) = PlaceOf(disk, some[0].Offset);
            string count = some.Count == 1 ? "1 range" : $"{some.Count} ranges";
            findings.Add(code, path,
                $"{count} of together {some.Sum(range => range.Length)} bytes, the first at byte "
                + $"{some[0].Offset} of the disk{tail}", offset);
        }
    }

    // Where the bytes lie in a file; the disk itself where no single file has them.
    private static (string Path, long? OffsetBytes) PlaceOf(Disk disk, long offset)
    {
        BlockRun run = disk.Reader.GetRun(offset, 1);
        return run.File is { } file ? (file.Path, run.HostOffset) : (disk.Path, null);
    }

    private static string Words(IEnumerable<FileChange> changes)
    {
        List<FileChange> all = [.. changes];
        string told = string.Join("; ", all.Take(ToldChanges).Select(Words));
        return all.Count > ToldChanges ? $"{told}; and {all.Count - ToldChanges} more" : told;
    }

    private static string Words(FileChange change) => change.Kind switch
    {
        FileChangeKind.ContentId => $"the CID of {change.Name} was {change.Was ?? "none"} and is "
            + (change.Is ?? "none"),
        FileChangeKind.Length => $"{change.Name} had {change.Was} bytes and has {change.Is}",
        FileChangeKind.Modified => $"{change.Name} was last changed at {change.Is}, and at {change.Was} when "
            + "it was sealed",
        FileChangeKind.Allocated => $"{change.Name} took {change.Was ?? "an unknown number of"} bytes of "
            + $"storage and takes {change.Is ?? "an unknown number"}",
        FileChangeKind.Mode => $"{change.Name} had the permissions {change.Was ?? "none"} and has "
            + (change.Is ?? "none"),
        FileChangeKind.New => $"{change.Name} is not in the seal",
        FileChangeKind.Gone => $"{change.Name} is in the seal and no longer in the chain",
        _ => $"{change.Name} is a device, which keeps no time of its last change",
    };
}
