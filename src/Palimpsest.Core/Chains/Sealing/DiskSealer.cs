using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>How a disk is sealed.</summary>
public sealed record SealOptions
{
    /// <summary>Where the seal goes; null for <see cref="Seal.PathFor"/>.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Size of a chunk in bytes; null for <see cref="ChunkTable.ChunkBytesFor"/>.</summary>
    public long? ChunkBytes { get; init; }

    /// <summary>Also takes the SHA-256 of the whole content.</summary>
    public bool TakesWholeHash { get; init; }

    /// <summary>Takes the write permission off the files of the named link afterwards.</summary>
    public bool Freezes { get; init; }

    /// <summary>Goes on over chunks that cannot be read, and lists them in the seal.</summary>
    public bool KeepsScars { get; init; }

    /// <summary>Allows a seal that is there already to be replaced.</summary>
    public bool Replaces { get; init; }

    /// <summary>Where the files are.</summary>
    public IHost Host { get; init; } = LocalHost.Instance;
}

/// <summary>A disk that is ready to be sealed: everything was checked, and nothing is written yet.</summary>
/// <param name="Disk">The open disk.</param>
/// <param name="OutputPath">Where the seal goes.</param>
/// <param name="ChunkBytes">Size of a chunk.</param>
/// <param name="FrozenPaths">Files that lose their write permission.</param>
/// <param name="Options">What was asked for.</param>
public sealed record SealPlan(
    Disk Disk, string OutputPath, long ChunkBytes, IReadOnlyList<string> FrozenPaths, SealOptions Options);

/// <summary>
/// Seals a disk: records the hash of all content that the guest sees through one link, and what the files of
/// its chain are, so that a change can be found later, and who made it. Only reads the disk.
/// </summary>
public static class DiskSealer
{
    private static ReadOnlySpan<byte> Prefix => "palimpsest-seal/"u8;

