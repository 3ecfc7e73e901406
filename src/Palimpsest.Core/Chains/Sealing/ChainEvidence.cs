using System.Globalization;
using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>
/// What the files of a chain tell about who changed its content: a program, which leaves traces in the CID,
/// the times, the lengths or the storage of files, or nobody, which leaves none.
/// </summary>
internal sealed class ChainEvidence
{
    private readonly List<FileChange> changes = [];

    // Where links were written, and where they were replaced or cut short, so that what lies below them may
    // show where it did not before. Writing never does that: no program gives a grain of a delta back.
    private readonly List<Place> written = [], uncovered = [];

    private ChainEvidence()
    {
    }

    /// <summary>Every difference, head first.</summary>
    public IReadOnlyList<FileChange> Changes => changes;

    /// <summary>
    /// Holds the links as they are against those that were sealed. <paramref name="isComplete"/> says that
    /// the chain was opened down to its base with all extents, so that what is not there is gone.
    /// </summary>
    public static ChainEvidence Collect(
        IReadOnlyList<SealedLink> before, IReadOnlyList<SealedLink> now, IReadOnlyList<Link> links,
        string folder, bool isComplete)
    {
        var evidence = new ChainEvidence();
        for (int depth = 0; depth < now.Count; depth++)
        {
            SealedLink? was = before.FirstOrDefault(link => link.Name == now[depth].Name);
            evidence.AddLink(depth, was, now[depth], links[depth], folder);
            if (was is not null && isComplete) { evidence.AddGone(depth, was, now[depth]); }
        }
        if (isComplete)
        {
            foreach (SealedLink link in before.Where(link => now.All(other => other.Name != link.Name)))
            {
                evidence.Add(link.Name, FileChangeKind.Gone, link.Name, null, isEvidence: true);
                evidence.uncovered.Add(Place.AllOf(0));
            }
        }
        return evidence;
    }

    /// <summary>
    /// True when a program may have changed what the guest sees in a range: the link that answers for some of
    /// it was written, or one above that was replaced.
    /// </summary>
    public bool MayBeWritten(IBlockReader reader, long offset, long lengthBytes)
    {
        if (written.Count + uncovered.Count == 0) { return false; }
        long end = offset + lengthBytes;
        for (long position = offset; position < end;)
        {
            BlockRun run = reader.GetRun(position, end - position);
            bool isExplained = written.Exists(place => place.Depth == run.Depth && place.Touches(offset, end))
                || uncovered.Exists(place => place.Depth <= run.Depth && place.Touches(offset, end));
            if (isExplained) { return true; }
            position += run.LengthBytes;
        }
        return false;
    }

    private void AddLink(int depth, SealedLink? was, SealedLink now, Link link, string folder)
    {
        if (was is null)
        {
            Add(now.Name, FileChangeKind.New, null, now.Name, isEvidence: true);
            uncovered.Add(Place.AllOf(depth));
            return;
        }
        if (was.ContentId != now.ContentId)
        {
            Add(now.Name, FileChangeKind.ContentId, was.ContentId, now.ContentId, isEvidence: true);
            written.Add(Place.AllOf(depth));
        }
        ILookup<string, LinkExtent> extents = link.Extents.Where(extent => extent.Path is not null)
            .ToLookup(extent => Path.GetRelativePath(folder, extent.Path!));
        ILookup<string, SealedFile> sealedFiles = was.Files.ToLookup(file => file.Name);
        foreach (SealedFile file in now.Files)
        {
            SealedFile? old = sealedFiles[file.Name].FirstOrDefault();
            if (!AddFile(old, file, holdsContent: extents.Contains(file.Name))) { continue; }
            foreach (LinkExtent extent in extents[file.Name])
            {
                Place.Extend(written, depth, extent);
                if (IsReplaced(old, file)) { Place.Extend(uncovered, depth, extent); }
            }
        }
    }

    private static bool IsReplaced(SealedFile? was, SealedFile now) =>
        was is null || was.LengthBytes > now.LengthBytes || was.Inode != now.Inode;

    // True when the file shows that its content may have been written.
    private bool AddFile(SealedFile? was, SealedFile now, bool holdsContent)
    {
        int before = changes.Count;
        if (was is null)
        {
            Add(now.Name, FileChangeKind.New, null, now.Name, holdsContent);
        }
        else
        {
            Compare(was.LengthBytes, now.LengthBytes, FileChangeKind.Length, holdsContent);
            if (now.IsDevice) { Add(now.Name, FileChangeKind.Device, null, null, holdsContent); }
            else { Compare(was.ModifiedUtc, now.ModifiedUtc, FileChangeKind.Modified, holdsContent); }

            // Storage is given back by hosts on their own; that it grew is a write, whatever the time says.
            Compare(was.AllocatedBytes, now.AllocatedBytes, FileChangeKind.Allocated,
                holdsContent && now.AllocatedBytes > was.AllocatedBytes);
            Compare(was.Mode, now.Mode, FileChangeKind.Mode, isEvidence: false);
        }
        return changes.Skip(before).Any(change => change.IsEvidence);

        void Compare<T>(T old, T current, FileChangeKind kind, bool isEvidence)
        {
            if (!EqualityComparer<T>.Default.Equals(old, current))
            {
                Add(now.Name, kind, Text(old), Text(current), isEvidence);
            }
        }
    }

    private void AddGone(int depth, SealedLink was, SealedLink now)
    {
        var names = now.Files.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        foreach (SealedFile file in was.Files.Where(file => !names.Contains(file.Name)))
        {
            Add(file.Name, FileChangeKind.Gone, file.Name, null, isEvidence: true);
            uncovered.Add(Place.AllOf(depth));
        }
    }

    private void Add(string name, FileChangeKind kind, string? was, string? now, bool isEvidence) =>
        changes.Add(new FileChange(name, kind, was, now, isEvidence));

    private static string? Text<T>(T value) => value switch
    {
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString(),
    };

    // A range of one link, in bytes of the disk.
    private readonly record struct Place(int Depth, long Start, long End)
    {
        public static Place AllOf(int depth) => new(depth, 0, long.MaxValue);

        // Split disks have thousands of extents in a row; what touches becomes one.
        public static void Extend(List<Place> places, int depth, LinkExtent extent)
        {
            long start = extent.VirtualOffset, end = start + extent.Line.LengthBytes;
            if (places.Count > 0 && places[^1].Depth == depth && places[^1].End == start)
            {
                places[^1] = places[^1] with { End = end };
            }
            else
            {
                places.Add(new Place(depth, start, end));
            }
        }

        public bool Touches(long start, long end) => Start < end && End > start;
    }
}
