using System.Buffers.Binary;
using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>What a rebuilt descriptor says, from evidence laid out by recipe.</summary>
public sealed class DescriberTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("disk-flat.vmdk", "disk.vmdk")]
    [InlineData("my server-flat.vmdk", "my server.vmdk")]
    [InlineData("Größe und Maß-flat.vmdk", "Größe und Maß.vmdk")]
    [InlineData("disk.raw", "disk.vmdk")]
    [InlineData("disk.vmdk", "disk-descriptor.vmdk")]
    public void AFlatFileGetsADescriptorThatOpens(string dataName, string diskName)
    {
        byte[] content = Content(3 << 20);
        string data = folder.Write(dataName, content);
        DescriptionProposal proposal = Propose(data);
        Assert.Equal(folder.File(diskName), proposal.TargetPath);
        Assert.Equal(folder.File(diskName), Describer.Write(LocalHost.Instance, proposal).TargetPath);
        Assert.Equal(content, Read(folder.File(diskName)));
    }

    [Fact]
    public void TheContentIdIsTheOneThatChildrenExpect()
    {
        folder.Write("vm-flat.vmdk", Content(1 << 20));
        WriteDelta("vm-000001", 2048, "vm.vmdk", parentId: 0xdeadbeef, ownId: 0x11111111);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-flat.vmdk")));
        Assert.Equal(0xdeadbeef, descriptor.ContentId);
        Assert.EndsWith("deadbeef", descriptor.Database("longContentID"), StringComparison.Ordinal);
        Assert.Equal(CreateTypes.Vmfs, descriptor.CreateType);
        Assert.Equal(ExtentType.Vmfs, Assert.Single(descriptor.Extents).Type);
    }

    [Fact]
    public void ChildrenThatDisagreeAreNotOverruled()
    {
        folder.Write("vm-flat.vmdk", Content(1 << 20));
        WriteDelta("vm-000001", 2048, "vm.vmdk", parentId: 0xaaaaaaaa, ownId: 1);
        WriteDelta("vm-000002", 2048, "vm.vmdk", parentId: 0xbbbbbbbb, ownId: 2);
        AssertRefused(DescribeFindings.ChildrenDisagree, "vm-flat.vmdk");
        VmdkDescriptor given = Parsed(Describer.Propose(LocalHost.Instance, folder.File("vm-flat.vmdk"),
            new DescribeOptions { ContentId = 0xaaaaaaaa }));
        Assert.Equal(0xaaaaaaaa, given.ContentId);
    }

    [Fact]
    public void SettingsTellAdapterAndHardware()
    {
        folder.Write("vm-flat.vmdk", Content(1 << 20));
        folder.Write("vm.vmx", """
            .encoding = "UTF-8"
            virtualHW.version = "19"
            scsi0.virtualDev = "buslogic"
            scsi0.present = "TRUE"
            scsi0:0.fileName = "vm.vmdk"
            scsi0:0.present = "TRUE"
            sched.cpu.units = "mhz"
            """);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-flat.vmdk")));
        Assert.Equal("buslogic", descriptor.Database("adapterType"));
        Assert.Equal("19", descriptor.Database("virtualHWVersion"));
        Assert.Equal("64", descriptor.Database("geometry.heads"));
        Assert.Equal(CreateTypes.Vmfs, descriptor.CreateType);
    }

    [Fact]
    public void TheLogTellsIdAndUuid()
    {
        folder.Write("vm-flat.vmdk", Content(1 << 20));
        folder.Write("vmware.log", """
            2026-01-01T00:00:00Z| vmx| DISK: Disk '/vmfs/volumes/5f/vm/vm.vmdk' has UUID '60 00 c2 91 0a 0b 0c 0d-01 02 03 04 05 06 07 08'
            2026-01-01T00:00:01Z| vmx| DISKLIB-LINK: "/vmfs/volumes/5f/vm/vm.vmdk" : CID=cafe0123
            """);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-flat.vmdk")));
        Assert.Equal(0xcafe0123, descriptor.ContentId);
        Assert.Equal("60 00 c2 91 0a 0b 0c 0d-01 02 03 04 05 06 07 08", descriptor.Database("uuid"));
    }

    [Fact]
    public void APartitionTableFor16HeadsHintsAtIde()
    {
        byte[] content = new byte[1 << 20];
        (content[510], content[511]) = (0x55, 0xAA);
        (content[446 + 4], content[446 + 5]) = (0x83, 15);
        folder.Write("disk-flat.vmdk", content);
        DescriptionProposal proposal = Propose(folder.File("disk-flat.vmdk"));
        Assert.Equal("ide", Parsed(proposal).Database("adapterType"));
        Evidence adapter = Assert.Single(proposal.Evidence, evidence => evidence.Field == "ddb.adapterType");
        Assert.Equal(Confidence.Weak, adapter.Confidence);
    }

    [Fact]
    public void BytesThatWereAppendedAreAFinding()
    {
        byte[] content = Content((1 << 20) + 700);
        folder.Write("vm-flat.vmdk", content);
        DescriptionProposal proposal = Propose(folder.File("vm-flat.vmdk"));
        Assert.Contains(proposal.Findings.Items, finding => finding.Code == FlatFindings.PartialSector);
        Assert.Equal((1 << 20) + 512, Parsed(proposal).CapacityBytes);
        WriteDelta("vm-000001", 2048, "vm.vmdk", parentId: 7, ownId: 8);
        proposal = Propose(folder.File("vm-flat.vmdk"));
        Assert.Contains(proposal.Findings.Items, finding => finding.Code == DescribeFindings.SizeDiffers);
        Assert.Equal(1 << 20, Parsed(proposal).CapacityBytes);
    }

    [Fact]
    public void ADeltaStandsOnWhatTheSnapshotListSays()
    {
        WriteBase("vm", 2048, 0x01010101);
        WriteDelta("vm-000001", 2048, "vm.vmdk", 0x01010101, 0x02020202);
        WriteDelta("vm-000002", 2048, "vm.vmdk", 0x01010101, 0x03030303);
        folder.Write("vm-000003-delta.vmdk", CowdHeader(2048));
        AssertRefused(DescribeFindings.ParentUnknown, "vm-000003-delta.vmdk");
        folder.Write("vm.vmx", "scsi0:0.fileName = \"vm-000003.vmdk\"\nscsi0:0.present = \"TRUE\"\n");
        folder.Write("vm.vmsd", """
            .encoding = "UTF-8"
            snapshot.current = "5"
            snapshot0.uid = "1"
            snapshot0.numDisks = "1"
            snapshot0.disk0.fileName = "vm.vmdk"
            snapshot0.disk0.node = "scsi0:0"
            snapshot1.uid = "5"
            snapshot1.parent = "1"
            snapshot1.numDisks = "1"
            snapshot1.disk0.fileName = "vm-000002.vmdk"
            snapshot1.disk0.node = "scsi0:0"
            """);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-000003-delta.vmdk")));
        Assert.Equal("vm-000002.vmdk", descriptor.ParentFileNameHint);
        Assert.Equal(0x03030303u, descriptor.ParentContentId);
        Assert.Equal(CreateTypes.VmfsSparse, descriptor.CreateType);
    }

    [Fact]
    public void ADeltaInTheMiddleKeepsItsChild()
    {
        WriteBase("vm", 2048, 0x01010101);
        folder.Write("vm-000001-delta.vmdk", CowdHeader(2048));
        WriteDelta("vm-000002", 2048, "vm-000001.vmdk", 0x0badcafe, 0x02020202);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-000001-delta.vmdk")));
        Assert.Equal("vm.vmdk", descriptor.ParentFileNameHint);
        Assert.Equal(0x01010101u, descriptor.ParentContentId);
        Assert.Equal(0x0badcafeu, descriptor.ContentId);
    }

    [Fact]
    public void ADeltaWithoutAParentIsRefusedByName()
    {
        folder.Write("vm-000001-delta.vmdk", CowdHeader(2048));
        AssertRefused(DescribeFindings.ParentUnknown, "vm-000001-delta.vmdk");
        WriteBase("vm", 4096, 0x01010101);
        AssertRefused(DescribeFindings.ParentUnknown, "vm-000001-delta.vmdk");
        ImageException refusal = Assert.Throws<ImageException>(() => Describer.Propose(LocalHost.Instance,
            folder.File("vm-000001-delta.vmdk"),
            new DescribeOptions { ParentPath = folder.File("vm.vmdk") }));
        Assert.Equal(ChainFindings.CapacityMismatch, refusal.Reason.Code);
    }

    [Fact]
    public void SeSparseIsDescribedFromItsHeader()
    {
        WriteBase("vm", 4096, 0x01010101);
        byte[] header = new byte[4096];
        BinaryPrimitives.WriteUInt64LittleEndian(header, 0xCAFEBABE);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), 4096);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), 8);
        folder.Write("vm-000001-sesparse.vmdk", header);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-000001-sesparse.vmdk")));
        Assert.Equal(CreateTypes.SeSparse, descriptor.CreateType);
        Assert.Equal("vm-000001-sesparse.vmdk", Assert.Single(descriptor.Extents).FileName);
        Assert.Equal(4096, descriptor.Extents[0].SectorCount);
    }

    [Fact]
    public void AMissingPieceIsNamed()
    {
        folder.Write("big-f001.vmdk", new byte[1024]);
        folder.Write("big-f003.vmdk", new byte[512]);
        Finding reason = AssertRefused(DescribeFindings.PieceMissing, "big-f001.vmdk");
        Assert.Contains("big-f002.vmdk", reason.Message, StringComparison.Ordinal);
        folder.Write("big-f002.vmdk", new byte[1024]);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("big-f003.vmdk")));
        Assert.Equal([2, 2, 1], descriptor.Extents.Select(extent => extent.SectorCount));
        Assert.Equal(CreateTypes.TwoGbMaxExtentFlat, descriptor.CreateType);
    }

    [Fact]
    public void ADescriptorIsNeverOverwritten()
    {
        folder.Write("vm-flat.vmdk", new byte[1 << 20]);
        WriteBaseDescriptor("vm", 2048, 5);
        byte[] before = File.ReadAllBytes(folder.File("vm.vmdk"));
        Assert.Equal(ExitCodes.Refused, AssertRefused(DescribeFindings.DescriptorExists, "vm-flat.vmdk")
            .Code.ExitCode);
        Assert.Equal(before, File.ReadAllBytes(folder.File("vm.vmdk")));
    }

    [Fact]
    public void ADestroyedDescriptorIsKept()
    {
        folder.Write("vm-flat.vmdk", Content(1 << 20));
        byte[] noise = Content(600);
        noise[0] = 0x80;
        folder.Write("vm.vmdk", noise);
        DescriptionProposal proposal = Propose(folder.File("vm.vmdk"));
        DescriptionResult result = Describer.Write(LocalHost.Instance, proposal);
        Assert.Equal(folder.File("vm.vmdk.before-describe-1"), result.KeptPath);
        Assert.Equal(noise, File.ReadAllBytes(result.KeptPath!));
        Assert.Equal(Content(1 << 20), Read(folder.File("vm.vmdk")));
    }

    [Fact]
    public void ANameWithAQuoteIsRefused()
    {
        folder.Write("a\"b-flat.vmdk", new byte[1024]);
        AssertRefused(DescribeFindings.UnwritableName, "a\"b-flat.vmdk");
    }

    [Fact]
    public void HolesMakeADiskOfEsxiThin()
    {
        folder.WriteHole("vm-flat.vmdk", 8 << 20);
        WriteDelta("vm-000001", 16384, "vm.vmdk", parentId: 0xdeadbeef, ownId: 0x11111111);
        VmdkDescriptor descriptor = Parsed(Propose(folder.File("vm-flat.vmdk")));
        Assert.Equal(CreateTypes.Vmfs, descriptor.CreateType);
        Assert.Equal("1", descriptor.Database("thinProvisioned"));
    }

    [Fact]
    public void HolesOfAHostedDiskAreNotWrittenDown()
    {
        DescriptionProposal proposal = Propose(folder.WriteHole("vm-flat.vmdk", 8 << 20));
        VmdkDescriptor descriptor = Parsed(proposal);
        Assert.Equal(CreateTypes.MonolithicFlat, descriptor.CreateType);
        Assert.Null(descriptor.Database("thinProvisioned"));
        Assert.DoesNotContain(proposal.Evidence, evidence => evidence.Field == "ddb.thinProvisioned");
    }

    // Three kinds of what lies in the area: nothing, text that is no descriptor, and bytes that are no text.
    [Theory]
    [InlineData(0)]
    [InlineData('x')]
    [InlineData(0x80)]
    public void ACutWhileWritingInsideOfAnExtentIsFinishedByRunningAgain(byte old)
    {
        string path = folder.NewDisk(new string('n', 200) + ".vmdk", 1 << 20, CreateTypes.MonolithicSparse);
        byte[] content = Content(1 << 20);
        using (Disk disk = Disk.Open(path, new DiskOpenOptions { IsWritable = true }))
        {
            disk.Device!.Write(0, content);
            disk.Device.Flush();
        }
        byte[] lost = File.ReadAllBytes(path);
        long start = 512 * BinaryPrimitives.ReadInt64LittleEndian(lost.AsSpan(28));
        long length = 512 * BinaryPrimitives.ReadInt64LittleEndian(lost.AsSpan(36));
        lost.AsSpan((int)start, (int)length).Fill(old);
        int halfCount = 0;
        bool isDone = false;
        for (int failAt = 1; !isDone; failAt++)
        {
            File.WriteAllBytes(path, lost);
            DescriptionProposal proposal = Propose(path);
            Assert.InRange(proposal.Text.Length, 513, (int)length);
            try
            {
                Describer.Write(new FaultyHost(failAt), proposal);
                isDone = true;
            }
            catch (BlockException)
            {
                byte[] cut = File.ReadAllBytes(path);
                bool isFirstOld = cut.AsSpan((int)start, 512).SequenceEqual(lost.AsSpan((int)start, 512));
                if (isFirstOld)
                {
                    if (!cut.AsSpan().SequenceEqual(lost)) { halfCount++; }
                    Describer.Write(LocalHost.Instance, Propose(path));
                }
            }
            Assert.Equal(content, Read(path));
            Assert.True(failAt < 100);
        }
        Assert.True(halfCount > 0, "no cut fell between two sectors");
    }

    private static DescriptionProposal Propose(string path) => Describer.Propose(LocalHost.Instance, path);

    private static VmdkDescriptor Parsed(DescriptionProposal proposal)
    {
        var findings = new FindingList();
        VmdkDescriptor descriptor = DescriptorParser.Parse(proposal.Text, proposal.TargetPath, findings);
        Assert.Empty(findings.Items);
        return descriptor;
    }

    private static byte[] Read(string path)
    {
        using Disk disk = Disk.Open(path);
        byte[] content = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, content);
        return content;
    }

    private static byte[] Content(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static byte[] CowdHeader(uint sectors)
    {
        byte[] header = new byte[2048 + 512];
        "COWD"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(24), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), 5);
        return header;
    }

    private Finding AssertRefused(FindingCode code, string name)
    {
        ImageException refusal = Assert.Throws<ImageException>(() => Propose(folder.File(name)));
        Assert.Equal(code, refusal.Reason.Code);
        return refusal.Reason;
    }

    private void WriteBase(string name, int sectors, uint contentId)
    {
        folder.WriteHole(name + "-flat.vmdk", sectors * 512L);
        WriteBaseDescriptor(name, sectors, contentId);
    }

    private void WriteBaseDescriptor(string name, int sectors, uint contentId) => folder.Write(name + ".vmdk",
        $"# Disk DescriptorFile\nversion=1\nCID={contentId:x8}\nparentCID=ffffffff\ncreateType=\"vmfs\"\n\n"
        + $"RW {sectors} VMFS \"{name}-flat.vmdk\"\n\nddb.adapterType = \"lsilogic\"\n");

    private void WriteDelta(string name, uint sectors, string parentName, uint parentId, uint ownId)
    {
        folder.Write(name + "-delta.vmdk", CowdHeader(sectors));
        folder.Write(name + ".vmdk", Encoding.UTF8.GetBytes(
            $"# Disk DescriptorFile\nversion=1\nCID={ownId:x8}\nparentCID={parentId:x8}\n"
            + "createType=\"vmfsSparse\"\n"
            + $"parentFileNameHint=\"{parentName}\"\n\nRW {sectors} VMFSSPARSE \"{name}-delta.vmdk\"\n"));
    }
}
