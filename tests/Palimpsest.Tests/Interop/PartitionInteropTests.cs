using System.Globalization;
using System.Text.Json;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Flat;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Partitions;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>
/// Partition tables made by sfdisk and sgdisk, and what sfdisk, mmls and blkid say of the same bytes.
/// </summary>
public sealed class PartitionInteropTests : IDisposable
{
    private const long DiskBytes = 64 << 20;
    private const int LastSector = (int)(DiskBytes / 512) - 1;
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_boot_record_with_logical_partitions_reads_as_sfdisk_reads_it()
    {
        string disk = Partitioned("""
            label: dos
            label-id: 0xf1d3f624
            start=2048, size=20480, type=7, bootable
            start=22528, size=10240, type=83
            start=32768, size=90000, type=f
            start=34816, size=8192, type=82
            start=45056, size=8192, type=83
            start=55296, size=16384, type=8e
            start=73728, size=49040, type=b
            """);
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Empty(findings.Items);
        Assert.Equal(PartitionScheme.Mbr, table.Scheme);
        Assert.Equal("0xf1d3f624", table.DiskIdentifier);
        AssertAsSfdisk(disk, table);
        AssertAsMmls(disk, table);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_guid_table_reads_as_sfdisk_reads_it(int seed)
    {
        string disk = GuidPartitioned(seed);
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Empty(findings.Items);
        Assert.Equal(PartitionScheme.Gpt, table.Scheme);
        AssertAsSfdisk(disk, table);
        AssertAsMmls(disk, table);
    }

    [Theory]
    [InlineData(512 + 40, "VMDK9003")]
    [InlineData(1024 + 48, "VMDK9003")]
    [InlineData(((long)LastSector * 512) + 40, "VMDK9004")]
    [InlineData(((long)(LastSector - 32) * 512) + 48, "VMDK9004")]
    public void One_damaged_copy_of_a_guid_table_is_told_and_the_other_used(long damageOffset,
        string expectedCode)
    {
        string disk = GuidPartitioned(7);
        Patch(disk, damageOffset, [0xFF, 0x55]);
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Equal([expectedCode], findings.Items.Select(finding => finding.Code.Id));
        Assert.True(table.Partitions.Count > 2);
        AssertAsSfdisk(disk, table);
    }

    [Fact]
    public void A_guid_table_of_a_disk_that_was_grown_is_told()
    {
        string disk = GuidPartitioned(8);
        using (FileStream file = File.OpenWrite(disk)) { file.SetLength(DiskBytes + (1 << 20)); }
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Equal(["VMDK9005"], findings.Items.Select(finding => finding.Code.Id));
        AssertAsSfdisk(disk, table);
    }

    [Fact]
    public void A_guid_table_without_its_boot_record_is_found_and_told()
    {
        string disk = GuidPartitioned(9);
        PartitionTable before = Read(disk, out _);
        Patch(disk, 0, new byte[512]);
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Equal(["VMDK9012"], findings.Items.Select(finding => finding.Code.Id));
        Assert.Equal(before.Partitions, table.Partitions);
        Patch(disk, 512, new byte[40 * 512]);
        table = Read(disk, out findings);
        Assert.Equal(["VMDK9003", "VMDK9012"], findings.Items.Select(finding => finding.Code.Id));
        Assert.Equal(before.Partitions, table.Partitions);
    }

    [Fact]
    public void A_hybrid_table_gives_the_guid_partitions()
    {
        string disk = GuidPartitioned(10);
        Tool.Run("sgdisk", "--hybrid", "1:2", disk).MustSucceed();
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Equal(PartitionScheme.Hybrid, table.Scheme);
        Assert.Equal(["VMDK9011"], findings.Items.Select(finding => finding.Code.Id));
        Tool.Run("sgdisk", "--verify", disk).MustSucceed();
    }

    [Fact]
    public void A_boot_record_written_over_a_guid_table_counts()
    {
        string disk = GuidPartitioned(11);
        byte[] old = File.ReadAllBytes(disk)[512..1024];
        string script = "label: dos\nstart=2048, size=4096, type=83\n";
        Tool.RunWithInput(System.Text.Encoding.ASCII.GetBytes(script), "sfdisk", "-q", "--wipe", "never",
            disk)
            .MustSucceed();
        Patch(disk, 512, old);
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Equal(PartitionScheme.Mbr, table.Scheme);
        Assert.Equal(["VMDK9013"], findings.Items.Select(finding => finding.Code.Id));
        AssertAsSfdisk(disk, table);
    }

    [Theory]
    [InlineData("ext2", "mkfs.ext4", "-q", "-t", "ext2")]
    [InlineData("ext3", "mkfs.ext4", "-q", "-t", "ext3")]
    [InlineData("ext4", "mkfs.ext4", "-q", "-t", "ext4")]
    [InlineData("swap", "mkswap", "-q")]
    public void A_file_system_without_a_table_is_named_as_blkid_names_it(
        string expected, string program, params string[] arguments)
    {
        string disk = folder.WriteHole("whole.img", DiskBytes);
        Tool.Run(program, [.. arguments, disk]).MustSucceed();
        PartitionTable table = Read(disk, out FindingList findings);
        Assert.Empty(findings.Items);
        Assert.Equal(PartitionScheme.None, table.Scheme);
        Assert.Equal(expected, table.FileSystemHint);
        Assert.Equal(expected,
            Tool.Run("blkid", "-p", "-o", "value", "-s", "TYPE", disk).MustSucceed().Output.Trim());
    }

    [Fact]
    public void The_sample_of_VMware_has_one_partition()
    {
        string path = Samples.Find("vmdk/monolithicSparse.vmdk");
        var findings = new FindingList();
        using var reader = HostedSparseReader.Open(LocalFile.Open(path, HostAccess.Read), findings);
        PartitionTable table = PartitionTable.Read(reader, findings);
        Assert.Empty(findings.Items);
        Assert.Equal("0xf1d3f624", table.DiskIdentifier);
        Partition partition = Assert.Single(table.Partitions);
        Assert.Equal((128 * 512L, 18304 * 512L, "NTFS"),
            (partition.StartOffset, partition.LengthBytes, partition.FileSystemHint));
    }

    private string Partitioned(string script)
    {
        string disk = folder.WriteHole("disk.img", DiskBytes);
        Tool.RunWithInput(System.Text.Encoding.ASCII.GetBytes(script), "sfdisk", "-q", disk).MustSucceed();
        return disk;
    }

    private string GuidPartitioned(int seed)
    {
        string disk = folder.WriteHole($"gpt-{seed}.img", DiskBytes);
        var random = new Random(seed);
        string[] types = ["8300", "8200", "8e00", "ef00", "0700", "fb00", "0c01"];
        var arguments = new List<string> { "-a", "1" };
        int start = 2048 + random.Next(1000);
        for (int number = 1; number <= 4 + random.Next(5); number++)
        {
            int end = start + random.Next(1, 10000);
            arguments.AddRange(
                ["-n", $"{number}:{start}:{end}", "-t", $"{number}:{types[random.Next(types.Length)]}",
                "-c", $"{number}:Teil {number} \u00e4\u00f6\u00fc \u4e2d"]);
            if (random.Next(3) == 0) { arguments.AddRange(["-A", $"{number}:set:2"]); }
            start = end + 1 + random.Next(3000);
        }
        Tool.Run("sgdisk", [.. arguments, disk]).MustSucceed();
        return disk;
    }

    private static PartitionTable Read(string path, out FindingList findings)
    {
        findings = new FindingList();
        LocalFile file = LocalFile.Open(path, HostAccess.Read);
        using var reader = new FlatReader(file, 0, file.Length);
        return PartitionTable.Read(reader, findings, path);
    }

    private static void Patch(string path, long offset, byte[] bytes)
    {
        using LocalFile file = LocalFile.Open(path, HostAccess.ReadWrite);
        file.Write(offset, bytes);
    }

    private static void AssertAsSfdisk(string disk, PartitionTable table)
    {
        string json = Tool.Run("sfdisk", "--json", disk).MustSucceed().Output;
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement.GetProperty("partitiontable");
        Assert.Equal(root.GetProperty("id").GetString(), table.DiskIdentifier);
        Assert.Equal(root.GetProperty("label").GetString(), table.Scheme == PartitionScheme.Mbr ? "dos"
            : "gpt");
        IEnumerable<string> expected = root.GetProperty("partitions").EnumerateArray()
            .Select(each => string.Join('|',
            each.GetProperty("node").GetString()![disk.Length..], each.GetProperty("start").GetInt64(),
            each.GetProperty("size").GetInt64(), each.GetProperty("type").GetString()!.ToUpperInvariant(),
            Text(each, "name"), Text(each, "uuid"),
            each.TryGetProperty("bootable", out _) || Text(each, "attrs").Contains("LegacyBIOSBootable")));
        IEnumerable<string> found = table.Partitions.Select(each => string.Join('|',
            each.Number, each.StartOffset / 512, each.LengthBytes / 512, CodeOf(each),
            each.Name, each.UniqueId?.ToString("D").ToUpperInvariant() ?? "", each.IsActive));
        Assert.Equal(expected, found);
    }

    private static string Text(JsonElement element, string key) =>
        element.TryGetProperty(key, out JsonElement value) ? value.GetString()! : "";

    private static string CodeOf(Partition partition) => partition.UniqueId is null
        ? byte.Parse(partition.Type.Code[2..], NumberStyles.AllowHexSpecifier).ToString("X")
        : partition.Type.Code;

    // mmls lists "slot: meta start end length description"; slots with a table and a number are partitions.
    private static void AssertAsMmls(string disk, PartitionTable table)
    {
        string output = Tool.Run("mmls", "-a", disk).MustSucceed().Output;
        IEnumerable<(long, long)> expected = output.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 5
                && words[1].All(letter => char.IsAsciiDigit(letter) || letter == ':'))
            .Select(words => (long.Parse(words[2]) * 512, long.Parse(words[4]) * 512));
        IEnumerable<(long, long)> found = table.Partitions.Where(each => !each.IsContainer)
            .OrderBy(each => each.StartOffset).Select(each => (each.StartOffset, each.LengthBytes));
        Assert.Equal(expected, found);
    }
}
