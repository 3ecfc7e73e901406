using System.Buffers.Binary;
using System.Security.Cryptography;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>
/// Descriptors destroyed and rebuilt, tables broken and restored: qemu-img says whether the disk is whole
/// again.
/// </summary>
public sealed class MendInteropTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicFlat", "my disk", "my disk-flat.vmdk")]
    [InlineData("monolithicFlat", "Müller \u6F22", "Müller \u6F22-flat.vmdk")]
    [InlineData("twoGbMaxExtentFlat", "split", "split-f001.vmdk")]
    [InlineData("twoGbMaxExtentSparse", "split", "split-s002.vmdk")]
    public void ARebuiltDescriptorOpensInQemu(string kind, string name, string dataName)
    {
        string disk = folder.File(name + ".vmdk");
        Img("create", "-f", "vmdk", "-o", $"subformat={kind}", disk,
            kind.StartsWith("two", StringComparison.Ordinal) ? "2100M" : "48M");
        Io(disk, "write -P 0x11 0 64k", "write -P 0x22 40M 128k");
        if (kind.StartsWith("two", StringComparison.Ordinal)) { Io(disk, "write -P 0x33 2099M 1M"); }
        string before = QemuHash(disk);
        File.Delete(disk);
        DescriptionProposal proposal = Describer.Propose(LocalHost.Instance, folder.File(dataName));
        Assert.Equal(disk, Describer.Write(LocalHost.Instance, proposal).TargetPath);
        Assert.Equal(before, QemuHash(disk));
        Assert.Equal(before, OurHash(disk));
    }

    [Theory]
    [InlineData("monolithicSparse")]
    [InlineData("streamOptimized")]
    public void AWipedEmbeddedDescriptorIsRebuilt(string kind)
    {
        string raw = folder.File("raw"), disk = folder.File("one file.vmdk");
        File.WriteAllBytes(raw, [.. RandomNumberGenerator.GetBytes(1 << 20), .. new byte[3 << 20]]);
        Img("convert", "-f", "raw", "-O", "vmdk", "-o", $"subformat={kind}", raw, disk);
        string before = QemuHash(disk);
        byte[] bytes = File.ReadAllBytes(disk);
        RandomNumberGenerator.Fill(bytes.AsSpan(512, 20 * 512));
        bytes[512] = 0x80;
        File.WriteAllBytes(disk, bytes);
        DescriptionResult result =
            Describer.Write(LocalHost.Instance, Describer.Propose(LocalHost.Instance, disk));
        Assert.Equal(bytes[512..(21 * 512)], File.ReadAllBytes(result.KeptPath!));
        Assert.Equal(before, QemuHash(disk));
        Assert.Equal(before, OurHash(disk));
    }

    [Fact]
    public void AChainOpensAgainAfterItsBaseWasDescribed()
    {
        string parent = folder.File("base.vmdk"), child = folder.File("base-000001.vmdk");
        Img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", parent, "16M");
        Io(parent, "write -P 0x41 0 1M");
        Img("create", "-f", "vmdk", "-b", parent, "-F", "vmdk", child);
        Io(child, "write -P 0x42 512k 1M");
        string before = QemuHash(child);
        File.WriteAllBytes(parent, new byte[300]);
        Describer.Write(LocalHost.Instance,
            Describer.Propose(LocalHost.Instance, folder.File("base-flat.vmdk")));
        Assert.Equal(before, QemuHash(child));
        Assert.Equal(before, OurHash(child));
    }

    [Fact]
    public void AWipedDeltaFindsItsParent()
    {
        string parent = folder.File("base.vmdk"), child = folder.File("base-000001.vmdk");
        Img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", parent, "16M");
        Io(parent, "write -P 0x41 0 1M");
        Img("create", "-f", "vmdk", "-b", "base.vmdk", "-F", "vmdk", child);
        Io(child, "write -P 0x42 512k 1M");
        string before = QemuHash(child);
        byte[] bytes = File.ReadAllBytes(child);
        bytes.AsSpan(512, 20 * 512).Clear();
        File.WriteAllBytes(child, bytes);
        DescriptionProposal proposal = Describer.Propose(LocalHost.Instance, child);
        Assert.Null(Describer.Write(LocalHost.Instance, proposal).KeptPath);
        Assert.Equal(before, QemuHash(child));
        Assert.Equal(before, OurHash(child));
    }

    // Both damages: the tables that qemu reads, and the copy that it does not.
    [Theory]
    [InlineData(48)]
    [InlineData(56)]
    public void BrokenTablesAreRestored(int directoryField)
    {
        string disk = folder.File("sparse.vmdk");
        Img("create", "-f", "vmdk", disk, "128M");
        Io(disk, "write -P 1 0 1M", "write -P 2 40M 192k", "write -P 3 127M 1M");
        string before = QemuHash(disk);
        byte[] bytes = File.ReadAllBytes(disk);
        int directory = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(directoryField)) * 512;
        int table = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(directory)) * 512;
        bytes.AsSpan(table, 64).Fill(0xEE);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(directory + 4), 0xFFFFFF00);
        File.WriteAllBytes(disk, bytes);
        RepairResult result = DiskRepair.Apply(DiskRepair.Plan(disk, new DiskOpenOptions(), new RepairOptions()));
        Assert.DoesNotContain(result.After.Findings.Items, finding => finding.Severity >= Severity.Error);
        Tool.Run("qemu-img", "check", "-f", "vmdk", disk).MustSucceed();
        Assert.Equal(before, QemuHash(disk));
        Assert.Equal(before, OurHash(disk));
        foreach (string path in result.UndoPaths) { DiskRepair.Undo(LocalHost.Instance, path); }
        Assert.Equal(bytes, File.ReadAllBytes(disk));
    }

    [Theory]
    [InlineData("\n# Disk DescriptorFile\nversion=1\n")]
    [InlineData("encoding=\"UTF-8\"\nversion=1\n")]
    public void QemuReadsAMendedDescriptor(string start)
    {
        byte[] content = RandomNumberGenerator.GetBytes(1 << 20);
        folder.Write("d-flat.vmdk", content);
        string disk = folder.Write("d.vmdk", start
            + "CID=1234\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
            + "RW 2048 FLAT \"d-flat.vmdk\" 0\nddb.adapterType = \"ide\"\n");
        DiskRepair.Apply(DiskRepair.Plan(disk, new DiskOpenOptions(), new RepairOptions()));
        Assert.Equal(Convert.ToHexString(SHA256.HashData(content)), QemuHash(disk));
    }

    private static void Img(params string[] arguments) => Tool.Run("qemu-img", arguments).MustSucceed();

    private static void Io(string disk, params string[] commands) => Tool.Run("qemu-io",
        ["-f", "vmdk", .. commands.SelectMany(command => new[] { "-c", command }), disk]).MustSucceed();

    // Hashed in pieces: the split disks are larger than a test should hold in memory. Format probing is left
    // to qemu-img, so that a descriptor that it does not recognise fails here.
    private string QemuHash(string disk)
    {
        string raw = folder.File("oracle.raw");
        Img("convert", "-O", "raw", disk, raw);
        using FileStream file = File.OpenRead(raw);
        string hash = Convert.ToHexString(SHA256.HashData(file));
        file.Close();
        File.Delete(raw);
        return hash;
    }

    private static string OurHash(string path)
    {
        using Disk disk = Disk.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[4 << 20];
        for (long offset = 0; offset < disk.CapacityBytes; offset += buffer.Length)
        {
            Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, disk.CapacityBytes - offset));
            disk.Reader.Read(offset, piece);
            hash.AppendData(piece);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
