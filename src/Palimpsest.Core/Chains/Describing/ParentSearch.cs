using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Describing;

/// <summary>The parent of a delta whose descriptor is lost.</summary>
/// <param name="Hint">What goes into <c>parentFileNameHint</c>.</param>
/// <param name="Descriptor">Its descriptor.</param>
/// <param name="Source">Who says so.</param>
/// <param name="Confidence">How sure.</param>
internal sealed record FoundParent(string Hint, VmdkDescriptor Descriptor, string Source,
    Confidence Confidence);

/// <summary>
/// Finds the parent of a delta: by the user's word, by the snapshot list, or because only one disk can be it.
/// A delta on a wrong parent gives a mixture that looks like a disk, so everything less is refused.
/// </summary>
internal sealed class ParentSearch(IHost host, DataSet data, FolderSurvey survey, FindingList findings)
{
    private const string User = "the command line";

    public FoundParent Find(string? namedByUser)
    {
        if (namedByUser is not null) { return FromUser(namedByUser); }
        if (FromSnapshotList() is { } listed)
        {
            if (survey.Find(listed.Name) is { } sibling)
            {
                ThrowUnlessFits(sibling.Name, sibling.Descriptor);
                return new FoundParent(sibling.Name, sibling.Descriptor, listed.Source, Confidence.Likely);
            }
            throw findings.Refuse(DescribeFindings.ParentDescriptorMissing,
                HostPath.Combine(data.Folder, data.DiskName),
                $"{listed.Source} says that the parent is \"{DescriptorParser.Printable(listed.Name)}\", "
                + "and there is no "
                + $"readable descriptor of that name in {data.Folder}");
        }
        return ByElimination();
    }

    /// <summary>
    /// True when the parent's size is the delta's: exactly, or rounded up to whole grains by the header.
    /// </summary>
    public static bool Fits(DataSet data, long parentSectors) =>
        data.SectorCount >= parentSectors && data.SectorCount - parentSectors < data.GrainSectors;

    private FoundParent FromUser(string path)
    {
        string real = host.ResolveLinks(path);
        VmdkDescriptor? descriptor = LinkProbe.Read(host, real, findings).Descriptor;
        findings.ThrowIfRefused();
        if (descriptor is null)
        {
            throw findings.Refuse(DescribeFindings.ParentDescriptorMissing, real, "it has no descriptor");
        }
        ThrowUnlessFits(real, descriptor);
        string hint = HostPath.FolderOf(real) == data.Folder ? HostPath.NameOf(real) : real;
        return new FoundParent(hint, descriptor, User, Confidence.Certain);
    }

    // A snapshot's entry names the link it froze. So a link's parent is what the snapshot before it froze: of
    // one that is frozen itself, the snapshot's parent; of the one the machine runs from, the current
    // snapshot.
    private (string Name, string Source)? FromSnapshotList()
    {
        string? node = survey.AttachmentOf(data.DiskName) is { IsSure: true } attachment
            ? attachment.Disk.Node : null;
        foreach ((string file, VmsdFile list) in survey.SnapshotLists)
        {
            foreach (VmsdSnapshot snapshot in list.Snapshots)
            {
                VmsdDisk? frozen = snapshot.Disks.FirstOrDefault(disk => disk.BareName == data.DiskName);
                if (frozen is not null && list.Find(snapshot.ParentUid) is { } before
                    && FrozenBy(before, frozen.Node ?? node) is { } parent)
                {
                    return (parent, $"{file}, snapshot {before.Uid}");
                }
            }
            bool isRunning = survey.Settings.Any(settings =>
                settings.File.Disks.Any(disk => disk.BareName == data.DiskName));
            if (isRunning && list.Find(list.CurrentUid) is { } current && FrozenBy(current, node) is { } last)
            {
                return (last, $"{file}, snapshot {current.Uid} (current)");
            }
        }
        return null;
    }

    private string? FrozenBy(VmsdSnapshot snapshot, string? node)
    {
        VmsdDisk? disk = snapshot.Disks.FirstOrDefault(disk => node is not null && disk.Node == node)
            ?? snapshot.Disks.FirstOrDefault(disk =>
                DataSet.StemOf(disk.BareName) == DataSet.StemOf(data.DiskName));
        return disk is null || disk.BareName == data.DiskName ? null : disk.BareName;
    }

    private FoundParent ByElimination()
    {
        string stem = DataSet.StemOf(data.DiskName);
        List<Sibling> family =
        [
            .. survey.Siblings.Where(sibling => DataSet.StemOf(sibling.Name) == stem
                && !survey.DescendsFrom(sibling.Name, data.DiskName)
                && sibling.CapacityBytes is { } capacity && Fits(data, capacity / Sector.Bytes)),
        ];

        // One that has another child already is the parent of a branch at most; the end of the chain is
        // likelier.
        List<Sibling> ends = family.FindAll(sibling => !survey.ChildrenOf(sibling.Name).Any());
        List<Sibling> plausible = ends.Count > 0 ? ends : family;
        if (plausible.Count == 1)
        {
            return new FoundParent(plausible[0].Name, plausible[0].Descriptor,
                $"the only disk in the folder that it can stand on ({stem}, {data.SectorCount} sectors)",
                family.Count == 1 ? Confidence.Likely : Confidence.Weak);
        }
        string path = HostPath.Combine(data.Folder, data.DiskName);
        throw findings.Refuse(DescribeFindings.ParentUnknown, path, plausible.Count == 0
            ? $"no descriptor in {data.Folder} belongs to {stem} and has {data.SectorCount} sectors"
            : $"it could be {string.Join(" or ", plausible.Select(sibling => sibling.Name))}");
    }

    private void ThrowUnlessFits(string name, VmdkDescriptor descriptor)
    {
        long sectors = descriptor.CapacityBytes / Sector.Bytes;
        if (!Fits(data, sectors))
        {
            throw findings.Refuse(ChainFindings.CapacityMismatch,
                HostPath.Combine(data.Folder, data.DiskName),
                $"it has {data.SectorCount} sectors and its parent {name} {sectors}");
        }
    }
}
