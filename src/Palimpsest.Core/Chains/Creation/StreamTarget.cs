using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>Writes a new disk as a stream.</summary>
internal static class StreamTarget
{
    /// <summary>Writes all of <paramref name="source"/> into the file of <paramref name="disk"/>.</summary>
    public static void Write(
        HostFile file, IBlockReader source, NewDisk disk, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        throw new Findings.BlockException(Findings.BlockErrorKind.Unsupported, file.Path, null, "streams are not written yet");
    }
}
