using System.Buffers.Binary;
using System.Text;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.HostedSparse;

public sealed class HostedSparseTests : IDisposable
{
    private const int Grain = 65536;

    // Of a disk up to 32 MiB with no descriptor: header 0, rgd 1, its table 2, gd 6, its table 7, grains from
    // 128.
    private const int RedundantDirectory = 512, RedundantTable = 2 * 512, FirstDirectory = 6 * 512,
        FirstTable = 7 * 512;

    private readonly SparseScratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void HeaderIsAsTheReadmeSays() =>
        ReadmeTable.AssertDescribes<SparseHeader>("HostedSparse", "## Header");

    [Fact]
    public void LayoutIsTheOneVmwareWrites()
    {
        // Values of the extents that VMware's libraries make: rgd 21, gd 26, overhead 128 with a descriptor;
        // 1, 6 without.
        SparseHeader embedded = CreateAndReadHeader("e.vmdk", 32 << 20, "text"u8.ToArray());
        Assert.Equal((21UL, 26UL, 128UL), Places(embedded));
        Assert.Equal((1UL, 20UL), ((ulong)embedded.DescriptorOffset, (ulong)embedded.DescriptorSize));
        SparseHeader split = CreateAndReadHeader("s.vmdk", 32 << 20, null);
        Assert.Equal((1UL, 6UL, 128UL), Places(split));
        Assert.Equal(128 * 512, new FileInfo(scratch["s.vmdk"]).Length);
        Assert.Equal(3u, (uint)split.Flags);
    }

    [Theory]
    [InlineData(0, new byte[] { (byte)'k', (byte)'d', (byte)'m', (byte)'v' }, "VMDK3002")]
    [InlineData(0, new byte[] { 0, 0, 0, 0 }, "VMDK3001")]
    [InlineData(4, new byte[] { 4 }, "VMDK3003")]
    [InlineData(4, new byte[] { 0 }, "VMDK3003")]
    [InlineData(10, new byte[] { 4 }, "VMDK3004")]
    [InlineData(10, new byte[] { 2 }, "VMDK3004")]
    [InlineData(10, new byte[] { 1 }, "VMDK3005")]
    [InlineData(0x4D, new byte[] { 1 }, "VMDK3005")]
    [InlineData(20, new byte[] { 127 }, "VMDK3006")]
    [InlineData(20, new byte[] { 0 }, "VMDK3006")]
    [InlineData(44, new byte[] { 0, 1 }, "VMDK3007")]
    [InlineData(18, new byte[] { 255 }, "VMDK3007")]
    [InlineData(56, new byte[] { 255, 255, 255, 255, 255, 255, 255, 255 }, "VMDK3007")]
    [InlineData(15, new byte[] { 255 }, "VMDK3008")]
    public void WhatCannotBeKnownIsRefusedByName(int offset, byte[] bytes, string code)
    {
        Create("r.vmdk", 10 << 20);
        scratch.Patch("r.vmdk", offset, bytes);
        using HostFile file = scratch.OpenRead("r.vmdk");
        var error = Assert.Throws<ImageException>(() => HostedSparseReader.Open(file, new FindingList()));
        Assert.Equal(code, error.Reason.Code.Id);
    }

    [Fact]
    public void AnEmptyFileIsRefused()
    {
        using HostFile file = scratch.Create("0.vmdk");
        var error = Assert.Throws<ImageException>(() => HostedSparseReader.Open(file, new FindingList()));
        Assert.Equal("VMDK3001", error.Reason.Code.Id);
    }

