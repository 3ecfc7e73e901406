using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Tests.Formats.Vmdk;
using Xunit;

namespace Palimpsest.Tests.Interop;

public sealed class HostedSparseInteropTests
{
    private const long Capacity = 100L << 20;

    [Theory]
    [InlineData("zeroed_grain=off")]
    [InlineData("zeroed_grain=on")]
    public void WhatQemuWritesIsReadTheSame(string option)
    {
        using var scratch = new SparseScratch();
        string path = scratch["q.vmdk"];
        SparseQemu.Img("create", "-f", "vmdk", "-o", option, path, Capacity.ToString());
        SparseQemu.Io(path, RandomCommands(seed: 7,
            withZeroes: option.EndsWith("on", StringComparison.Ordinal)));
        var findings = new FindingList();
        using var reader = HostedSparseReader.Open(scratch.OpenRead("q.vmdk"), findings);
        Assert.Empty(findings.Items);
        Assert.NotNull(reader.EmbeddedDescriptorRange);
        Assert.Equal(Capacity, reader.Length);
        Assert.True(SparseQemu.ToRaw(path).AsSpan().SequenceEqual(SparseScratch.ReadAll(reader)));
    }

    [Theory]
    [InlineData(11, false)]
    [InlineData(12, true)]
    public void WhatIsWrittenHereQemuReadsTheSame(int seed, bool zeroedGrains)
    {
        using var scratch = new SparseScratch();
        Create(scratch, "w.vmdk", zeroedGrains);
        var model = new SparseModel(Capacity, seed);
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("w.vmdk"), new FindingList(),
            hasParent: false))
        {
            for (int step = 0; step < 400; step++) { model.Step(device, hasParent: false); }
        }
        Assert.Contains("No errors", SparseQemu.Img("check", "-f", "vmdk", scratch["w.vmdk"]));
        Assert.True(model.Content.AsSpan().SequenceEqual(SparseQemu.ToRaw(scratch["w.vmdk"])));
    }

    [Fact]
    public void WritersTakeTurns()
    {
        using var scratch = new SparseScratch();
        Create(scratch, "t.vmdk", zeroedGrains: true);
        var model = new SparseModel(Capacity, seed: 21);
        for (int turn = 0; turn < 3; turn++)
        {
            using (var device = HostedSparseDevice.Open(scratch.OpenWrite("t.vmdk"), new FindingList(),
                hasParent: false))
            {
                for (int step = 0; step < 100; step++) { model.Step(device, hasParent: false); }
            }
            SparseQemu.Io(scratch["t.vmdk"], $"write -P 0x5a {turn * 1000} 300000",
                "write -z 20000000 4000000");
            model.Content.AsSpan(turn * 1000, 300_000).Fill(0x5a);
            model.Content.AsSpan(20_000_000, 4_000_000).Clear();
            using var reader = HostedSparseReader.Open(scratch.OpenRead("t.vmdk"), new FindingList());
            Assert.True(model.Content.AsSpan().SequenceEqual(SparseScratch.ReadAll(reader)));
        }
        Assert.True(model.Content.AsSpan().SequenceEqual(SparseQemu.ToRaw(scratch["t.vmdk"])));
        Assert.Contains("No errors", SparseQemu.Img("check", "-f", "vmdk", scratch["t.vmdk"]));
    }

    private static void Create(SparseScratch scratch, string name, bool zeroedGrains)
    {
        string descriptor = $"""
            # Disk DescriptorFile
            version=1
            CID=12345678
            parentCID=ffffffff
            createType="monolithicSparse"

            # Extent description
            RW {Capacity / 512} SPARSE "{name}"

            # The Disk Data Base
            #DDB

            ddb.virtualHWVersion = "4"
            ddb.adapterType = "lsilogic"

            """;
        using var file = scratch.Create(name);
        HostedSparseFile.Create(file, new HostedSparseCreation
        {
            CapacityBytes = Capacity,
            EmbeddedDescriptor = Encoding.UTF8.GetBytes(descriptor),
            ZeroedGrains = zeroedGrains,
        });
    }

    private static string[] RandomCommands(int seed, bool withZeroes)
    {
        var random = new Random(seed);
        var commands = new string[60];
        for (int index = 0; index < commands.Length; index++)
        {
            long length = 1 + random.Next(random.Next(2) == 0 ? 10_000 : 2_000_000);
            long offset = random.NextInt64(Capacity - length);
            commands[index] = withZeroes && random.Next(3) == 0
                ? $"write -z {offset} {length}"
                : $"write -P {1 + random.Next(255)} {offset} {length}";
        }
        return commands;
    }
}
