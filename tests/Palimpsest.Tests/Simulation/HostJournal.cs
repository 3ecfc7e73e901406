using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Simulation;

/// <summary>What becomes of changes that were not flushed when the power goes.</summary>
internal enum CutVariant
{
    /// <summary>All of them reached the disk.</summary>
    Keep,

    /// <summary>None of them did.</summary>
    Drop,

    /// <summary>Any of them did, sector by sector, in any order.</summary>
    Tear,
}

/// <summary>
/// Every change made to a <see cref="SimulatedHost"/>, in order, and the states in which a power cut can
/// leave it. Flushed changes of a file survive, the others survive or not, sector by sector. Names that were not
/// flushed survive in order in half of the torn states: a later rename implies the earlier ones, as with a file
/// system that has one journal. In the other half only changes of one and the same name keep their order, as with
/// file systems that log each file by itself, and where the folders lie on several. A name never implies the data of
/// what it names.
/// </summary>
internal sealed class HostJournal
{
    private const int SectorBytes = 512;
    private readonly Dictionary<string, SimulatedContent> initialNames = new(StringComparer.Ordinal);
    private readonly Dictionary<SimulatedContent, SimulatedContent> initialContents = [];
    private readonly List<Change> changes = [];

    internal HostJournal(IReadOnlyDictionary<string, SimulatedContent> files)
    {
        foreach ((string path, SimulatedContent content) in files)
        {
            initialNames.Add(path, content);
            initialContents[content] = content.Clone();
        }
    }

    private enum ChangeKind
    {
        Write, SetLength, Punch, ZeroRange, Permit, Flush, Create, Rename, Delete, FlushFolder,
    }

    /// <summary>How many changes were recorded; a cut lies before one of them or behind the last.</summary>
    internal int Count => changes.Count;

    internal void Write(SimulatedContent content, long offset, ReadOnlySpan<byte> source) =>
        changes.Add(new Change(ChangeKind.Write, content, offset, source.Length, source.ToArray()));

    internal void SetLength(SimulatedContent content, long length) =>
        changes.Add(new Change(ChangeKind.SetLength, content, 0, length));

    internal void Clear(SimulatedContent content, long offset, long length, bool isPunch) =>
        changes.Add(new Change(isPunch ? ChangeKind.Punch : ChangeKind.ZeroRange, content, offset, length));

    internal void Flush(SimulatedContent content) => changes.Add(new Change(ChangeKind.Flush, content, 0, 0));

    internal void Permit(SimulatedContent content, bool isReadOnly) =>
        changes.Add(new Change(ChangeKind.Permit, content, 0, isReadOnly ? 0 : 1));

    internal void Create(string path, SimulatedContent content) =>
        changes.Add(new Change(ChangeKind.Create, content, 0, 0, null, path));

    internal void Rename(string fromPath, string toPath) =>
        changes.Add(new Change(ChangeKind.Rename, null, 0, 0, null, fromPath, toPath));

    internal void Delete(string path) => changes.Add(new Change(ChangeKind.Delete, null, 0, 0, null, path));

    internal void FlushFolder(string folder) =>
        changes.Add(new Change(ChangeKind.FlushFolder, null, 0, 0, null, folder));

    /// <summary>True when a cut here leaves nothing else than a cut one change earlier.</summary>
    internal bool IsSameAsBefore(int cut, CutVariant variant)
    {
        bool isFlush = changes[cut - 1].Kind is ChangeKind.Flush or ChangeKind.FlushFolder;
        return variant switch
        {
            CutVariant.Keep => isFlush,
            CutVariant.Drop => !isFlush,
            _ => false,
        };
    }

