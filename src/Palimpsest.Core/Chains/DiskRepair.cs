using Palimpsest.Core.Chains.Repairing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// Repairs the descriptor and the tables of one link, the named one. Nothing is guessed: what cannot be restored from
/// the disk itself stays as it is and is said. What is replaced is kept.
/// </summary>
public static class DiskRepair
{
    private const long MaximumChangedBytes = 256 << 20;
    private const int MaximumRounds = 4;
    internal const string KeptSuffix = "before-repair", UndoSuffix = "undo";

    /// <summary>What a repair would do. Changes nothing and takes no lock.</summary>
    /// <exception cref="ImageException">The named file is no link whose descriptor can be read.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public static RepairPlan Plan(string path, DiskOpenOptions options, RepairOptions repairOptions)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(repairOptions);
        CheckResult before = DiskCheck.Run(path, options, new CheckOptions(), null, CancellationToken.None);
        FindingList findings = before.Findings;
        IHost host = options.Host;
        Link link = before.Links.Count > 0 ? before.Links[0] : throw before.Refusal!;
        var names = new HostNames(host, options.AllowOutside);
        var steps = new List<RepairStep>();
        foreach (string extentPath in before.Extents.Where(extent => extent.LinkPath == link.Path
            && extent.Path is not null && extent.Line?.Type is ExtentType.Sparse or ExtentType.VmfsSparse)
            .Select(extent => extent.Path!).Distinct())
        {
            if (PlanTables(host, extentPath) is { } tables) { steps.Add(tables); }
        }
        if (new DescriptorRepair(host, link, repairOptions, names, findings).Plan() is { } text) { Add(steps, text); }
        if (steps.Sum(step => step.ChangedBytes) > MaximumChangedBytes)
        {
            throw findings.Refuse(RepairFindings.TooManyChanges, path,
                $"{steps.Sum(step => step.ChangedBytes)} bytes would be written");
        }
        return new RepairPlan
        {
            Path = path, OpenOptions = options, RepairOptions = repairOptions, Steps = steps, Findings = findings,
        };
    }

    // Crash order, file by file, tables before descriptors:
    // in place: (1) the undo file with every old byte, durable under its final name; (2) the changes in order, with a
    //   flush after one that grows the file and before the last one, which says that the rest is done; (3) flush. A cut
    //   after (1) leaves sectors that are old or new: a new plan finishes the work, or Undo takes it back.
    // descriptor file: (1) its copy, durable; (2) the new one by rename. A cut leaves the old or the new one.

    /// <summary>
    /// Does what was planned, if the disk is still as it was then, and checks it again. While errors remain that can be
    /// mended only now, as a lost table whose new place depended on others, it plans and does another round, each with
    /// undo files of its own.
    /// </summary>
    /// <exception cref="ImageException">The disk changed since, or VMware holds it. Nothing was changed.</exception>
    /// <exception cref="BlockException">The host failed, or another process holds the disk.</exception>
    public static RepairResult Apply(RepairPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        RepairResult result = ApplyRound(plan);
        for (int round = 1; round < MaximumRounds && result.Steps.Count > 0 && HasErrors(result.After); round++)
        {
            RepairResult further;
            try
            {
                RepairPlan next = Plan(plan.Path, plan.OpenOptions, plan.RepairOptions);
                if (next.Steps.Count == 0) { break; }
                further = ApplyRound(next);
            }
            catch (ImageException)
            {
                // Refused before it changed anything: what was done stands, and what remains is in the findings.
                break;
            }
            result = new RepairResult([.. result.Steps, .. further.Steps],
                [.. result.KeptPaths, .. further.KeptPaths], [.. further.UndoPaths, .. result.UndoPaths],
                further.After);
        }
        return result;
    }

    private static bool HasErrors(CheckResult result) =>
        result.Findings.Items.Any(finding => finding.Severity >= Severity.Error);

    private static RepairResult ApplyRound(RepairPlan plan)
    {
        IHost host = plan.OpenOptions.Host;
        var findings = new FindingList();
        var kept = new List<string>();
        var undo = new List<string>();
        if (plan.Steps.Count > 0)
        {
            // No content changes, so there may be others that depend on the disk.
            using HeldLocks locks = WriteGuard.Take(plan.OpenOptions with { AllowWriteUnderChildren = true },
                LinkProbe.Read(host, plan.Path, new FindingList()), findings);
            foreach (RepairStep step in plan.Steps) { ThrowIfOutdated(host, step, findings); }
            foreach (RepairStep step in plan.Steps) { Do(host, step, kept, undo); }
        }
        undo.Reverse();
        CheckResult after = DiskCheck.Run(
            plan.Path, plan.OpenOptions, new CheckOptions(), null, CancellationToken.None);
        return new RepairResult(plan.Steps, kept, undo, after);
    }

    // Crash order: (1) the old bytes, the last change first; (2) flush; (3) the old length, where the repair had grown
    // the file; (4) flush. Each sector is old or new meanwhile, so the same command finishes an interrupted one.

    /// <summary>
    /// Takes back what a repair changed in place, and returns the path of the file. Each sector must hold what the
    /// repair wrote, or what was there before; anything else was written since, and is not overwritten.
    /// </summary>
    /// <exception cref="ImageException">It is no whole undo file, or the disk was written since.</exception>
    /// <exception cref="BlockException">The host failed, or another process holds the disk.</exception>
    public static string Undo(IHost host, string undoPath)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentException.ThrowIfNullOrEmpty(undoPath);
        var findings = new FindingList();
        UndoFile undo = UndoFile.Read(host, undoPath, findings);
        string path = HostPath.Combine(HostPath.FolderOf(undoPath), undo.FileName);
        if (host.Stat(path) is not { Kind: HostEntryKind.File })
        {
            throw findings.Refuse(RepairFindings.BadUndoFile, undoPath, $"{undo.FileName} is not beside it");
        }
        Locking.VmwareLock.ThrowIfHeld(new DiskOpenOptions { Host = host }, path, isWriter: true, findings);
        WriteGuard.ThrowIfChanging(
            new DiskOpenOptions { Host = host }, HostPath.FolderOf(host.ResolveLinks(path)), path, findings);
        using IDisposable writer = host.LockForWriting(path);
        if (undo.Text is { } text)
        {
            DescriptorSwap.TakeBack(host, path, text, findings);
            return path;
        }
        using HostFile file = host.Open(path, HostAccess.ReadWrite);
        long repairedLength = undo.Changes.Select(change => change.OffsetBytes + change.New.Length)
            .Append(undo.LengthBytes).Max();
        if (file.Length < undo.LengthBytes || file.Length > repairedLength)
        {
            throw findings.Refuse(RepairFindings.UndoOutdated, path,
                $"the file has {file.Length} bytes; before the repair it had {undo.LengthBytes}, after it {repairedLength}");
        }
        for (int i = 0; i < undo.Changes.Count; i++) { ThrowIfForeign(file, undo, i, findings); }
        foreach (ByteChange change in undo.Changes.Reverse()) { file.Write(change.OffsetBytes, change.Old.Span); }
        file.Flush();
        if (file.Length > undo.LengthBytes)
        {
            file.SetLength(undo.LengthBytes);
            file.Flush();
        }
        return path;
    }

    private static RepairStep? PlanTables(IHost host, string path)
    {
        using HostFile file = host.Open(path, HostAccess.Read);
        byte[] start = new byte[Math.Min(file.Length, FileSignatures.ProbeBytes)];
        file.Read(0, start);
        IReadOnlyList<PlannedWrite> writes = FileSignatures.Of(start) switch
        {
            FileSignature.HostedSparse when !ExtentCheck.IsCompressed(start) =>
                HostedSparseRepair.Plan(file, new FindingList()),
            FileSignature.Cowd => CowdRepair.Plan(file, new FindingList()),
            _ => [],
        };
        List<ByteChange> changes = [];
        foreach (PlannedWrite write in writes)
        {
            changes.AddRange(ByteChange.Between(file, write.OffsetBytes, write.Bytes));
        }
        return changes.Count == 0 ? null : new RepairStep
        {
            FilePath = path, Reasons = [.. writes.Select(write => write.Reason).Distinct()], Changes = changes,
        };
    }

    // One step for each file: tables and an embedded descriptor share their undo file.
    private static void Add(List<RepairStep> steps, RepairStep step)
    {
        int same = step.NewText is null ? steps.FindIndex(other => other.FilePath == step.FilePath) : -1;
        if (same < 0)
        {
            steps.Add(step);
            return;
        }
        steps[same] = steps[same] with
        {
            Reasons = [.. steps[same].Reasons, .. step.Reasons], Changes = [.. steps[same].Changes, .. step.Changes],
        };
    }

    private static void ThrowIfOutdated(IHost host, RepairStep step, FindingList findings)
    {
        using HostFile file = host.Open(step.FilePath, HostAccess.Read);
        bool isSame = step.OldText is null
            ? step.Changes.All(change => Holds(file, change.OffsetBytes, change.Old.Span, change.New.Length))
            : file.Length == step.OldText.Length && Holds(file, 0, step.OldText, step.OldText.Length);
        if (!isSame)
        {
            throw findings.Refuse(RepairFindings.PlanOutdated, step.FilePath, "its bytes are not those of the plan");
        }
    }

    private static void Do(IHost host, RepairStep step, List<string> kept, List<string> undo)
    {
        if (step.NewText is not null)
        {
            string real = host.ResolveLinks(step.FilePath);
            kept.Add(KeptCopy.Write(host, real, KeptSuffix, step.OldText));
            AtomicFile.Replace(host, real, step.NewText);
            return;
        }
        using HostFile file = host.Open(step.FilePath, HostAccess.ReadWrite);
        string path = host.ResolveLinks(step.FilePath);
        byte[] content = new UndoFile(HostPath.NameOf(path), file.Length, step.Changes).ToBytes();
        undo.Add(KeptCopy.Write(host, path, UndoSuffix, content));
        for (int i = 0; i < step.Changes.Count; i++)
        {
            ByteChange change = step.Changes[i];
            if (i > 0 && i == step.Changes.Count - 1) { file.Flush(); }
            file.Write(change.OffsetBytes, change.New.Span);
            if (change.Old.Length < change.New.Length) { file.Flush(); }
        }
        file.Flush();
    }

    private static void ThrowIfForeign(HostFile file, UndoFile undo, int index, FindingList findings)
    {
        // What lies behind the old end of the file is the repair's own, whole or not, and is cut off.
        ByteChange change = undo.Changes[index];
        int length = change.Old.Length;
        bool isKnown = Holds(file, change.OffsetBytes, change.New.Span[..length], length)
            || Holds(file, change.OffsetBytes, change.Old.Span, length)
            || undo.Changes.Skip(index + 1).Any(later => later.OffsetBytes < change.OffsetBytes + change.New.Length
                && change.OffsetBytes < later.OffsetBytes + later.New.Length);
        if (!isKnown)
        {
            throw findings.Refuse(RepairFindings.UndoOutdated, file.Path,
                "a sector holds neither what the repair wrote nor what was there before", change.OffsetBytes);
        }
    }

    // True when the range of the file holds exactly these bytes; fewer than its length means that the file ends there.
    private static bool Holds(HostFile file, long offset, ReadOnlySpan<byte> expected, int rangeLength)
    {
        long available = Math.Clamp(file.Length - offset, 0, rangeLength);
        if (available != expected.Length) { return false; }
        byte[] found = new byte[expected.Length];
        file.Read(offset, found);
        return expected.SequenceEqual(found);
    }
}
