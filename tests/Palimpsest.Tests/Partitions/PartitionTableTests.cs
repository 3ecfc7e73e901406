using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Partitions;
using Palimpsest.Tests.Blocks;
using Xunit;

namespace Palimpsest.Tests.Partitions;

/// <summary>
/// Tables that no tool makes: broken chains, scars, impossible places. Bytes are set by the format's
/// definition.
/// </summary>
public sealed class PartitionTableTests
{
    private const int SectorCount = 4096;
    private readonly byte[] disk = new byte[SectorCount * 512];
    private readonly FindingList findings = new();

    [Fact]
    public void Structures_have_the_sizes_of_their_definition()
    {
        Assert.Equal(16, Unsafe.SizeOf<BootRecordEntry>());
        Assert.Equal(92, Unsafe.SizeOf<GptHeader>());
        Assert.Equal(56, Unsafe.SizeOf<GptEntry>());
    }

    [Fact]
    public void An_empty_disk_has_no_table()
    {
        PartitionTable table = Read();
        Assert.Equal(PartitionScheme.None, table.Scheme);
        Assert.Null(table.DiskIdentifier);
        Assert.Empty(findings.Items);
    }

    [Fact]
    public void A_boot_record_without_entries_is_a_table_without_partitions()
    {
        Record(0);
        BinaryPrimitives.WriteUInt32LittleEndian(disk.AsSpan(440), 0xCAFE1234);
        PartitionTable table = Read();
        Assert.Equal(PartitionScheme.Mbr, table.Scheme);
        Assert.Equal("0xcafe1234", table.DiskIdentifier);
        Assert.Empty(table.Partitions);
    }

    [Fact]
    public void Boot_code_where_entries_would_be_is_no_table()
    {
        Record(0);
        disk.AsSpan(446, 64).Fill((byte)'x');
        Assert.Equal(PartitionScheme.None, Read().Scheme);
    }

    [Fact]
    public void A_chain_that_comes_back_ends_there()
    {
        Entry(0, 0, 0x05, 100, 2000);
        Entry(100, 0, 0x83, 10, 20);
        Entry(100, 1, 0x05, 200, 100);
        Entry(300, 0, 0x83, 10, 30);
        Entry(300, 1, 0x05, 0, 100);
        PartitionTable table = Read();
        Assert.Equal([1, 5, 6], table.Partitions.Select(partition => partition.Number));
        Assert.Equal([100, 110, 310], table.Partitions.Select(partition => partition.StartOffset / 512));
        AssertFindings("VMDK9014");
    }

    [Fact]
    public void A_chain_that_never_ends_is_cut()
    {
        Entry(0, 0, 0x0F, 1, SectorCount - 1);
        for (int sector = 1; sector < SectorCount - 1; sector++)
        {
            Entry(sector, 1, 0x05, sector, 1);
        }
        Assert.Single(Read().Partitions);
        AssertFindings("VMDK9014");
    }

    [Fact]
    public void A_chain_that_leads_nowhere_is_told()
    {
        Entry(0, 0, 0x05, 100, 2000);
        Entry(100, 0, 0x83, 10, 20);
        Entry(100, 1, 0x05, 200, 100);
        Assert.Equal(2, Read().Partitions.Count);
        AssertFindings("VMDK9015");
    }

    [Fact]
    public void Overlaps_and_ends_are_told()
    {
        Entry(0, 0, 0x83, 100, 1000);
        Entry(0, 1, 0x83, 200, 10);
        Entry(0, 2, 0x83, 300, 10);
        Entry(0, 3, 0x83, 4000, 97);
        Assert.Equal(4, Read().Partitions.Count);
        AssertFindings("VMDK9001", "VMDK9001", "VMDK9002");
    }

    [Fact]
    public void A_scar_at_the_beginning_is_no_disk_without_partitions()
    {
        using var reader = new FaultReader(new MemoryDevice(disk), [(0, 512)]);
        Assert.Equal(PartitionScheme.Unreadable, PartitionTable.Read(reader, findings).Scheme);
        AssertFindings("VMDK9018");
    }

    [Fact]
    public void A_table_that_is_announced_and_not_there_is_lost()
    {
        Entry(0, 0, 0xEE, 1, SectorCount - 1);
        PartitionTable table = Read();
        Assert.Equal(PartitionScheme.Gpt, table.Scheme);
        Assert.Empty(table.Partitions);
        AssertFindings("VMDK9008");
    }

    [Theory]
    [InlineData("XFS", 0, "XFSB")]
    [InlineData("LUKS", 0, "LUKS\u00ba\u00be")]
    [InlineData("LVM2", 512, "LABELONE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0LVM2 001")]
    [InlineData("NTFS", 3, "NTFS    ")]
    [InlineData("exFAT", 3, "EXFAT   ")]
    [InlineData("btrfs", 0x10040, "_BHRfS_M")]
    [InlineData("VMFS", 0x100000, "\u000d\u00d0\u0001\u00c0")]
    [InlineData("swap", 4086, "SWAPSPACE2")]
    [InlineData(null, 4085, "SWAPSPACE2")]
    public void File_systems_are_named_by_their_signatures(string? expected, int offset, string signature)
    {
        const int Start = 512 * 63;
        System.Text.Encoding.Latin1.GetBytes(signature).CopyTo(disk, Start + offset);
        Entry(0, 0, 0x83, 63, 4000);
        Assert.Equal(expected, Assert.Single(Read().Partitions).FileSystemHint);
    }

    private PartitionTable Read()
    {
        using var device = new MemoryDevice(disk);
        return PartitionTable.Read(device, findings);
    }

    private void AssertFindings(params string[] codes) =>
        Assert.Equal(codes, findings.Items.Select(finding => finding.Code.Id));

    private void Record(int sector) =>
        (disk[(sector * 512) + 510], disk[(sector * 512) + 511]) = (0x55, 0xAA);

    private void Entry(int sector, int index, byte type, int start, int count)
    {
        Record(sector);
        Span<byte> entry = disk.AsSpan((sector * 512) + 446 + (index * 16), 16);
        entry[4] = type;
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], start);
        BinaryPrimitives.WriteInt32LittleEndian(entry[12..], count);
    }
}
