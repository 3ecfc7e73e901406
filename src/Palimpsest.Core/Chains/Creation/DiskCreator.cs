using Palimpsest.Core.Blocks;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>Creates empty disks.</summary>
public static class DiskCreator
{
    /// <summary>
    /// Creates a disk and returns its files, the descriptor's first. Nothing is left when it fails.
    /// </summary>
    public static IReadOnlyList<string> Create(DiskCreation creation, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(creation);
        bool isStream = creation.Kind.Equals(
            Formats.Vmdk.Descriptor.CreateTypes.StreamOptimized, StringComparison.OrdinalIgnoreCase);
        if (isStream && !creation.BootSector.IsEmpty)
        {
            throw new Findings.BlockException(Findings.BlockErrorKind.Refused, creation.Path, null,
                "a streamOptimized disk is written once, from a finished disk; create another kind and "
                + "convert it");
        }
        using NewDisk disk = NewDisk.Begin(creation, cancellation);
        if (isStream)
        {
            using HostFile file = disk.OpenStreamTarget();
            using var empty = new HoleReader(creation.CapacityBytes);
            StreamTarget.Write(file, empty, disk, null, cancellation);
        }
        disk.Commit();
        return disk.Files;
    }
}
