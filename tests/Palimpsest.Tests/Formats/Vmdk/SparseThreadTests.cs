using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>
/// Several threads write, zero and discard disjoint sectors of shared grains, and none sees another's bytes.
/// </summary>
public sealed class SparseThreadTests
{
    private const int ThreadCount = 4, Capacity = 8 << 20;

    [Fact]
    public async Task HostedSparse()
    {
        using var scratch = new SparseScratch();
        using (HostFile file = scratch.Create("t"))
        {
            HostedSparseFile.Create(file, new HostedSparseCreation { CapacityBytes = Capacity });
        }
        await Run(HostedSparseDevice.Open(scratch.OpenWrite("t"), new FindingList(), hasParent: false));
        using HostFile again = scratch.OpenRead("t");
        Assert.True(HostedSparseCheck.Run(again, new FindingList()).IsSound);
    }

    [Fact]
    public async Task Cowd()
    {
        using var scratch = new SparseScratch();
        using (HostFile file = scratch.Create("t"))
        {
            CowdFile.Create(file, new CowdCreation { CapacityBytes = Capacity, GrainBytes = 4096 });
        }
        await Run(CowdDevice.Open(scratch.OpenWrite("t"), new FindingList(), hasParent: false));
        using HostFile again = scratch.OpenRead("t");
        Assert.True(CowdCheck.Run(again, new FindingList()).IsSound);
    }

    private static async Task Run(GrainDevice device)
    {
        using (device)
        {
            await Task.WhenAll(Enumerable.Range(0, ThreadCount)
                .Select(thread => Task.Run(() => Work(device, thread))));
        }
    }

    // Thread n owns the sectors with number n modulo the count of threads in the first half, where grains are
    // shared, and a quarter of the second half, where whole grains are freed and taken again.
    private static void Work(GrainDevice device, int thread)
    {
        var random = new Random(thread);
        byte[] sector = new byte[512], back = new byte[512];
        byte[] own = new byte[Capacity / 512];
        int quarter = Capacity / 512 / 2 / ThreadCount;
        for (int step = 0; step < 1500; step++)
        {
            int shared = (random.Next(Capacity / 1024 / ThreadCount) * ThreadCount) + thread;
            int alone = (Capacity / 1024) + (thread * quarter) + random.Next(quarter);
            foreach (int number in (int[])[shared, alone])
            {
                own[number] = (byte)random.Next(256);
                Array.Fill(sector, own[number]);
                device.Write(number * 512L, sector);
            }
            if (step % 20 == 0)
            {
                long start = (Capacity / 2) + (thread * quarter * 512L);
                device.WriteZeroes(start, quarter * 512L, ZeroMode.MayPunch);
                own.AsSpan((int)(start / 512), quarter).Clear();
            }
            if (step % 50 == 0) { device.Flush(); }
            foreach (int number in (int[])[shared, alone])
            {
                device.Read(number * 512L, back);
                Assert.Equal(-1, back.AsSpan().IndexOfAnyExcept(own[number]));
            }
        }
    }
}