    [Fact]
    public void LostDirectoryIsAnsweredByItsCopy()
    {
        byte[] content = CreateFilled("d.vmdk");
        scratch.Patch("d.vmdk", 56, 0xFF, 0xFF, 0xFF, 0x7F);
        var findings = new FindingList();
        using (var reader = HostedSparseReader.Open(scratch.OpenRead("d.vmdk"), findings))
        {
            Assert.Equal(["VMDK3009"], findings.Items.Select(finding => finding.Code.Id));
            Assert.Equal(content, SparseScratch.ReadAll(reader));
        }
        using HostFile file = scratch.OpenWrite("d.vmdk");
        var error = Assert.Throws<ImageException>(() =>
            HostedSparseDevice.Open(file, new FindingList(), false));
        Assert.Equal("VMDK3028", error.Reason.Code.Id);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0x7FFFFFFFu)]
    public void LostTableIsAnsweredByItsCopyAndRepaired(uint damagedEntry)
    {
        byte[] content = CreateFilled("t.vmdk");
        byte[] entry = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, damagedEntry);
        scratch.Patch("t.vmdk", FirstDirectory, entry);
        var findings = new FindingList();
        using (var reader = HostedSparseReader.Open(scratch.OpenRead("t.vmdk"), findings))
        {
            Assert.Equal(["VMDK3016"], findings.Items.Select(finding => finding.Code.Id));
            Assert.Equal(content, SparseScratch.ReadAll(reader));
        }
        Repair("t.vmdk");
        AssertSoundAndEqual("t.vmdk", content);
    }

    [Fact]
    public void TableLostInBothCopiesIsAnErrorNotZeros()
    {
        CreateFilled("l.vmdk");
        scratch.Patch("l.vmdk", FirstDirectory, 0xFF, 0xFF, 0xFF, 0x7F);
        scratch.Patch("l.vmdk", RedundantDirectory, 0xFF, 0xFF, 0xFF, 0x7F);
        using var reader = HostedSparseReader.Open(scratch.OpenRead("l.vmdk"), new FindingList());
        Assert.Equal(RunKind.Unreadable, reader.GetRun(0, 1000).Kind);
        var error = Assert.Throws<BlockException>(() => reader.Read(0, new byte[1]));
        Assert.Equal(BlockErrorKind.Corrupt, error.Kind);
        Assert.Contains("VMDK3017", Check("l.vmdk"));
        using HostFile file = scratch.OpenRead("l.vmdk");
        Assert.Empty(HostedSparseRepair.Plan(file, new FindingList()));
    }

    [Fact]
    public void GrainCutOffIsAnErrorFromTheCutOn()
    {
        byte[] content = CreateFilled("c.vmdk");
        long length = new FileInfo(scratch["c.vmdk"]).Length;
        long end = content.Length;

        // The last grain of the disk holds 1,536 bytes; a file that ends with them is whole.
        using (HostFile file = scratch.OpenWrite("c.vmdk")) { file.SetLength(length - Grain + 1536); }
        Assert.DoesNotContain("VMDK3020", Check("c.vmdk"));
        using (HostFile file = scratch.OpenWrite("c.vmdk")) { file.SetLength(length - Grain + 536); }
        using var reader = HostedSparseReader.Open(scratch.OpenRead("c.vmdk"), new FindingList());
        byte[] before = new byte[536];
        reader.Read(end - 1536, before);
        Assert.True(content.AsSpan((int)end - 1536, 536).SequenceEqual(before));
        Assert.Equal(RunKind.Unreadable, reader.GetRun(end - 1000, 1000).Kind);
        Assert.Throws<BlockException>(() => reader.Read(end - 1000, new byte[1]));
        Assert.Contains("VMDK3020", Check("c.vmdk"));
    }

    [Theory]
    [InlineData(FirstTable)]
    [InlineData(RedundantTable)]
    public void EntriesLostInOneCopyComeBackFromTheOther(int tableOffset)
    {
        byte[] content = CreateFilled("x.vmdk");
        scratch.Patch("x.vmdk", tableOffset, new byte[512]);
        scratch.Patch("x.vmdk", tableOffset + 512, 0xFE, 0xFF, 0xFF, 0xFF, 5, 0, 0, 0);
        scratch.Patch("x.vmdk", 72, 1);
        Assert.Contains("VMDK3019", Check("x.vmdk"));
        using (HostFile file = scratch.OpenWrite("x.vmdk"))
        {
            var error = Assert.Throws<ImageException>(() =>
                HostedSparseDevice.Open(file, new FindingList(), false));
            Assert.Equal("VMDK3014", error.Reason.Code.Id);
        }
        Repair("x.vmdk");
        Repair("x.vmdk");
        AssertSoundAndEqual("x.vmdk", content);
    }

    [Fact]
    public void CheckFindsSharedAndMisplacedGrains()
    {
        CreateFilled("p.vmdk");
        foreach (int table in (int[])[FirstTable, RedundantTable])
        {
            // The second entry repeats the first; the third names the directory.
            byte[] first = File.ReadAllBytes(scratch["p.vmdk"]).AsSpan(table, 4).ToArray();
            scratch.Patch("p.vmdk", table + 4, first);
            scratch.Patch("p.vmdk", table + 8, 6, 0, 0, 0);
        }
        List<string> codes = Check("p.vmdk");
        Assert.Contains("VMDK3022", codes);
        Assert.Contains("VMDK3021", codes);
        using var reader = HostedSparseReader.Open(scratch.OpenRead("p.vmdk"), new FindingList());
        Assert.Equal(RunKind.Unreadable, reader.GetRun(2 * Grain, 1).Kind);
    }

    [Fact]
    public void SmallDamageOfTheHeaderIsFoundAndRepaired()
    {
        byte[] content = CreateFilled("h.vmdk");
        scratch.Patch("h.vmdk", 72, 1, 0x0D, 0x0A);
        scratch.Patch("h.vmdk", FirstTable, 1, 0, 0, 0);
        scratch.Patch("h.vmdk", RedundantTable, 1, 0, 0, 0);
        content.AsSpan(0, Grain).Clear();
        Assert.Equal(["VMDK3012", "VMDK3015", "VMDK3024", "VMDK3025"], Check("h.vmdk").Order());
        Repair("h.vmdk");
        Assert.Equal(["VMDK3025"], Check("h.vmdk"));
        using var reader = HostedSparseReader.Open(scratch.OpenRead("h.vmdk"), new FindingList());
        Assert.Equal((2u, 7u, 0),
            ((uint)reader.Header.Version, (uint)reader.Header.Flags, (int)reader.Header.UncleanShutdown));
        Assert.Equal(content, SparseScratch.ReadAll(reader));
    }

    [Fact]
    public void UncleanFlagStandsWhileChangesAreOpen()
    {
        Create("u.vmdk", 10 << 20);
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("u.vmdk"), new FindingList(), false))
        {
            Assert.Equal(0, File.ReadAllBytes(scratch["u.vmdk"])[72]);
            device.Write(5, "x"u8);
            device.Flush();
            Assert.Equal(1, File.ReadAllBytes(scratch["u.vmdk"])[72]);
        }
        Assert.Equal(0, File.ReadAllBytes(scratch["u.vmdk"])[72]);
        scratch.Patch("u.vmdk", 72, 1);
        var findings = new FindingList();
        using var again = HostedSparseDevice.Open(scratch.OpenWrite("u.vmdk"), findings, false);
        Assert.Equal(["VMDK3013"], findings.Items.Select(finding => finding.Code.Id));
    }

    [Fact]
    public void ZerosHideAParentAndDiscardsDoNotShowIt()
    {
        Create("z.vmdk", 10 << 20);
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("z.vmdk"), new FindingList(),
            hasParent: true))
        {
            device.Write(0, new byte[2 * Grain]);
            device.WriteZeroes(0, 4 * Grain, ZeroMode.MayPunch);
            device.Discard(0, 4 * Grain);
            Assert.Equal(new BlockRun(4 * Grain, RunKind.Zero), device.GetRun(0, 8 * Grain));
            Assert.Equal(RunKind.Hole, device.GetRun(4 * Grain, Grain).Kind);
            device.WriteZeroes(6 * Grain, 100, ZeroMode.MayPunch);
            Assert.Equal(RunKind.Data, device.GetRun(6 * Grain, Grain).Kind);
        }
        using var reader = HostedSparseReader.Open(scratch.OpenRead("z.vmdk"), new FindingList());
        Assert.Equal((2u, 7u), ((uint)reader.Header.Version, (uint)reader.Header.Flags));
        Assert.Equal(RunKind.Zero, reader.GetRun(0, Grain).Kind);
    }

    [Fact]
    public void FreedSpaceIsUsedAgain()
    {
        Create("f.vmdk", 10 << 20);
        byte[] data = new byte[16 * Grain];
        Array.Fill(data, (byte)7);
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("f.vmdk"), new FindingList(), false))
        {
            device.Write(0, data);
            device.Flush();
            long length = new FileInfo(scratch["f.vmdk"]).Length;
            device.Discard(0, data.Length);
            device.Flush();
            device.Write(100 * Grain, data);
            device.Write(3 * Grain, "abc"u8);
            Assert.Equal(length + Grain, new FileInfo(scratch["f.vmdk"]).Length);
            byte[] back = new byte[Grain];
            device.Read(3 * Grain, back);
            Assert.Equal("abc"u8, back.AsSpan(0, 3));
            Assert.Equal(-1, back.AsSpan(3).IndexOfAnyExcept((byte)0));
        }
        Assert.Empty(Check("f.vmdk"));
    }

    [Fact]
    public void TheLargestDiskIsMappedWithoutReadingItsTables()
    {
        const long Capacity = 62L << 40;
        Create("big.vmdk", Capacity);
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("big.vmdk"), new FindingList(), false))
        {
            device.Write(Capacity - 10, "the end"u8);
            device.Write(1L << 45, "middle"u8);
        }
        using var reader = HostedSparseReader.Open(scratch.OpenRead("big.vmdk"), new FindingList());
        var data = new List<long>();
        int runs = 0;
        for (long offset = 0; offset < Capacity; runs++)
        {
            BlockRun run = reader.GetRun(offset, Capacity - offset);
            if (run.Kind == RunKind.Data) { data.Add(offset); }
            offset += run.LengthBytes;
        }
        Assert.Equal([1L << 45, Capacity - Grain], data);
        Assert.InRange(runs, 4, 1000);
        byte[] end = new byte[7];
        reader.Read(Capacity - 10, end);
        Assert.Equal("the end"u8, end);
        Assert.Empty(Check("big.vmdk"));
    }

    [Fact]
    public void ReadsAndRunsAllocateNothing()
    {
        CreateFilled("a.vmdk");
        using var reader = HostedSparseReader.Open(scratch.OpenRead("a.vmdk"), new FindingList());
        byte[] buffer = new byte[100_000];
        reader.Read(0, buffer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 20; round++)
        {
            reader.Read(round * 1000, buffer);
            reader.GetRun(round * 1000, 1_000_000);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void DescriptorIsReplacedInItsArea()
    {
        CreateAndReadHeader("n.vmdk", 1 << 20, Encoding.ASCII.GetBytes(new string('a', 3000)));
        using HostFile file = scratch.OpenWrite("n.vmdk");
        EmbeddedDescriptor.Replace(file, "short"u8);
        byte[] area = new byte[20 * 512];
        file.Read(512, area);
        Assert.Equal("short"u8, area.AsSpan(0, 5));
        Assert.Equal(-1, area.AsSpan(5).IndexOfAnyExcept((byte)0));
        var error = Assert.Throws<BlockException>(() =>
            EmbeddedDescriptor.Replace(file, new byte[20 * 512 + 1]));
        Assert.Equal(BlockErrorKind.NoSpace, error.Kind);
    }

    [Theory]
    [InlineData(9L << 20)]
    [InlineData((100L << 20) + 512)]
    [InlineData(20L << 30)]
    public void GrowthKeepsContentAndAddsHoles(long newCapacity)
    {
        byte[] content = CreateFilled("g.vmdk");
        using (HostFile file = scratch.OpenWrite("g.vmdk"))
        {
            HostedSparseGrowth.Grow(file, newCapacity / 512);
        }
        Assert.All(Check("g.vmdk"), code => Assert.Equal("VMDK3025", code));
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("g.vmdk"), new FindingList(), false))
        {
            device.Write(newCapacity - 3, "end"u8);
        }
        using var reader = HostedSparseReader.Open(scratch.OpenRead("g.vmdk"), new FindingList());
        Assert.Equal(newCapacity, reader.Length);
        byte[] start = new byte[content.Length + 1000];
        reader.Read(0, start);
        Assert.True(start.AsSpan(0, content.Length).SequenceEqual(content));
        Assert.Equal(-1, start.AsSpan(content.Length).IndexOfAnyExcept((byte)0));
        byte[] end = new byte[3];
        reader.Read(newCapacity - 3, end);
        Assert.Equal("end"u8, end);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnOverheadFarBehindTheEndOpensNoHole(bool hasGrain)
    {
        Create("o.vmdk", 8 << 20);
        long length = 128 * 512;
        if (hasGrain)
        {
            using var first = HostedSparseDevice.Open(scratch.OpenWrite("o.vmdk"), new FindingList(), false);
            first.Write(0, "old"u8);
            length += Grain;
        }

        // 2^21 sectors: 1 GiB.
        scratch.Patch("o.vmdk", 64, 0, 0, 0x20, 0, 0, 0, 0, 0);
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("o.vmdk"), new FindingList(), false))
        {
            device.Write(1 << 20, "new"u8);
        }
        Assert.Equal(length + Grain, new FileInfo(scratch["o.vmdk"]).Length);
        Assert.Empty(Check("o.vmdk"));
        using var reader = HostedSparseReader.Open(scratch.OpenRead("o.vmdk"), new FindingList());
        Assert.Equal(128UL, (ulong)reader.Header.OverHead);
        byte[] found = new byte[3];
        reader.Read(1 << 20, found);
        Assert.Equal("new"u8, found);
        reader.Read(0, found);
        Assert.Equal(hasGrain ? "old"u8.ToArray() : new byte[3], found);
    }

    [Fact]
    public void AnOverheadWithinTheNextGrainStays()
    {
        Create("n.vmdk", 8 << 20);
        using (HostFile file = scratch.OpenWrite("n.vmdk")) { file.SetLength(100 * 512); }
        using (var device = HostedSparseDevice.Open(scratch.OpenWrite("n.vmdk"), new FindingList(), false))
        {
            device.Write(0, "new"u8);
        }
        Assert.Equal((128 * 512) + Grain, new FileInfo(scratch["n.vmdk"]).Length);
        Assert.Empty(Check("n.vmdk"));
    }

    private void Create(string name, long capacity)
    {
        using HostFile file = scratch.Create(name);
        HostedSparseFile.Create(file, new HostedSparseCreation { CapacityBytes = capacity });
    }

    // 8 MiB and three sectors, every grain written, in no order.
    private byte[] CreateFilled(string name)
    {
        byte[] content = new byte[(8 << 20) + 1536];
        new Random(5).NextBytes(content);
        Create(name, content.Length);
        using var device = HostedSparseDevice.Open(scratch.OpenWrite(name), new FindingList(), false);
        device.Write(5 << 20, content.AsSpan(5 << 20));
        device.Write(0, content.AsSpan(0, 5 << 20));

        // The last grain of the disk last in the file, for the tests that cut it off.
        device.Discard(8 << 20, 1536);
        device.Discard((8 << 20) - Grain, Grain);
        device.Write((8 << 20) - Grain, content.AsSpan((8 << 20) - Grain, Grain));
        device.Write(8 << 20, content.AsSpan(8 << 20));
        return content;
    }

    private SparseHeader CreateAndReadHeader(string name, long capacity, byte[]? descriptor)
    {
        using (HostFile file = scratch.Create(name))
        {
            HostedSparseFile.Create(file, new HostedSparseCreation
            {
                CapacityBytes = capacity,
                EmbeddedDescriptor = descriptor is null ? (ReadOnlyMemory<byte>?)null : descriptor,
            });
        }
        using var reader = HostedSparseReader.Open(scratch.OpenRead(name), new FindingList());
        return reader.Header;
    }

    private static (ulong Redundant, ulong Directory, ulong OverHead) Places(in SparseHeader header) =>
        (header.RedundantDirectoryOffset, header.DirectoryOffset, header.OverHead);

    private List<string> Check(string name)
    {
        using HostFile file = scratch.OpenRead(name);
        var findings = new FindingList();
        HostedSparseCheck.Run(file, findings);
        return [.. findings.Items.Select(finding => finding.Code.Id)];
    }

    private void Repair(string name)
    {
        using HostFile file = scratch.OpenWrite(name);
        foreach (PlannedWrite write in HostedSparseRepair.Plan(file, new FindingList()))
        {
            file.Write(write.OffsetBytes, write.Bytes);
        }
    }

    private void AssertSoundAndEqual(string name, byte[] content)
    {
        Assert.All(Check(name), code => Assert.Equal("VMDK3025", code));
        using var reader = HostedSparseReader.Open(scratch.OpenRead(name), new FindingList());
        Assert.Equal(content, SparseScratch.ReadAll(reader));
    }
}
