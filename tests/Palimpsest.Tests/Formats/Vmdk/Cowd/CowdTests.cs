using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.Cowd;

public sealed class CowdTests : IDisposable
{
    private const long Capacity = (9L << 20) + 512;

    private readonly SparseScratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void HeaderIsAsTheReadmeSays() => ReadmeTable.AssertDescribes<CowdHeader>("Cowd", "## Header");

    [Theory]
    [InlineData(1, 512, false)]
    [InlineData(2, 512, true)]
    [InlineData(3, 65536, true)]
    [InlineData(4, 4096, false)]
    public void DeviceIsWhatWasWritten(int seed, int grainBytes, bool hasParent)
    {
        Create("m", Capacity, grainBytes);
        var model = new SparseModel(Capacity, seed);
        for (int session = 0; session < 3; session++)
        {
            using (var device = CowdDevice.Open(scratch.OpenWrite("m"), new FindingList(), hasParent))
            {
                for (int step = 0; step < 150; step++)
                {
                    model.Step(device, hasParent);
                    Assert.True(model.Agrees(device));
                }
            }
            Assert.All(Check("m"), code => Assert.Equal("VMDK4015", code));
            using var reader = CowdReader.Open(scratch.OpenRead("m"), new FindingList());
            Assert.Equal(model.Content, SparseScratch.ReadAll(reader));
        }
    }

    [Theory]
    [InlineData(0, new byte[] { 0 }, "VMDK4001")]
    [InlineData(4, new byte[] { 2 }, "VMDK4002")]
    [InlineData(8, new byte[] { 7 }, "VMDK4002")]
    [InlineData(16, new byte[] { 3 }, "VMDK4003")]
    [InlineData(15, new byte[] { 0x7F }, "VMDK4003")]
    [InlineData(22, new byte[] { 0x7F }, "VMDK4004")]
    [InlineData(20, new byte[] { 1 }, "VMDK4004")]
    public void WhatCannotBeKnownIsRefusedByName(int offset, byte[] bytes, string code)
    {
        Create("r", Capacity);
        scratch.Patch("r", offset, bytes);
        using HostFile file = scratch.OpenRead("r");
        var error = Assert.Throws<ImageException>(() => CowdReader.Open(file, new FindingList()));
        Assert.Equal(code, error.Reason.Code.Id);
    }

    [Fact]
    public void EmptyDeltaHasTheLengthEsxiGivesIt()
    {
        // Seen in listings: 4,096 bytes for a small disk; 50 GiB need 4 + 200 sectors, rounded up to 208.
        Create("small", Capacity);
        Assert.Equal(4096, new FileInfo(scratch["small"]).Length);
        Create("fifty", 50L << 30);
        Assert.Equal(208 * 512, new FileInfo(scratch["fifty"]).Length);
    }

    [Fact]
    public void ALargeWriteIsOneRun()
    {
        Create("w", Capacity);
        using var device = CowdDevice.Open(scratch.OpenWrite("w"), new FindingList(), true);
        byte[] data = new byte[5 << 20];
        Array.Fill(data, (byte)3);
        device.Write(1000, data);
        BlockRun run = device.GetRun(1000, Capacity - 1000);
        Assert.Equal(RunKind.Data, run.Kind);
        Assert.Equal(data.Length + (1024 - ((1000 + data.Length) % 512) - 512), run.LengthBytes);
    }

    [Fact]
    public void AnEntryOfOneIsDamage()
    {
        WriteOneGrain("o");
        using (HostFile file = scratch.OpenRead("o"))
        {
            byte[] entry = new byte[4];
            file.Read(4 * 512, entry);
            scratch.Patch("o", BitConverter.ToUInt32(entry) * 512L, 1, 0, 0, 0);
        }
        using (var reader = CowdReader.Open(scratch.OpenRead("o"), new FindingList()))
        {
            Assert.Equal(RunKind.Unreadable, reader.GetRun(0, 512).Kind);
            Assert.Throws<BlockException>(() => reader.Read(0, new byte[1]));
        }
        Assert.Contains("VMDK4012", Check("o"));
        using HostFile again = scratch.OpenWrite("o");
        var error = Assert.Throws<ImageException>(() => CowdDevice.Open(again, new FindingList(), true));
        Assert.Equal("VMDK4007", error.Reason.Code.Id);
    }

    [Fact]
    public void FreeSectorBehindIsFoundWrittenRoundAndRepaired()
    {
        WriteOneGrain("f");
        scratch.Patch("f", 0x1C, 5, 0, 0, 0);
        scratch.Patch("f", 0x670, 1);
        Assert.Equal(["VMDK4005", "VMDK4014"], Check("f").Order());
        using (HostFile file = scratch.OpenWrite("f"))
        {
            foreach (PlannedWrite write in CowdRepair.Plan(file, new FindingList()))
            {
                file.Write(write.OffsetBytes, write.Bytes);
            }
        }
        Assert.Empty(Check("f"));
        scratch.Patch("f", 0x1C, 5, 0, 0, 0);
        using (var device = CowdDevice.Open(scratch.OpenWrite("f"), new FindingList(), true))
        {
            device.Write(4096, "b"u8);
        }
        Assert.Empty(Check("f"));
        using var reader = CowdReader.Open(scratch.OpenRead("f"), new FindingList());
        byte[] content = SparseScratch.ReadAll(reader);
        Assert.Equal(((byte)'a', (byte)'b'), (content[0], content[4096]));
    }

    [Theory]
    [InlineData(20L << 20)]
    [InlineData(3L << 30)]
    public void GrowthKeepsContentAndAddsHoles(long newCapacity)
    {
        WriteOneGrain("g");
        using (HostFile file = scratch.OpenWrite("g")) { CowdFile.Grow(file, newCapacity / 512); }
        using (var device = CowdDevice.Open(scratch.OpenWrite("g"), new FindingList(), false))
        {
            device.Write(newCapacity - 3, "end"u8);
        }
        Assert.All(Check("g"), code => Assert.Equal("VMDK4015", code));
        using var reader = CowdReader.Open(scratch.OpenRead("g"), new FindingList());
        Assert.Equal(newCapacity, reader.Length);
        byte[] bytes = new byte[3];
        reader.Read(newCapacity - 3, bytes);
        Assert.Equal("end"u8, bytes);
        reader.Read(0, bytes);
        Assert.Equal("a\0\0"u8, bytes);
    }

    private void Create(string name, long capacity, int grainBytes = 512)
    {
        using HostFile file = scratch.Create(name);
        CowdFile.Create(file, new CowdCreation { CapacityBytes = capacity, GrainBytes = grainBytes });
    }

    private void WriteOneGrain(string name)
    {
        Create(name, Capacity);
        using var device = CowdDevice.Open(scratch.OpenWrite(name), new FindingList(), true);
        device.Write(0, "a"u8);
    }

    private List<string> Check(string name)
    {
        using HostFile file = scratch.OpenRead(name);
        var findings = new FindingList();
        CowdCheck.Run(file, findings);
        return [.. findings.Items.Select(finding => finding.Code.Id)];
    }
}
