using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Locking;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>What a change would do. Making it changes nothing.</summary>
public sealed record ChangePlan
{
    /// <summary>Folder of the link whose content changes; the change is written down there.</summary>
    public required string Folder { get; init; }

    /// <summary>The change.</summary>
    public required ChainChange Change { get; init; }

    /// <summary>Bytes of guest data that are written.</summary>
    public long WriteBytes { get; init; }

    /// <summary>Room that this takes on the host, in bytes, at most.</summary>
    public long RoomBytes { get; init; }

    /// <summary>What the host has left in the folder, in bytes; null when it cannot say.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Bytes in files that are deleted or emptied, holes included.</summary>
    public long ReleasedBytes { get; init; }

    /// <summary>Files that are frozen now, have to be written to, and are to be frozen again.</summary>
    public IReadOnlyList<string> FrozenFiles { get; init; } = [];

    /// <summary>What was found on the way.</summary>
    public required FindingList Findings { get; init; }
}

/// <summary>A change that was made.</summary>
/// <param name="Change">The change.</param>
/// <param name="Folder">Where it was made.</param>
/// <param name="WasResumed">True when it was begun by an earlier run.</param>
/// <param name="WrittenBytes">Bytes of guest data written by this run.</param>
/// <param name="Findings">What was found on the way.</param>
public sealed record ChangeResult(
    ChainChange Change, string Folder, bool WasResumed, long WrittenBytes, FindingList Findings);

/// <summary>
/// Makes changes that span several files, so that whatever interrupts one, it can be finished, and the chain can be
/// read meanwhile.
/// </summary>
/// <remarks>
/// Crash order: the whole change is durable, in a file of its own, before its first step; each step can be done again;
/// the file is deleted when the last one is durable.
/// </remarks>
public static class ChainChanger
{
    /// <summary>Plans under the locks and does what was planned.</summary>
    /// <param name="plan">
    /// Makes the plan. Called twice: to learn which files to lock, and again once nobody else can write to them.
    /// </param>
    /// <param name="options">How the chain is opened.</param>
    /// <param name="progress">Told how far the longest step is.</param>
    /// <param name="cancellation">Stops it; the same command goes on later.</param>
    /// <exception cref="ImageException">Refused; the finding says why. Nothing was changed.</exception>
    /// <exception cref="BlockException">The host failed, ran full, or somebody else holds the disk.</exception>
    public static ChangeResult Apply(Func<ChangePlan> plan, DiskOpenOptions options,
        IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        ChangePlan first = plan();
        var lockFindings = new FindingList();
        using HeldLocks locks = Lock(first.Folder, first.Change, options, lockFindings);
        ChangePlan planned = plan();
        foreach (Finding finding in lockFindings.Items) { planned.Findings.Add(finding); }
        if (!first.Change.LockedFiles.SequenceEqual(planned.Change.LockedFiles))
        {
            throw planned.Findings.Refuse(ChangeFindings.ChangeOutdated, planned.Change.Disk,
                "its chain changed while the command began; run it again");
        }
        if (planned.FreeBytes is { } free && planned.RoomBytes > free)
        {
            throw new BlockException(BlockErrorKind.NoSpace, planned.Folder, null,
                $"up to {planned.RoomBytes} bytes are needed, and {free} are free; nothing was changed");
        }
        if (planned.Change.Steps.Count == 0)
        {
            return new ChangeResult(planned.Change, planned.Folder, WasResumed: false, 0, planned.Findings);
        }

        // Taking the locks gave the permission to write; only the first plan saw what was frozen.
        ChainChange change = first.FrozenFiles.Count == 0 ? planned.Change : planned.Change with
        {
            Steps = [.. planned.Change.Steps, new FreezeStep { Paths = first.FrozenFiles }],
        };
        ChangeFile.Begin(options.Host, planned.Folder, change);
        return Run(planned.Folder, change, wasResumed: false, options, planned.Findings, progress, cancellation);
    }

    /// <summary>
    /// Finishes the change that is under way in the folder of <paramref name="path"/>, or of a link that it stands on.
    /// </summary>
    /// <returns>What was finished; null when there is no unfinished change that speaks of this file.</returns>
    /// <exception cref="ImageException">The change cannot be finished; the finding says why.</exception>
    /// <exception cref="BlockException">The host failed, ran full, or somebody else is at it.</exception>
    public static ChangeResult? Resume(string path, DiskOpenOptions options, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        foreach (string folder in FoldersOf(path, options))
        {
            var findings = new FindingList();
            if (FindPending(path, folder, options, findings) is not { } change) { continue; }
            using HeldLocks locks = Lock(folder, change, options, findings);

            // Whoever made the change may have finished it before these locks were free.
            if (FindPending(path, folder, options, findings) is not { } current) { return null; }
            ChangeTracking.Announce(options.Host, folder, current, findings);
            return Run(folder, current, wasResumed: true, options, findings, progress, cancellation);
        }
        return null;
    }

