using System.Buffers.Binary;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Partitions;
using Palimpsest.Tests.Blocks;
using Palimpsest.Tests.Fuzz;
using Palimpsest.Tests.Simulation;

namespace Palimpsest.Fuzz;

/// <summary>
/// One kind of input: how a disk is made around the fuzzer's bytes, and where its first inputs come from.
/// </summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Run">Takes the bytes; anything it throws is a bug.</param>
/// <param name="SeedFile">The file of a valid disk that an input replaces; null where there is none.</param>
/// <param name="MakeSeed">Makes valid disks.</param>
internal sealed record Target(
    string Name, Action<byte[]> Run, string? SeedFile = null, Func<int, FuzzImage>? MakeSeed = null)
{
    /// <summary>Where the disk is on the simulated host.</summary>
    internal const string DiskPath = DiskRecipe.Folder + "disk.vmdk";

    private const string Delta = DiskRecipe.Folder + "disk-delta.vmdk",
        SeDelta = DiskRecipe.Folder + "disk-sesparse.vmdk";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<Target> All { get; } =
    [
        new("descriptor", RunDescriptor, DiskPath, FuzzSeeds.Descriptor),
        new("kdmv", RunSelf, DiskPath, FuzzSeeds.HostedSparse),
        new("cowd", bytes => RunDelta(bytes, CreateTypes.VmfsSparse, ExtentType.VmfsSparse, Delta,
            Number(bytes, 12, 4)),
            Delta, FuzzSeeds.Cowd),
        new("sesparse",
            bytes => RunDelta(bytes, CreateTypes.SeSparse, ExtentType.SeSparse, SeDelta,
                Number(bytes, 16, 8)),
            SeDelta, FuzzSeeds.SeSparse),
        new("stream", RunSelf, DiskPath, FuzzSeeds.Stream),
        new("partitions", bytes => PartitionTable.Read(new MemoryDevice(bytes), new FindingList())),
    ];

    // Decisions within a case come from the input, so that a file repeats what the fuzzer saw.
    private static Random RandomFor(byte[] bytes) =>
        new(bytes.Length == 0 ? 0 : (bytes.Length * 31) + bytes[^1]);

    private static void RunSelf(byte[] bytes)
    {
        var host = new SimulatedHost { RoomBytes = 8 << 20 };
        host.Put(DiskPath, bytes);
        FuzzDrive.Run(host, DiskPath, RandomFor(bytes));
    }

    private static void RunDescriptor(byte[] bytes)
    {
        var host = new SimulatedHost { RoomBytes = 8 << 20 };
        host.Put(DiskRecipe.Folder + "disk-flat.vmdk", new byte[64 * 512]);
        host.Put(DiskPath, bytes);
        FuzzDrive.Run(host, DiskPath, RandomFor(bytes));
    }

    // The descriptor says the size that the header says, or every input would end at that comparison.
    private static void RunDelta(byte[] bytes, string createType, ExtentType type, string path,
        ulong sectorCount)
    {
        var host = new SimulatedHost { RoomBytes = 8 << 20 };
        host.Put(path, bytes);
        host.Put(DiskPath, new DescriptorTemplate
        {
            CreateType = createType,
            Extents =
            [
                new ExtentLine(ExtentAccess.ReadWrite, (long)Math.Min(sectorCount, long.MaxValue / 512), type,
                    path[DiskRecipe.Folder.Length..]),
            ],
            ContentId = 0x12345678,
            LongContentIdHead = new string('0', 24),
        }.ToBytes());
        FuzzDrive.Run(host, DiskPath, RandomFor(bytes));
    }

    private static ulong Number(byte[] bytes, int offset, int width)
    {
        if (bytes.Length < offset + width) { return 1; }
        return width == 4
            ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset))
            : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));
    }
}