    /// <summary>
    /// The host as it may be found after the power went before change number <paramref name="cut"/>.
    /// </summary>
    internal SimulatedHost HostAfterCut(int cut, CutVariant variant, int seed = 0)
    {
        var random = new Random(seed);
        var durableUpTo = new Dictionary<SimulatedContent, int>();
        var durableNamesUpTo = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < cut; i++)
        {
            if (changes[i].Kind == ChangeKind.Flush) { durableUpTo[changes[i].Content!] = i; }
            if (changes[i].Kind == ChangeKind.FlushFolder) { durableNamesUpTo[changes[i].Path!] = i; }
        }
        int namesUpTo = durableNamesUpTo.Count == 0 ? -1 : durableNamesUpTo.Values.Max();
        int keptNames = variant switch
        {
            CutVariant.Keep => cut,
            CutVariant.Drop => namesUpTo,
            _ => random.Next(namesUpTo + 1, cut + 1),
        };
        Func<int, bool> survives = variant == CutVariant.Tear && seed % 2 == 1
            ? Scattered(changes, random) : index => index < keptNames;
        Dictionary<string, SimulatedContent> names = NamesAfter(cut, survives, durableNamesUpTo);
        var host = new SimulatedHost();
        foreach ((string path, SimulatedContent content) in names)
        {
            host.Put(path,
                ContentAfter(content, cut, durableUpTo.GetValueOrDefault(content, -1), variant, random));
        }
        return host;
    }

    // Any change of a name, unless one before it that concerned the same name was lost.
    private static Func<int, bool> Scattered(List<Change> changes, Random random)
    {
        var lost = new HashSet<string>(StringComparer.Ordinal);
        return index =>
        {
            Change change = changes[index];
            bool survives = random.Next(2) == 0 && !lost.Contains(change.Path!)
                && (change.ToPath is null || !lost.Contains(change.ToPath));
            if (!survives)
            {
                lost.Add(change.Path!);
                if (change.ToPath is not null) { lost.Add(change.ToPath); }
            }
            return survives;
        };
    }

    private Dictionary<string, SimulatedContent> NamesAfter(
        int cut, Func<int, bool> survives, Dictionary<string, int> durableUpTo)
    {
        var names = new Dictionary<string, SimulatedContent>(initialNames, StringComparer.Ordinal);
        for (int i = 0; i < cut; i++)
        {
            Change change = changes[i];
            if (change.Kind is not (ChangeKind.Create or ChangeKind.Rename or ChangeKind.Delete))
            {
                continue;
            }
            bool isDurable = durableUpTo.GetValueOrDefault(HostPath.FolderOf(change.Path!), -1) > i;
            if (!isDurable && !survives(i)) { continue; }
            switch (change.Kind)
            {
                case ChangeKind.Create:
                    names[change.Path!] = change.Content!;
                    break;
                case ChangeKind.Rename when names.Remove(change.Path!, out SimulatedContent? content):
                    names[change.ToPath!] = content;
                    break;
                case ChangeKind.Delete:
                    names.Remove(change.Path!);
                    break;
            }
        }
        return names;
    }

    private SimulatedContent ContentAfter(
        SimulatedContent identity, int cut, int durableUpTo, CutVariant variant, Random random)
    {
        SimulatedContent content = initialContents.TryGetValue(identity, out SimulatedContent? initial)
            ? initial.Clone() : new SimulatedContent();
        for (int i = 0; i < cut; i++)
        {
            Change change = changes[i];
            if (!ReferenceEquals(change.Content, identity)) { continue; }
            if (i < durableUpTo || variant == CutVariant.Keep) { Apply(content, change); }
            else if (variant == CutVariant.Tear) { ApplyTorn(content, change, random); }
        }
        return content;
    }

    private static void Apply(SimulatedContent content, Change change)
    {
        switch (change.Kind)
        {
            case ChangeKind.Write:
                content.Write(change.Offset, change.Bytes!);
                break;
            case ChangeKind.SetLength:
                content.SetLength(change.Length);
                break;
            case ChangeKind.Permit:
                content.IsReadOnly = change.Length == 0;
                break;
            case ChangeKind.Punch or ChangeKind.ZeroRange:
                content.Clear(change.Offset, change.Length, change.Kind == ChangeKind.Punch);
                break;
        }
    }

    private static void ApplyTorn(SimulatedContent content, Change change, Random random)
    {
        // Some writes whole, some lost, some in part: each makes states that the others seldom do.
        int chance = random.Next(3);
        if (chance == 0) { return; }
        if (chance == 1 || change.Kind != ChangeKind.Write)
        {
            Apply(content, change);
            return;
        }
        long end = change.Offset + change.Length;
        for (long offset = change.Offset; offset < end;)
        {
            long sectorEnd = Math.Min(end, (offset / SectorBytes * SectorBytes) + SectorBytes);
            if (random.Next(2) == 0)
            {
                content.Write(offset,
                    change.Bytes.AsSpan((int)(offset - change.Offset), (int)(sectorEnd - offset)));
            }
            offset = sectorEnd;
        }
    }

    private sealed record Change(
        ChangeKind Kind, SimulatedContent? Content, long Offset, long Length, byte[]? Bytes = null,
            string? Path = null,
        string? ToPath = null);
}
