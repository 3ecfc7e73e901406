using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Partitions;

/// <summary>
/// The disk whose tables are read, together with the list that hears of what is wrong with them.
/// </summary>
internal sealed class SectorSource(IBlockReader disk, FindingList findings, string path)
{
    public IBlockReader Disk => disk;

    /// <summary>
    /// Fills <paramref name="target"/>; false, with a finding, where the disk ends or cannot be read.
    /// </summary>
    public bool TryRead(long offset, Span<byte> target)
    {
        if (offset < 0 || offset > disk.Length - target.Length) { return false; }
        try
        {
            disk.Read(offset, target);
            return true;
        }
        catch (BlockException error)
        {
            Add(PartitionFindings.Unreadable, error.Message, offset);
            return false;
        }
    }

    public void Add(FindingCode code, string message, long offset) =>
        findings.Add(code, path, message, offset);
}
