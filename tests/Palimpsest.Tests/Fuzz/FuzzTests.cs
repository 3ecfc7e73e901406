using System.Buffers.Binary;
using System.IO.Hashing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Partitions;
using Palimpsest.Tests.Blocks;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Fuzz;

/// <summary>
/// Damaged disks by the ten thousand, each a few fields away from a valid one. Every case is bounded: in what
/// it allocates, in how often and how much it reads of the host; a watchdog names the case that hangs.
/// </summary>
public abstract class FuzzTests
{
    /// <summary>Cases of all targets together, unless PALIMPSEST_CASES says otherwise.</summary>
    private const int UsualCases = 210_000;

    private const int Targets = 6;

    // The bounds of one case. Memory is the promise of 256 MiB; a file of 1 MiB that is read 64 times over is
    // a loop.
    private const long MaximumAllocatedBytes = 256L << 20, MaximumReads = 100_000,
        MaximumBytesRead = 64L << 20;

    private static readonly TimeSpan hangGuard = TimeSpan.FromMinutes(1);

    [Fact]
    public void Damage_comes_out_as_findings()
    {
        int count = Math.Max(1, RandomCases.Count(UsualCases) / Targets), current = -1;
        Exception? failure = null;
        var worker = new Thread(() =>
        {
            try
            {
                for (int i = 0; i < count; i++)
                {
                    Volatile.Write(ref current, i);
                    RunCase(RandomCases.Seed + i);
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
        })
        { IsBackground = true };
        worker.Start();
        for (int seen = -1; !worker.Join(hangGuard); seen = Volatile.Read(ref current))
        {
            Assert.True(seen != Volatile.Read(ref current),
                $"PALIMPSEST_SEED={RandomCases.Seed + seen} hangs");
        }
        Assert.True(failure is null, $"PALIMPSEST_SEED={RandomCases.Seed + current}: {failure}");
    }

    /// <summary>Runs one case and throws what is wrong with it.</summary>
    protected abstract void RunCase(int seed);

    private protected static void RunDisk(FuzzImage[] images, int seed)
    {
        var random = new Random(seed);
        FuzzImage image = images[random.Next(images.Length)];
        Dictionary<string, byte[]> files = new FuzzMutator(random).Damage(image);
        var host = new SimulatedHost { RoomBytes = 8 << 20 };
        foreach ((string path, byte[] bytes) in files) { host.Put(path, bytes); }
        long before = GC.GetAllocatedBytesForCurrentThread();
        FuzzDrive.Run(host, image.OpenPath, random);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= MaximumAllocatedBytes, $"{allocated} bytes allocated");
        Assert.True(host.CountOf(HostOperation.Read) <= MaximumReads,
            $"{host.CountOf(HostOperation.Read)} reads");
        Assert.True(host.BytesRead <= MaximumBytesRead, $"{host.BytesRead} bytes read");
    }

    private protected static FuzzImage[] Seeds(Func<int, FuzzImage> make) =>
        [.. Enumerable.Range(0, 8).Select(make)];
}

/// <summary>Descriptors, tokens and lines changed.</summary>
public sealed class DescriptorFuzz : FuzzTests
{
    private readonly FuzzImage[] images = Seeds(FuzzSeeds.Descriptor);

    protected override void RunCase(int seed) => RunDisk(images, seed);
}

/// <summary>Hosted sparse extents.</summary>
public sealed class HostedSparseFuzz : FuzzTests
{
    private readonly FuzzImage[] images = Seeds(FuzzSeeds.HostedSparse);

    protected override void RunCase(int seed) => RunDisk(images, seed);
}

/// <summary>ESX deltas.</summary>
public sealed class CowdFuzz : FuzzTests
{
    private readonly FuzzImage[] images = Seeds(FuzzSeeds.Cowd);

    protected override void RunCase(int seed) => RunDisk(images, seed);
}

/// <summary>Space-efficient deltas.</summary>
public sealed class SeSparseFuzz : FuzzTests
{
    private readonly FuzzImage[] images = Seeds(FuzzSeeds.SeSparse);

    protected override void RunCase(int seed) => RunDisk(images, seed);
}

/// <summary>Compressed streams.</summary>
public sealed class StreamFuzz : FuzzTests
{
    private readonly FuzzImage[] images = Seeds(FuzzSeeds.Stream);

    protected override void RunCase(int seed) => RunDisk(images, seed);
}

/// <summary>
/// Partition tables; their checksums are often made right again, so that what lies behind them is reached.
/// </summary>
public sealed class PartitionFuzz : FuzzTests
{
    private const int Sectors = 200, HeaderBytes = 92, Entries = 16;

