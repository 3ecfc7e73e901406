using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Cowd;

/// <summary>Reads a COWD (vmfsSparse) extent. Owns its file; thread-safe.</summary>
public sealed class CowdReader : ISparseLayer
{
    private readonly HostFile file;
    private readonly GrainMap map;

    private CowdReader(HostFile file, CowdLayout layout)
    {
        this.file = file;
        Layout = layout;
        map = new GrainMap(file, layout.Geometry);
    }

    /// <summary>What the header says.</summary>
    public CowdLayout Layout { get; }

    /// <inheritdoc/>
    public long Length => Layout.CapacityBytes;

    /// <inheritdoc/>
    public int GrainBytes => Layout.GrainBytes;

    /// <summary>
    /// Opens an extent and takes the file over; <see cref="CowdCheck"/> looks at its tables.
    /// </summary>
    /// <exception cref="ImageException">The bytes cannot be understood. The file stays the
    /// caller's.</exception>
    public static CowdReader Open(HostFile file, FindingList findings)
    {
        CowdLayout? layout = CowdLayout.Load(file, findings);
        findings.ThrowIfRefused();
        return new CowdReader(file, layout!);
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> target) => map.Read(offset, target);

    /// <inheritdoc/>
    public BlockRun GetRun(long offset, long length) => map.GetRun(offset, length);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