    /// <summary>Checks what was asked for.</summary>
    /// <exception cref="BlockException"><c>Refused</c>: there is a seal already, or the name is one of the
    /// disk's files. <c>Unsupported</c>: too many chunks.</exception>
    public static SealPlan Plan(Disk disk, SealOptions options)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(options);
        string path = options.OutputPath ?? Seal.PathFor(disk.Path);
        ThrowUnlessFree(disk, path, options);
        long chunkBytes = options.ChunkBytes ?? ChunkTable.ChunkBytesFor(disk.CapacityBytes);
        if (!ChunkTable.IsPossible(disk.CapacityBytes, chunkBytes))
        {
            throw new BlockException(BlockErrorKind.Unsupported, disk.Path, null,
                $"it cannot be sealed in chunks of {chunkBytes} bytes: they are a power of two from "
                + $"{ChunkTable.MinimumChunkBytes} to {ChunkTable.MaximumChunkBytes}, and at most "
                + $"{ChunkTable.MaximumChunks} of them; {ChunkTable.ChunkBytesFor(disk.CapacityBytes)} "
                + "would do");
        }
        IHost host = options.Host;
        string[] frozen = options.Freezes
            ? [.. disk.Links[0].Files.Where(file => host.Stat(host.ResolveLinks(file))?.Kind
                == HostEntryKind.File)]
            : [];
        return new SealPlan(disk, path, chunkBytes, frozen, options);
    }

    // Crash order: (1) the disk's files are flushed, so that what is sealed is what a cut leaves; (2) they
    // are read; (3) the seal is written whole, with the permissions that are about to go; (4) the permissions
    // are taken off. A cut before (3) leaves the old seal or none; between (3) and (4) a seal that says that
    // files are frozen which are not yet: 'verify' names them, and sealing again finishes.

    /// <summary>Reads the disk, writes the seal, and freezes the files if that was asked for.</summary>
    /// <exception cref="BlockException">A range cannot be read and scars are not kept; no room.</exception>
    /// <exception cref="ImageException"><see cref="SealFindings.ChangedWhileSealed"/>.</exception>
    public static Seal Run(
        SealPlan plan, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        Disk disk = plan.Disk;
        IHost host = plan.Options.Host;
        Flush(host, disk.Links);
        DateTime begun = DateTime.UtcNow;
        SealedLink[] before = SealedLink.Of(host, disk.Links);
        var chunks = new ChunkTable(disk.CapacityBytes, plan.ChunkBytes);
        var pass = new ChunkPass(disk.Reader, chunks) { KeepsScars = plan.Options.KeepsScars };
        string? whole = null;
        if (plan.Options.TakesWholeHash) { whole = pass.RunWithWholeHash(progress, cancellation); }
        else { pass.Run(progress, cancellation); }
        ThrowIfChanged(before, SealedLink.Of(host, disk.Links), disk);
        cancellation.ThrowIfCancellationRequested();
        var seal = new Seal
        {
            DiskName = HostPath.NameOf(disk.Path),
            SealedUtc = begun,
            Chunks = chunks,
            Root = chunks.Root(),
            WholeSha256 = whole,
            Links = WithModes(before, plan),
        };
        AtomicFile.Replace(host, plan.OutputPath, seal.ToBytes().Span);
        foreach (string path in plan.FrozenPaths) { host.SetReadOnly(path); }
        return seal;
    }

    private static void ThrowUnlessFree(Disk disk, string path, SealOptions options)
    {
        IHost host = options.Host;
        if (host.Stat(path) is null) { return; }
        string realPath = host.ResolveLinks(path);
        if (disk.Links.Any(link => link.Files.Any(file => host.ResolveLinks(file) == realPath)))
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "it is a file of the disk; choose another name for the seal");
        }
        if (!options.Replaces)
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "there is a seal already; verify the disk with it first, and replace it with --replace");
        }
        if (!IsSeal(host, path))
        {
            throw new BlockException(BlockErrorKind.Refused, path, null,
                "this is not a seal, and is not replaced; choose another name");
        }
    }

    // A damaged seal may be replaced as well: its first bytes are enough.
    private static bool IsSeal(IHost host, string path)
    {
        if (host.Stat(path)?.Kind != HostEntryKind.File) { return false; }
        using HostFile file = host.Open(path, HostAccess.Read);
        Span<byte> start = stackalloc byte[(int)Math.Min(file.Length, 64)];
        file.Read(0, start);
        return start.IndexOf(Prefix) >= 0;
    }

    private static void Flush(IHost host, IReadOnlyList<Link> links)
    {
        foreach (string path in links.SelectMany(link => link.Files).Distinct(StringComparer.Ordinal))
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            file.Flush();
        }
    }

    private static void ThrowIfChanged(SealedLink[] before, SealedLink[] after, Disk disk)
    {
        IEnumerable<(SealedFile Old, SealedFile Now)> pairs = before.SelectMany(link => link.Files)
            .Zip(after.SelectMany(link => link.Files));
        foreach ((SealedFile old, SealedFile now) in pairs)
        {
            if (old.LengthBytes != now.LengthBytes || old.ModifiedUtc != now.ModifiedUtc)
            {
                throw new FindingList().Refuse(SealFindings.ChangedWhileSealed, disk.Path,
                    $"{now.Name} was changed at {now.ModifiedUtc:O}");
            }
        }
    }

    // The permissions as they will be under the seal. Those that an earlier seal of this disk took off are
    // carried over, so that they are not forgotten with it.
    private static SealedLink[] WithModes(SealedLink[] links, SealPlan plan)
    {
        Dictionary<string, SealedFile> earlier = EarlierFiles(plan);
        SealedLink head = links[0] with
        {
            Files = [.. links[0].Files.Select(file =>
                earlier.TryGetValue(file.Name, out SealedFile? old) && old.Mode == file.Mode
                    ? file with { ModeBeforeFreeze = old.ModeBeforeFreeze }
                    : plan.Options.Freezes ? file.Frozen() : file)],
        };
        return [head, .. links[1..]];
    }

    private static Dictionary<string, SealedFile> EarlierFiles(SealPlan plan)
    {
        var files = new Dictionary<string, SealedFile>(StringComparer.Ordinal);
        IHost host = plan.Options.Host;
        if (host.Stat(plan.OutputPath) is null) { return files; }
        try
        {
            foreach (SealedFile file in Seal.Load(host, plan.OutputPath, new FindingList()).Links[0].Files)
            {
                if (file.ModeBeforeFreeze is not null) { files.TryAdd(file.Name, file); }
            }
        }
        catch (ImageException)
        {
            // It is damaged, and about to be replaced; what it knew is lost.
        }
        return files;
    }
}
