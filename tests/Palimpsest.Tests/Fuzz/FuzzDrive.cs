using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Partitions;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;

namespace Palimpsest.Tests.Fuzz;

/// <summary>
/// Does with a disk what the command would do, a bounded amount of it: opens, walks, reads, checks, writes.
/// Damage may only come out as findings, <see cref="ImageException"/> or <see cref="BlockException"/>.
/// </summary>
internal static class FuzzDrive
{
    private const int RunLimit = 100, ReadBytes = 65536;

    [ThreadStatic]
    private static byte[]? buffer;

    /// <summary>Drives the disk at <paramref name="path"/>; anything that leaves here is a bug.</summary>
    internal static void Run(SimulatedHost host, string path, Random random)
    {
        bool isWritable = random.Next(6) == 0;
        try
        {
            using DiskInspection inspection = Disk.Inspect(path,
                new DiskOpenOptions { Host = host, IsWritable = isWritable,
                    AllowWriteUnderChildren = isWritable });
            if (inspection.Disk is { } disk)
            {
                Look(disk.Reader, random);
                if (disk.Device is { } device) { Change(device, random); }
                if (random.Next(8) == 0) { PartitionTable.Read(disk.Reader, new FindingList()); }
            }
        }
        catch (Exception error) when (error is BlockException or ImageException)
        {
            // Said properly; that is all a damaged disk can be asked for.
        }
        if (random.Next(3) == 0) { Check(host, random); }
    }

    private static void Look(IBlockReader reader, Random random)
    {
        long offset = 0;
        for (int i = 0; i < RunLimit && offset < reader.Length; i++)
        {
            BlockRun run = RunAt(reader, offset, reader.Length - offset);
            offset += run.LengthBytes;
        }
        for (int i = 0; i < 6 && reader.Length > 0; i++)
        {
            long place = i switch { 0 => 0, 1 => reader.Length - 1, _ => random.NextInt64(reader.Length) };
            RunAt(reader, place, reader.Length - place);
            int length = (int)Math.Min(random.Next(1, ReadBytes), reader.Length - place);
            Try(() => reader.Read(place, Buffer.AsSpan(0, length)));
        }
    }

    private static byte[] Buffer => buffer ??= new byte[ReadBytes];

    private static BlockRun RunAt(IBlockReader reader, long offset, long length)
    {
        BlockRun run = reader.GetRun(offset, length);
        if (run.LengthBytes < 1 || run.LengthBytes > length)
        {
            throw new InvalidOperationException(
                $"a run of {run.LengthBytes} bytes for {length} asked at {offset}");
        }
        return run;
    }

    private static void Change(IBlockDevice device, Random random)
    {
        for (int i = 0; i < 4 && device.Length > 0; i++)
        {
            long place = random.NextInt64(device.Length);
            int length = (int)Math.Min(random.Next(1, 5000), device.Length - place);
            Try(() => device.Write(place, Buffer.AsSpan(0, length)));
            Try(() => device.WriteZeroes(place, length, ZeroMode.MayPunch));
            Try(() => device.Discard(0, Math.Min(device.Length, ReadBytes)));
        }
        Try(device.Flush);
    }

    // What the check and repair verbs look at: each file by itself, as every format.
    private static void Check(SimulatedHost host, Random random)
    {
        foreach (string path in host.Files)
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            switch (random.Next(5))
            {
                case 0: Try(() => HostedSparseCheck.Run(file, new FindingList())); break;
                case 1: Try(() => HostedSparseRepair.Plan(file, new FindingList())); break;
                case 2: Try(() => CowdCheck.Run(file, new FindingList())); break;
                case 3: Try(() => CowdRepair.Plan(file, new FindingList())); break;
                default: Try(() => SeSparseCheck.Run(file, new FindingList())); break;
            }
        }
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is BlockException or ImageException)
        {
            // Said properly.
        }
    }
}
