using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Tests.Formats.Vmdk;
using Xunit;

namespace Palimpsest.Tests.Interop;

public sealed class CowdInteropTests
{
    private const long Capacity = 20L << 20;

    [Theory]
    [InlineData(31, 512)]
    [InlineData(32, 4096)]
    public void WhatIsWrittenHereQemuReadsTheSame(int seed, int grainBytes)
    {
        using var scratch = new SparseScratch();
        Create(scratch, grainBytes);
        var model = new SparseModel(Capacity, seed);
        using (var device = CowdDevice.Open(scratch.OpenWrite("x-delta.vmdk"), new FindingList(),
            hasParent: false))
        {
            for (int step = 0; step < 200; step++) { model.Step(device, hasParent: false); }
        }
        Assert.Contains("No errors", SparseQemu.Img("check", "-f", "vmdk", scratch["x.vmdk"]));
        Assert.True(model.Content.AsSpan().SequenceEqual(SparseQemu.ToRaw(scratch["x.vmdk"])));
    }

    [Fact]
    public void WhatQemuWritesIsReadTheSame()
    {
        using var scratch = new SparseScratch();
        Create(scratch, 4096);
        using (var device = CowdDevice.Open(scratch.OpenWrite("x-delta.vmdk"), new FindingList(),
            hasParent: false))
        {
            // qemu cannot make tables of this format; it writes where they exist.
            for (long offset = 0; offset < Capacity; offset += 4096 * 4096) { device.Write(offset, "t"u8); }
        }
        SparseQemu.Io(scratch["x.vmdk"], "write -P 7 4096 100000", "write -P 9 18000000 70000",
            "write -P 3 123 5");
        byte[] expected = SparseQemu.ToRaw(scratch["x.vmdk"]);
        Assert.Equal(7, expected[5000]);
        using (var reader = CowdReader.Open(scratch.OpenRead("x-delta.vmdk"), new FindingList()))
        {
            Assert.True(expected.AsSpan().SequenceEqual(SparseScratch.ReadAll(reader)));
        }

        // qemu does not keep the free sector; writing on must not take what it wrote for free.
        var findings = new FindingList();
        using (var device = CowdDevice.Open(scratch.OpenWrite("x-delta.vmdk"), findings, hasParent: false))
        {
            Assert.Contains("VMDK4014", findings.Items.Select(finding => finding.Code.Id));
            device.Write(10_000_000, new byte[] { 1, 2, 3 });
        }
        expected[10_000_000] = 1;
        expected[10_000_001] = 2;
        expected[10_000_002] = 3;
        Assert.True(expected.AsSpan().SequenceEqual(SparseQemu.ToRaw(scratch["x.vmdk"])));
    }

    private static void Create(SparseScratch scratch, int grainBytes)
    {
        using (var file = scratch.Create("x-delta.vmdk"))
        {
            CowdFile.Create(file, new CowdCreation { CapacityBytes = Capacity, GrainBytes = grainBytes });
        }
        File.WriteAllText(scratch["x.vmdk"], $"""
            # Disk DescriptorFile
            version=1
            CID=12345678
            parentCID=ffffffff
            createType="vmfsSparse"

            # Extent description
            RW {Capacity / 512} VMFSSPARSE "x-delta.vmdk"

            # The Disk Data Base
            #DDB

            ddb.adapterType = "lsilogic"

            """);
    }
}