    protected override void RunCase(int seed)
    {
        var random = new Random(seed);
        byte[] disk = random.Next(2) == 0 ? BootRecordDisk(random) : GuidDisk(random);
        using var device = new MemoryDevice(disk);
        long before = GC.GetAllocatedBytesForCurrentThread();
        PartitionTable table = PartitionTable.Read(device, new FindingList());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16 << 20);
        Assert.All(table.Partitions,
            partition => Assert.True(partition is { StartOffset: >= 0, LengthBytes: >= 0 }));
    }

    private static byte[] BootRecordDisk(Random random)
    {
        byte[] disk = new byte[Sectors * 512];
        for (int record = 0; record < 6; record++)
        {
            Span<byte> sector = disk.AsSpan((record == 0 ? 0 : random.Next(Sectors)) * 512, 512);
            (sector[510], sector[511]) = (0x55, 0xAA);
            for (int entry = 0; entry < 4; entry++)
            {
                Span<byte> fields = sector.Slice(446 + (entry * 16), 16);
                fields[0] = (byte)(random.Next(2) * 0x80);
                byte[] types = [0, 5, 7, 0x0F, 0x83, 0x85, 0xEE, (byte)random.Next(256)];
                fields[4] = types[random.Next(types.Length)];
                BinaryPrimitives.WriteUInt32LittleEndian(fields[8..], Number(random));
                BinaryPrimitives.WriteUInt32LittleEndian(fields[12..], Number(random));
            }
        }
        for (int i = random.Next(4); i > 0; i--) { disk[random.Next(1024)] = (byte)random.Next(256); }
        return disk;
    }

    private static byte[] GuidDisk(Random random)
    {
        byte[] disk = new byte[Sectors * 512];
        (disk[510], disk[511], disk[450], disk[454], disk[458]) = (0x55, 0xAA, 0xEE, 1, 0xFF);
        WriteCopy(disk, random, 1, Sectors - 1, 2);
        WriteCopy(disk, random, Sectors - 1, 1, Sectors - 1 - (Entries * 128 / 512));
        if (random.Next(4) == 0) { disk[random.Next(disk.Length)] ^= (byte)(1 << random.Next(8)); }
        if (random.Next(8) == 0) { return disk[..random.Next(512, disk.Length)]; }
        return disk;
    }

    private static void WriteCopy(byte[] disk, Random random, int own, int other, int entriesSector)
    {
        Span<byte> header = disk.AsSpan(own * 512, 512);
        "EFI PART"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], 0x10000);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], HeaderBytes);
        ulong[] sectors = [(ulong)own, (ulong)other, 6, Sectors - 6];
        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header[(24 + (i * 8))..], sectors[i]);
        }
        BinaryPrimitives.WriteUInt64LittleEndian(header[72..], (ulong)entriesSector);
        BinaryPrimitives.WriteUInt32LittleEndian(header[80..], Entries);
        BinaryPrimitives.WriteUInt32LittleEndian(header[84..], 128);
        Span<byte> entries = disk.AsSpan(entriesSector * 512, Entries * 128);
        for (int i = 0; i < Entries; i += 1 + random.Next(4))
        {
            Span<byte> entry = entries.Slice(i * 128, 128);
            random.NextBytes(entry);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], Wide(random));
            BinaryPrimitives.WriteUInt64LittleEndian(entry[40..], Wide(random));
        }
        BinaryPrimitives.WriteUInt32LittleEndian(header[88..], Crc32.HashToUInt32(entries));

        // One field to an edge value before the checksum, so that the header is believed.
        if (random.Next(2) == 0)
        {
            int[] places = [12, 24, 32, 40, 48, 72, 80, 84, 88];
            BinaryPrimitives.WriteUInt32LittleEndian(header[places[random.Next(places.Length)]..],
                Number(random));
        }
        int length = (int)Math.Min(512, BinaryPrimitives.ReadUInt32LittleEndian(header[12..]));
        header.Slice(16, 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], Crc32.HashToUInt32(header[..length]));
    }

    private static uint Number(Random random) => random.Next(6) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => 0x80000000,
        _ => (uint)random.Next(Sectors + 4),
    };

    private static ulong Wide(Random random) => random.Next(6) switch
    {
        0 => ulong.MaxValue,
        1 => long.MaxValue,
        2 => ulong.MaxValue / 512,
        _ => (ulong)random.Next(Sectors + 4),
    };
}
