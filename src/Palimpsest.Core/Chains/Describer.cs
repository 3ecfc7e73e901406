using Palimpsest.Core.Chains.Describing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>
/// Rebuilds the descriptor of data that lost it: first a proposal with the source of each value, then, on
/// request, the file. What cannot be known is refused or said; no value is passed off for more than it is.
/// </summary>
public static class Describer
{
    private const string KeptSuffix = "before-describe";

    /// <summary>
    /// Looks at the data that <paramref name="path"/> names (or at the data of the lost descriptor it names)
    /// and at everything beside it. Writes nothing.
    /// </summary>
    /// <exception cref="ImageException">It is no data without a descriptor, or something it needs cannot be
    /// known.</exception>
    /// <exception cref="BlockException">The host failed.</exception>
    public static DescriptionProposal Propose(IHost host, string path, DescribeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new DescribeOptions();
        var findings = new FindingList();
        DataSet data = DataSet.Find(host, path, findings);
        string targetPath = data.Place?.Path ?? options.TargetPath
            ?? HostPath.Combine(data.Folder, data.DiskName);
        if (data.Place is null) { ThrowIfOccupied(host, targetPath, findings); }
        FolderSurvey survey = FolderSurvey.Read(host, data.Folder, data.DiskName, findings);
        var draft = new DescriptionDraft(host, data, survey, options, findings);
        byte[] text = draft.Build();
        if (text.Length > data.Place?.AreaBytes)
        {
            throw findings.Refuse(DescribeFindings.NoRoom, targetPath,
                $"the text has {text.Length} bytes, the area {data.Place.AreaBytes}", data.Place.OffsetBytes);
        }

        // What is written must be a descriptor to our own parser, or nothing is proposed.
        DescriptorParser.Parse(text, targetPath, findings);
        findings.ThrowIfRefused();
        return new DescriptionProposal
        {
            DataPath = path, TargetPath = targetPath, EmbeddedPlace = data.Place, Text = text,
            Evidence = draft.Evidence, Findings = findings,
        };
    }

    // Crash order: (1) what lies at the target, worthless as it is, goes to a file of its own, flushed; (2)
    // the new text replaces it. For a text file that is one step. Inside of an extent it is the area's
    // sectors from the last to the second, flush, then the first one, flush. A cut before (2) leaves the disk
    // without a descriptor, as it was, and so does one between two sectors: an area that is half new and half
    // old is accepted like any other that holds no descriptor. The lines by which one is known (version, CID,
    // createType) are all in the first sector, so the new sectors behind it never pass for a descriptor, and
    // the first sector never stands before an old one. Running it again finishes.

    /// <summary>
    /// Writes a proposal. Never over a descriptor or data: only over nothing, an empty file, or a small file
    /// that is neither, which is kept as <c>NAME.vmdk.before-describe-N</c>.
    /// </summary>
    /// <exception cref="ImageException">Something is in its place by now.</exception>
    /// <exception cref="BlockException">The host failed, or somebody else holds the extent.</exception>
    public static DescriptionResult Write(IHost host, DescriptionProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(proposal);
        return proposal.EmbeddedPlace is { } place
            ? WriteInside(host, proposal, place) : WriteBeside(host, proposal);
    }

    private static DescriptionResult WriteBeside(IHost host, DescriptionProposal proposal)
    {
        string path = proposal.TargetPath;
        ThrowIfOccupied(host, path, new FindingList());
        string? kept = null;
        if (host.Stat(path) is { LengthBytes: > 0 } entry)
        {
            byte[] old = new byte[entry.LengthBytes];
            using (HostFile file = host.Open(path, HostAccess.Read)) { file.Read(0, old); }
            kept = KeptCopy.Write(host, path, KeptSuffix, old);
        }
        AtomicFile.Replace(host, path, proposal.Text);
        return new DescriptionResult(path, kept);
    }

    private static DescriptionResult WriteInside(IHost host, DescriptionProposal proposal,
        DescriptorPlace place)
    {
        using IDisposable writer = host.LockForWriting(place.Path);
        using HostFile file = host.Open(place.Path, HostAccess.ReadWrite);
        byte[] old = new byte[place.AreaBytes!.Value];
        file.Read(place.OffsetBytes, old);
        if (VmdkDescriptor.LooksLikeDescriptor(
            old.AsSpan(0, Math.Min(old.Length, FileSignatures.ProbeBytes))))
        {
            throw new FindingList().Refuse(DescribeFindings.DescriptorExists, place.Path,
                "there is a descriptor inside by now", place.OffsetBytes);
        }
        string? kept = old.AsSpan().ContainsAnyExcept((byte)0)
            ? KeptCopy.Write(host, place.Path, KeptSuffix, old) : null;
        foreach (ByteChange change in ByteChange.ForEmbedded(file, place, proposal.Text))
        {
            if (change.OffsetBytes == place.OffsetBytes) { file.Flush(); }
            file.Write(change.OffsetBytes, change.New.Span);
        }
        file.Flush();
        return new DescriptionResult(place.Path, kept);
    }

    private static void ThrowIfOccupied(IHost host, string path, FindingList findings)
    {
        if (host.Stat(path) is not { } entry) { return; }
        string? reason = entry.Kind != HostEntryKind.File ? $"it is a {entry.Kind}".ToLowerInvariant()
            : entry.LengthBytes > VmdkDescriptor.MaximumBytes
            ? $"it has {entry.LengthBytes} bytes and may be data" : null;
        if (reason is null && entry.LengthBytes > 0)
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            byte[] start = new byte[Math.Min(file.Length, FileSignatures.ProbeBytes)];
            file.Read(0, start);
            FileSignature signature = FileSignatures.Of(start);
            if (signature != FileSignature.Unknown) { reason = $"it begins as {signature}"; }
        }
        if (reason is not null) { throw findings.Refuse(DescribeFindings.DescriptorExists, path, reason); }
    }
}
