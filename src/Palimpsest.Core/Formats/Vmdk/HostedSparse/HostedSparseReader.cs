using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>
/// Reads an uncompressed hosted sparse ("KDMV") extent. Owns its file; thread-safe. Where the grain directory
/// or a grain table is damaged, the redundant copy answers; where both are, reading the range is an error.
/// </summary>
public sealed class HostedSparseReader : ISparseLayer
{
    private readonly HostFile file;
    private readonly GrainMap map;

    private HostedSparseReader(HostFile file, HostedSparseLayout layout)
    {
        this.file = file;
        Layout = layout;
        map = new GrainMap(file, layout.Geometry);
    }

    /// <summary>What the header says.</summary>
    public HostedSparseLayout Layout { get; }

    /// <summary>The header as it is in the file.</summary>
    public SparseHeader Header => Layout.Header;

    /// <inheritdoc/>
    public long Length => Layout.CapacityBytes;

    /// <summary>Guest-visible bytes, the same as <see cref="Length"/>.</summary>
    public long CapacityBytes => Layout.CapacityBytes;

    /// <inheritdoc/>
    public int GrainBytes => Layout.GrainBytes;

    /// <summary>The area of the embedded descriptor, or null when there is none.</summary>
    public EmbeddedDescriptorArea? EmbeddedDescriptorRange => Layout.EmbeddedDescriptor;

    /// <summary>
    /// Opens an extent and takes the file over. Damage of the first 4,096 entries of the directories is among
    /// the findings afterwards; <see cref="HostedSparseCheck"/> looks at everything.
    /// </summary>
    /// <exception cref="ImageException">The bytes cannot be understood. The file stays the
    /// caller's.</exception>
    public static HostedSparseReader Open(HostFile file, FindingList findings)
    {
        HostedSparseLayout? layout = HostedSparseLayout.Load(file, findings);
        findings.ThrowIfRefused();
        var reader = new HostedSparseReader(file, layout!);
        HostedSparseDirectories.Report(reader.map, file.Path, findings);
        return reader;
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target) => map.Read(offset, target);

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length) => map.GetRun(offset, length);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
