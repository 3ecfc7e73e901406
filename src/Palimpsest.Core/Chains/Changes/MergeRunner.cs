using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>Does a <see cref="MergeStep"/>.</summary>
/// <remarks>
/// Crash order. (1) The target gets its new CID, durably: a child that the merge does not know of will refuse it from
/// then on. (2) The link above gets the same as its parentCID. Between the two the written-down change says that they
/// belong together. (3) Data. Whatever is copied, the head hides it with the same bytes, so its content does not
/// change. (4) A flush, and a note of how far it is, every few gigabytes; at the end a flush. A cut anywhere leaves the
/// head with its content; the target alone is refused until the step is done.
/// </remarks>
internal sealed class MergeRunner(DiskOpenOptions options, string folder, FindingList findings)
{
    private const long WindowBytes = 4L << 30, CheckpointBytes = 4L << 30;

    /// <summary>Called with the offset up to which everything is durable.</summary>
    public required Action<long> Checkpoint { get; init; }

    /// <summary>Merges, and returns how many bytes it wrote.</summary>
    public long Run(MergeStep step, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        IHost host = options.Host;
        string headPath = HostPath.Combine(folder, step.Head), targetPath = HostPath.Combine(folder, step.Target);
        IReadOnlyList<Link> links = LinksOf(headPath);
        int targetIndex = links.ToList().FindIndex(link => host.ResolveLinks(link.Path) == targetPath);
        if (targetIndex < 1) { throw Outdated(headPath, $"it does not stand on {targetPath}"); }
        Announce(step, links[targetIndex], links[targetIndex - 1]);

        // While the head has its CID nobody wrote to it, and what was copied before is still what it holds.
        long start = links[0].Descriptor!.ContentId == step.HeadContentId ? step.DoneBytes : 0;
        if (start < 0 || start % Sector.Bytes != 0) { start = 0; }
        long written;
        using (var stack = new MergeStack(options, LinksOf(headPath), targetIndex, isWritable: true, findings))
        {
            written = Copy(stack, Math.Min(start, stack.Target.Length), progress, cancellation);
            stack.Device.Flush();
        }
        if (step.Verifies) { Verify(LinksOf(headPath), targetIndex, targetPath, progress, cancellation); }
        return written;
    }

    private IReadOnlyList<Link> LinksOf(string headPath)
    {
        using DiskInspection inspection = Disk.Inspect(headPath, options with { IsWritable = false });
        if (inspection.Refusal is { } refusal) { throw refusal; }
        return inspection.Links;
    }

    private void Announce(MergeStep step, Link target, Link above)
    {
        if (target.Descriptor!.ContentId is var id && id != step.OldContentId && id != step.NewContentId)
        {
            throw Outdated(target.Path, $"its CID is {id:x8}");
        }
        Edit(target, editor =>
        {
            editor.SetContentId(step.NewContentId);
            editor.Remove("changeTrackPath");
        });
        Edit(above, editor => editor.SetParentContentId(step.NewContentId));
    }

    private void Edit(Link link, Action<DescriptorEditor> change)
    {
        var editor = new DescriptorEditor(link.Descriptor!);
        change(editor);
        DescriptorStore.Write(options.Host, link.DescriptorPlace!, editor.ToBytes());
    }

    private long Copy(MergeStack stack, long start, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        long length = stack.Upper.Length, written = 0, sinceCheckpoint = 0;
        for (long offset = start; offset < length;)
        {
            long count = Math.Min(WindowBytes, length - offset);
            long held = HeldBytes(stack.Upper, offset, count, cancellation);
            if (held > 0)
            {
                using var source = new SliceReader(stack.Upper, offset, count);
                using var target = new SliceDevice(stack.Device, offset, count);
                long done = offset;
                BlockCopier.Copy(source, target, new CopyOptions { LeavesHoles = true },
                    progress is null ? null : new Shifted(progress, done, length), cancellation);
            }
            offset += count;
            written += held;
            sinceCheckpoint += held;
            progress?.Report(new CopyProgress(offset, length));
            if (sinceCheckpoint >= CheckpointBytes && offset < length)
            {
                stack.Device.Flush();
                Checkpoint(offset);
                sinceCheckpoint = 0;
            }
        }
        return written;
    }

    private static long HeldBytes(LayersAbove upper, long offset, long length, CancellationToken cancellation)
    {
        long held = 0, end = offset + length;
        while (offset < end)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRun run = upper.GetRun(offset, end - offset);
            if (run.Kind != RunKind.Hole) { held += run.LengthBytes; }
            offset += run.LengthBytes;
        }
        return held;
    }

    private void Verify(IReadOnlyList<Link> links, int targetIndex, string targetPath,
        IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        using var stack = new MergeStack(options, links, targetIndex, isWritable: false, findings);
        byte[] wanted = new byte[1 << 20], found = new byte[wanted.Length];
        for (long offset = 0; offset < stack.Upper.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRun run = stack.Upper.GetRun(offset, stack.Upper.Length - offset);
            for (long done = 0; run.Kind != RunKind.Hole && done < run.LengthBytes; done += wanted.Length)
            {
                int count = (int)Math.Min(wanted.Length, run.LengthBytes - done);
                stack.Upper.Read(offset + done, wanted.AsSpan(0, count));
                stack.Target.Read(offset + done, found.AsSpan(0, count));
                if (!wanted.AsSpan(0, count).SequenceEqual(found.AsSpan(0, count)))
                {
                    throw findings.Refuse(ChangeFindings.MergeDiffers, targetPath,
                        $"between bytes {offset + done} and {offset + done + count} of the guest's disk");
                }
            }
            offset += run.LengthBytes;
            progress?.Report(new CopyProgress(offset, stack.Upper.Length));
        }
    }

    private ImageException Outdated(string path, string message) =>
        findings.Refuse(ChangeFindings.ChangeOutdated, path, message);

    private sealed class Shifted(IProgress<CopyProgress> progress, long offset, long total) : IProgress<CopyProgress>
    {
        public void Report(CopyProgress value) => progress.Report(new CopyProgress(offset + value.DoneBytes, total));
    }
}
