namespace Palimpsest.Core.Platform;

/// <summary>The unit of every VMDK structure: 512 bytes, whatever the guest's or host's disks say.</summary>
public static class Sector
{
    /// <summary>Bytes in a sector.</summary>
    public const int Bytes = 512;

    /// <summary>Sectors needed for <paramref name="lengthBytes"/> bytes, rounded up.</summary>
    public static long CountFor(long lengthBytes) =>
        (lengthBytes / Bytes) + (lengthBytes % Bytes == 0 ? 0 : 1);
}
