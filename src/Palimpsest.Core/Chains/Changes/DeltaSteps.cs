using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>Does the steps that make and empty deltas.</summary>
internal sealed class DeltaSteps(DiskOpenOptions options, string folder)
{
    private readonly IHost host = options.Host;

    // Crash order: NewDisk gives a disk its descriptor, or its only name, last. Data files without one are of an
    // interrupted run of this step, for their names were free when it was written down.

    /// <summary>Makes the delta, unless it is there.</summary>
    public void Create(NewDeltaStep step)
    {
        string path = HostPath.Combine(folder, step.Path);
        if (host.Stat(path) is not null) { return; }
        DiskLayout layout = DiskLayout.For(step.Kind, path, step.CapacityBytes);
        foreach (ExtentLine line in layout.Extents)
        {
            string extentPath = HostPath.Combine(HostPath.FolderOf(path), line.FileName!);
            if (host.Stat(extentPath) is not null) { host.Delete(extentPath); }
        }
        DiskCreator.Create(new DiskCreation
        {
            Path = path,
            CapacityBytes = step.CapacityBytes,
            Kind = step.Kind,
            Parent = new DeltaParent(step.ParentHint, step.ParentContentId),
            ContentId = step.ContentId,
            PermissionsLike = step.PermissionsLike is { } like ? HostPath.Combine(folder, like) : null,
            Host = host,
        }, CancellationToken.None);
    }

    // Crash order: the parent holds everything by now. (1) The descriptor, so that the delta stands on that parent;
    // with its data or without, it reads the same. (2) Each data file by rename. Where the descriptor lies inside the
    // data file, both are one rename.

    /// <summary>Replaces the delta's data by nothing.</summary>
    public void Empty(EmptyDeltaStep step)
    {
        string path = HostPath.Combine(folder, step.Path);
        Link link = LinkProbe.Read(host, path, new FindingList());
        var editor = new DescriptorEditor(link.Descriptor!);
        editor.Set("parentFileNameHint", step.ParentHint);
        editor.SetParentContentId(step.ParentContentId);
        editor.Remove("changeTrackPath");
        if (link.Format == LinkFormat.MonolithicSparse)
        {
            Replace(path, link.Descriptor!.Extents[0], editor.ToBytes());
            return;
        }
        DescriptorStore.Write(host, link.DescriptorPlace!, editor.ToBytes());
        var names = new HostNames(host, options.AllowOutside);
        var findings = new FindingList();
        foreach (ExtentLine line in link.Descriptor!.Extents.Where(line => line.FileName is not null))
        {
            Replace(ExtentPaths.Of(link, line, names, findings), line, null);
        }
    }

    private void Replace(string path, ExtentLine line, byte[]? descriptor)
    {
        string part = path + NewDisk.UnfinishedSuffix;
        if (host.Stat(part) is not null) { host.Delete(part); }
        using (HostFile file = host.Open(part, HostAccess.CreateNew))
        {
            if (line.Type == ExtentType.VmfsSparse)
            {
                CowdFile.Create(file, new CowdCreation { CapacityBytes = line.LengthBytes });
            }
            else
            {
                HostedSparseFile.Create(file, new HostedSparseCreation
                {
                    CapacityBytes = line.LengthBytes, EmbeddedDescriptor = descriptor,
                });
            }
            file.Flush();
        }
        host.MatchPermissions(path, part);
        host.Rename(part, path);
        host.FlushFolder(HostPath.FolderOf(path));
    }
}
