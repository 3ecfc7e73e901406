using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// A device whose bytes lie linearly in a host file and may be written there directly, past the device: flat
/// extents.
/// </summary>
public interface IHostMapped
{
    /// <summary>
    /// The host file and byte offset of <paramref name="offset"/>, and for how many of the
    /// <paramref name="length"/> bytes that holds (at least 1); null when the bytes must go through the
    /// device.
    /// </summary>
    HostRange? MapToHost(long offset, long length);
}

/// <summary>A linear range of a host file.</summary>
/// <param name="File">The file; borrowed.</param>
/// <param name="HostOffset">Byte offset in it.</param>
/// <param name="LengthBytes">At least 1.</param>
public readonly record struct HostRange(HostFile File, long HostOffset, long LengthBytes);
