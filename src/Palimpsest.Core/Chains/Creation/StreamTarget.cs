using Palimpsest.Core.Blocks;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Creation;

/// <summary>Writes a new disk as a stream.</summary>
internal static class StreamTarget
{
    /// <summary>Writes all of <paramref name="source"/> into the file of <paramref name="disk"/>.</summary>
    public static void Write(
        HostFile file, IBlockReader source, NewDisk disk, IProgress<CopyProgress>? progress,
        CancellationToken cancellation)
    {
        var writer = new StreamOptimizedWriter(file, source.Length, disk.Descriptor.ToArray());
        writer.Write(source, done => progress?.Report(new CopyProgress(done, source.Length)), cancellation);
    }
}
