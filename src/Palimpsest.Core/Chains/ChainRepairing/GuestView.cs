using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Partitions;

namespace Palimpsest.Core.Chains.ChainRepairing;

/// <summary>What a guest would find on a disk: partitions and file systems.</summary>
/// <param name="Text">In plain words.</param>
/// <param name="FileSystemCount">File systems whose first bytes are there.</param>
internal sealed record GuestView(string Text, int FileSystemCount)
{
    /// <summary>Looks at a disk. Nothing is thrown for what it holds.</summary>
    public static GuestView Of(IBlockReader disk)
    {
        const int ShownNames = 6;
        PartitionTable table = PartitionTable.Read(disk, new FindingList());
        string[] systems = [.. table.Partitions.Where(partition => partition.FitsIn(disk.Length))
            .Select(partition => partition.FileSystemHint).OfType<string>()];
        if (table.Partitions.Count == 0)
        {
            return table.FileSystemHint is { } only ? new GuestView($"{only} on the whole disk", 1)
                : new GuestView("no partition table and no file system that is known", 0);
        }
        string names = systems.Length == 0 ? "no file system that is known"
            : string.Join(", ", systems.Take(ShownNames)) + (systems.Length > ShownNames ? ", ..." : "");
        return new GuestView(
            $"{table.Partitions.Count} partitions ({table.Scheme}), in them {names}", systems.Length);
    }
}
