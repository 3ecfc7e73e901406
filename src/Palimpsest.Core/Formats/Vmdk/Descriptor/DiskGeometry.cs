using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>Cylinders, heads and sectors per track, as a descriptor's database holds them.</summary>
public readonly record struct DiskGeometry(long Cylinders, int Heads, int SectorsPerTrack)
{
    private const long GiBSectors = (1L << 30) / Sector.Bytes;

    /// <summary>
    /// The geometry VMware writes for a capacity and adapter. IDE: 16 heads, 63 sectors, at most 16383
    /// cylinders (VMware, Virtual Disk Format 5.0). SCSI: 64/32 below 1 GiB, 128/32 below 2 GiB, 255/63 from
    /// there on, at most 65535 cylinders (values of real ESXi descriptors).
    /// </summary>
    public static DiskGeometry For(long capacityBytes, string adapterType)
    {
        long sectors = capacityBytes / Sector.Bytes;
        if (adapterType.Equals("ide", StringComparison.OrdinalIgnoreCase))
        {
            return new DiskGeometry(Math.Min(sectors / (16 * 63), 16383), 16, 63);
        }
        (int heads, int perTrack) = sectors < GiBSectors ? (64, 32) : sectors < 2 * GiBSectors
            ? (128, 32) : (255, 63);
        return new DiskGeometry(Math.Min(sectors / (heads * perTrack), 65535), heads, perTrack);
    }

    /// <summary>The geometry a descriptor declares; null when it declares none or not in numbers.</summary>
    public static DiskGeometry? From(VmdkDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return long.TryParse(descriptor.Database("geometry.cylinders"), out long cylinders)
            && int.TryParse(descriptor.Database("geometry.heads"), out int heads)
            && int.TryParse(descriptor.Database("geometry.sectors"), out int perTrack)
            && cylinders >= 0 && heads >= 0 && perTrack >= 0
            ? new DiskGeometry(cylinders, heads, perTrack) : null;
    }
}
