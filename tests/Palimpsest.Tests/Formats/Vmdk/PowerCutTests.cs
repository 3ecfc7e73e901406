using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>
/// Cuts the power between any two operations: what was flushed is there, what was not is old or new sector by
/// sector, and after a repair the extent is sound and can be written on.
/// </summary>
public sealed class PowerCutTests
{
    private const int Capacity = (1 << 20) + 512, Sectors = Capacity / 512;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void HostedSparseSurvives(int seed, bool hasParent) => Run(
        seed,
        hasParent,
        file => HostedSparseFile.Create(file, new HostedSparseCreation
        {
            CapacityBytes = Capacity, GrainBytes = 4096,
        }),
        file => HostedSparseDevice.Open(file, new FindingList(), hasParent),
        file => HostedSparseRepair.Plan(file, new FindingList()),
        file => HostedSparseCheck.Run(file, new FindingList()).IsSound);

    [Theory]
    [InlineData(5, 512, false)]
    [InlineData(6, 512, true)]
    [InlineData(7, 4096, false)]
    public void CowdSurvives(int seed, int grainBytes, bool hasParent) => Run(
        seed,
        hasParent,
        file => CowdFile.Create(file, new CowdCreation { CapacityBytes = Capacity, GrainBytes = grainBytes }),
        file => CowdDevice.Open(file, new FindingList(), hasParent),
        file =>
        {
            // One copy of everything: a cut must not need a repair of the tables at all.
            Assert.True(CowdCheck.Run(file, new FindingList()).IsSound);
            return CowdRepair.Plan(file, new FindingList());
        },
        file => CowdCheck.Run(file, new FindingList()).IsSound);

    private static void Run(
        int seed,
        bool hasParent,
        Action<HostFile> create,
        Func<HostFile, GrainDevice> open,
        Func<HostFile, IReadOnlyList<PlannedWrite>> plan,
        Func<HostFile, bool> isSound)
    {
        var random = new Random(seed);
        var file = new PowerCutFile();
        create(file);
        var allowed = new List<byte>[Sectors];
        for (int sector = 0; sector < Sectors; sector++) { allowed[sector] = [0]; }
        for (int round = 0; round < 12; round++)
        {
            GrainDevice device = open(file);
            for (int step = random.Next(40); step >= 0; step--)
            {
                Change(device, random, allowed, hasParent);
                if (step % 4 == 0) { AssertHolds(file.Cut(random), plan, isSound, allowed, open); }
            }

            // The machine comes back with one of the possible states, and works on with that.
            file = file.Cut(random);
            Mend(file, plan);
            Settle(file, allowed, open);
        }
    }

    private static void Change(GrainDevice device, Random random, List<byte>[] allowed, bool hasParent)
    {
        int start = random.Next(Sectors);
        int count = Math.Min(Sectors - start, 1 + random.Next(random.Next(2) == 0 ? 6 : 90));
        byte value = (byte)(1 + random.Next(255));
        switch (random.Next(8))
        {
            case < 4:
                byte[] data = new byte[count * 512];
                Array.Fill(data, value);
                device.Write(start * 512L, data);
                break;
            case 4:
                device.WriteZeroes(start * 512L, count * 512L, (ZeroMode)random.Next(2));
                value = 0;
                break;
            case 5 when !hasParent:
                device.Discard(start * 512L, count * 512L);
                value = 0;
                break;
            case 6:
                device.Flush();
                byte[] flushed = SparseScratch.ReadAll(device);
                for (int sector = 0; sector < Sectors; sector++)
                {
                    allowed[sector] = [flushed[sector * 512]];
                }
                return;
            default:
                return;
        }
        for (int sector = start; sector < start + count; sector++) { allowed[sector].Add(value); }
    }

    private static void AssertHolds(
        PowerCutFile file,
        Func<HostFile, IReadOnlyList<PlannedWrite>> plan,
        Func<HostFile, bool> isSound,
        List<byte>[] allowed,
        Func<HostFile, GrainDevice> open)
    {
        Mend(file, plan);
        Assert.True(isSound(file));
        AssertAllowed(SparseScratch.ReadAll(open(file)), allowed);
    }

    private static void Mend(HostFile file, Func<HostFile, IReadOnlyList<PlannedWrite>> plan)
    {
        foreach (PlannedWrite write in plan(file)) { file.Write(write.OffsetBytes, write.Bytes); }
        file.Flush();
    }

    private static void Settle(HostFile file, List<byte>[] allowed, Func<HostFile, GrainDevice> open)
    {
        byte[] content = SparseScratch.ReadAll(open(file));
        AssertAllowed(content, allowed);
        for (int sector = 0; sector < Sectors; sector++) { allowed[sector] = [content[sector * 512]]; }
    }

    private static void AssertAllowed(byte[] content, List<byte>[] allowed)
    {
        for (int sector = 0; sector < Sectors; sector++)
        {
            byte value = content[sector * 512];
            Assert.Equal(-1, content.AsSpan(sector * 512, 512).IndexOfAnyExcept(value));
            Assert.True(allowed[sector].Contains(value),
                $"sector {sector} reads {value}, which is none of {string.Join(',', allowed[sector])}");
        }
    }
}