    private static ChainChange? FindPending(
        string path, string folder, DiskOpenOptions options, FindingList findings)
    {
        if (ChangeFile.TryRead(options.Host, folder, options.AllowOutside, findings) is not { } change) { return null; }
        string named = options.Host.Stat(path) is null
            ? HostPath.Combine(FolderOf(path, options)!, HostPath.NameOf(path)) : options.Host.ResolveLinks(path);
        bool isMeant = options.Host.Stat(named)?.Kind == HostEntryKind.Folder
            || ChangeFile.NamesIn(change).Any(other => HostPath.Combine(folder, other) == named);
        return isMeant ? change : null;
    }

    // A change is written down in its target's folder, where the named link need not be.
    private static IEnumerable<string> FoldersOf(string path, DiskOpenOptions options)
    {
        if (FolderOf(path, options) is not { } own) { return []; }
        if (options.Host.Stat(path) is null || options.Host.ResolveLinks(path) == own) { return [own]; }
        using DiskInspection inspection = Disk.Inspect(path, options with { IsWritable = false });
        return [.. inspection.Links.Select(link => HostPath.FolderOf(options.Host.ResolveLinks(link.Path)))
            .Prepend(own).Distinct()];
    }

    // The named file may be one of those that the change has deleted by now.
    private static string? FolderOf(string path, DiskOpenOptions options)
    {
        IHost host = options.Host;
        if (host.Stat(path) is not null)
        {
            string real = host.ResolveLinks(path);
            return host.Stat(real)?.Kind == HostEntryKind.Folder ? real : HostPath.FolderOf(real);
        }
        string folder = HostPath.FolderOf(path);
        return host.Stat(folder) is null ? null : host.ResolveLinks(folder);
    }

    private static HeldLocks Lock(string folder, ChainChange change, DiskOpenOptions options, FindingList findings)
    {
        IHost host = options.Host;
        var locks = new HeldLocks();
        try
        {
            string? head = null;
            foreach (string path in change.LockedFiles.Select(name => HostPath.Combine(folder, name)))
            {
                VmwareLock.ThrowIfHeld(options, path, isWriter: true, findings);
                if (host.Stat(path) is null) { continue; }
                head ??= path;
                host.SetWritable(path, head);
                locks.Add(host.LockForWriting(path));
            }
            return locks;
        }
        catch
        {
            locks.Dispose();
            throw;
        }
    }

    private static ChangeResult Run(string folder, ChainChange change, bool wasResumed, DiskOpenOptions options,
        FindingList findings, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        foreach (ExpectedLink link in change.Unchanged ?? [])
        {
            if (IsWrittenSince(link, folder, options.Host) is { } found)
            {
                throw findings.Refuse(ChangeFindings.ChangeOutdated, HostPath.Combine(folder, link.Path),
                    $"its CID is {found:x8}, and was {link.ContentId:x8} when {change.Verb} was begun");
            }
        }
        var runner = new StepRunner(options, folder, findings);
        long written = 0;
        if (wasResumed) { MakeDurable(options.Host, folder, change); }
        for (int i = 0; i < change.Steps.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ChangeStep step = change.Steps[i];
            if (i < change.DoneSteps && !IsOutdated(step, folder, options.Host)) { continue; }
            if (step is not MergeStep merge)
            {
                runner.Run(step);
                continue;
            }
            ChainChange current = change;
            int index = i;
            written += new MergeRunner(options, folder, findings)
            {
                Checkpoint = doneBytes => ChangeFile.Write(options.Host, folder, current with
                {
                    DoneSteps = Math.Max(index, current.DoneSteps),
                    Steps = [.. current.Steps.Select((other, at) => at == index ? merge with { DoneBytes = doneBytes } : other)],
                }),
            }.Run(merge, progress, cancellation);

            // What follows takes the source away, so that the merge could not be done again.
            change = change with { DoneSteps = Math.Max(i + 1, change.DoneSteps) };
            ChangeFile.Write(options.Host, folder, change);
        }
        ChangeFile.Delete(options.Host, folder);
        return new ChangeResult(change, folder, wasResumed, written, findings);
    }

    // A process that was killed leaves what it had not flushed in the host's memory. There it looks done, so no step
    // would do it again, and yet a power cut could take it back.
    private static void MakeDurable(IHost host, string folder, ChainChange change)
    {
        var paths = ChangeFile.NamesIn(change).Select(name => HostPath.Combine(folder, name)).ToHashSet();
        foreach (string path in paths.Where(path => host.Stat(path)?.Kind == HostEntryKind.File))
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            file.Flush();
        }
        foreach (string other in paths.Select(HostPath.FolderOf).Distinct().Where(path => host.Stat(path) is not null))
        {
            host.FlushFolder(other);
        }
    }

    // While the source of a merge is there, whoever runs from it may have gone on writing to it after an
    // interruption. What it holds goes down again: what is the same already changes nothing.
    private static bool IsOutdated(ChangeStep step, string folder, IHost host) =>
        step is MergeStep merge
        && IsWrittenSince(new ExpectedLink(merge.Head, merge.HeadContentId), folder, host) is not null;

    private static uint? IsWrittenSince(ExpectedLink link, string folder, IHost host)
    {
        string path = HostPath.Combine(folder, link.Path);
        if (host.Stat(path) is not { Kind: HostEntryKind.File }) { return null; }
        uint? found = LinkProbe.Read(host, path, new FindingList()).Descriptor?.ContentId;
        return found == link.ContentId ? null : found ?? VmdkDescriptor.NoParent;
    }
}
