using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.Descriptor;

/// <summary>What descriptors say, in every form that real writers give them.</summary>
public sealed class DescriptorParserTests
{
    private const string Plain =
        "# Disk DescriptorFile\nversion=1\nCID=0172e8a4\nparentCID=ffffffff\ncreateType=\"vmfs\"\n\n"
        + "# Extent description\nRW 4096 VMFS \"disk-flat.vmdk\"\n\n# The Disk Data Base \n#DDB\n\n"
        + "ddb.adapterType = \"lsilogic\"\nddb.longContentID = \"7d28d3ae1a75dc4bb3d2f0a40172e8a4\"\n";

    [Fact]
    public void APlainDescriptorIsUnderstoodWithoutFindings()
    {
        (VmdkDescriptor descriptor, FindingList findings) = Parse(Plain);
        Assert.Empty(findings.Items);
        Assert.Equal(1, descriptor.Version);
        Assert.Equal(0x0172e8a4u, descriptor.ContentId);
        Assert.Equal(VmdkDescriptor.NoParent, descriptor.ParentContentId);
        Assert.Equal("vmfs", descriptor.CreateType);
        Assert.Equal(4096L * 512, descriptor.CapacityBytes);
        ExtentLine extent = Assert.Single(descriptor.Extents);
        Assert.Equal((ExtentAccess.ReadWrite, ExtentType.Vmfs, "disk-flat.vmdk"),
            (extent.Access, extent.Type, extent.FileName));
        Assert.Equal("lsilogic", descriptor.Database("ADAPTERTYPE"));
    }

    [Theory]
    [InlineData("\uFEFF")]
    [InlineData("\n\n  \n# another comment\n")]
    [InlineData("encoding=\"UTF-8\"\n")]
    public void WhatStandsBeforeTheVersionDoesNotHideTheDescriptor(string before)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(before + Plain["# Disk DescriptorFile\n".Length..]);
        Assert.True(VmdkDescriptor.LooksLikeDescriptor(bytes));
        var findings = new FindingList();
        VmdkDescriptor descriptor = DescriptorParser.Parse(bytes, "d", findings);
        Assert.Equal(1, descriptor.Version);
        Assert.Single(descriptor.Extents);
        Assert.True(findings.Worst is null or Severity.Info);
    }

    [Fact]
    public void KeywordsAreCaseInsensitiveAndLineEndsAndBlanksDoNotMatter()
    {
        (VmdkDescriptor descriptor, FindingList findings) = Parse(
            "VERSION=1 \r\ncid=0000abcd \r\nParentCid = FFFFFFFF\r\nCREATETYPE = \"monolithicFlat\" \r\n"
            + "\trw  8   flat\t\"my disk-flat.vmdk\"  0 \r\n");
        Assert.True(findings.Worst is null or Severity.Info, string.Join('\n', findings.Items));
        Assert.Equal(0xABCDu, descriptor.ContentId);
        Assert.Equal("my disk-flat.vmdk", Assert.Single(descriptor.Extents).FileName);
    }

    [Theory]
    [InlineData("RW 8 FLAT \"a\" 0 uuid device", ExtentAccess.ReadWrite, ExtentType.Flat, 0)]
    [InlineData("RDONLY 8 SPARSE \"a\"", ExtentAccess.ReadOnly, ExtentType.Sparse, 0)]
    [InlineData("RW 8 VMFS \"a\" 0", ExtentAccess.ReadWrite, ExtentType.Vmfs, 0)]
    [InlineData("RW 8 ZERO", ExtentAccess.ReadWrite, ExtentType.Zero, 0)]
    [InlineData("NOACCESS 8 ZERO", ExtentAccess.NoAccess, ExtentType.Zero, 0)]
    [InlineData("NOACCESS 8 FLAT \"a\" 7", ExtentAccess.NoAccess, ExtentType.Flat, 7)]
    [InlineData("RW 8 VMFSSPARSE \"a\"", ExtentAccess.ReadWrite, ExtentType.VmfsSparse, 0)]
    [InlineData("RW 8 SESPARSE \"a\"", ExtentAccess.ReadWrite, ExtentType.SeSparse, 0)]
    public void ExtentLinesAreUnderstood(string line, ExtentAccess access, ExtentType type,
        long offsetSectors)
    {
        (VmdkDescriptor descriptor, FindingList findings) = Parse(WithExtent(line));
        Assert.True(findings.Worst is null or Severity.Info, string.Join('\n', findings.Items));
        ExtentLine extent = Assert.Single(descriptor.Extents);
        Assert.Equal((access, type, 8L, offsetSectors),
            (extent.Access, extent.Type, extent.SectorCount, extent.OffsetSectors));
    }

    [Theory]
    [InlineData("RW 8 FANCY \"a\"", "VMDK1005")]
    [InlineData("RW 8 VMFSRDM \"a\"", "VMDK1006")]
    [InlineData("RW eight FLAT \"a\" 0", "VMDK1007")]
    [InlineData("RW -8 FLAT \"a\" 0", "VMDK1007")]
    [InlineData("RW 8 FLAT", "VMDK1007")]
    [InlineData("RW 8 FLAT \"a", "VMDK1007")]
    [InlineData("RW 8 FLAT \"\" 0", "VMDK1007")]
    [InlineData("RW 8 FLAT \"a\"b\" 0", "VMDK1007")]
    [InlineData("RW 8 FLAT \"a\" 9223372036854775807", "VMDK1007")]
    [InlineData("RW 99999999999999999999 FLAT \"a\" 0", "VMDK1007")]
    [InlineData("RX 8 FLAT \"a\" 0", "VMDK1004")]
    public void ALineThatCannotBeUnderstoodRefusesTheDisk(string line, string code)
    {
        (_, FindingList findings) = Parse(WithExtent(line));
        Assert.Contains(findings.Items, finding => finding.Code.Id == code);
        Assert.Throws<ImageException>(findings.ThrowIfRefused);
    }

    [Theory]
    [InlineData("version=4", "VMDK1001")]
    [InlineData("version=one", "VMDK1001")]
    public void AnUnknownVersionIsRefusedAsUnsupported(string line, string code)
    {
        (_, FindingList findings) = Parse(Plain.Replace("version=1", line, StringComparison.Ordinal));
        ImageException refusal = Assert.Throws<ImageException>(findings.ThrowIfRefused);
        Assert.Equal(code, refusal.Reason.Code.Id);
        Assert.Equal(ExitCodes.Unsupported, refusal.Reason.Code.ExitCode);
    }

    [Theory]
    [InlineData("fullDevice")]
    [InlineData("partitionedDevice")]
    [InlineData("vmfsRawDeviceMap")]
    [InlineData("vmfsPassthroughRawDeviceMap")]
    [InlineData("vsanSparse")]
    public void DevicesAreRefusedByName(string createType)
    {
        (_, FindingList findings) =
            Parse(Plain.Replace("\"vmfs\"", $"\"{createType}\"", StringComparison.Ordinal));
        ImageException refusal = Assert.Throws<ImageException>(findings.ThrowIfRefused);
        Assert.Equal(ExitCodes.Unsupported, refusal.Reason.Code.ExitCode);
        Assert.Contains(createType, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SizesThatAddUpToMoreThanAnyDiskAreRefused()
    {
        (_, FindingList findings) = Parse(
            WithExtent("RW 18014398509481983 ZERO\nRW 18014398509481983 ZERO\nRW 18014398509481983 ZERO"));
        Assert.Contains(findings.Items, finding => finding.Code == DescriptorFindings.CapacityOverflow);
    }

    [Fact]
    public void TheParentIdIsNotMistakenForTheOwnOne()
    {
        (VmdkDescriptor descriptor, FindingList findings) = Parse(
            "version=1\nparentCID=11111111\nCID=22222222\ncreateType=\"custom\"\nRW 8 ZERO\n");
        Assert.Equal(0x22222222u, descriptor.ContentId);
        Assert.Equal(0x11111111u, descriptor.ParentContentId);
        Assert.Contains(findings.Items, finding => finding.Code == DescriptorFindings.ContentIdOrder);
    }

    [Fact]
    public void TextBehindTheEndIsReportedAndNotRead()
    {
        (VmdkDescriptor descriptor, FindingList findings) = Parse(Plain + "\0RW 4096 ZERO\n");
        Assert.Single(descriptor.Extents);
        Assert.Contains(findings.Items, finding => finding.Code == DescriptorFindings.StaleTail);
    }

    [Theory]
    [InlineData("GBK", "\u6D4B\u8BD5-flat.vmdk", 936)]
    [InlineData("Shift_JIS", "\u30C6\u30B9\u30C8.vmdk", 932)]
    [InlineData("Big5", "\u6E2C\u8A66.vmdk", 950)]
    [InlineData("windows-1252", "Gr\u00F6\u00DFe.vmdk", 1252)]
    public void NamesAreDecodedAsDeclared(string encodingName, string name, int codePage)
    {
        Encoding encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage)!;
        string text = $"version=1\nencoding=\"{encodingName}\"\nCID=1\nparentCID=ffffffff\n"
            + $"createType=\"vmfs\"\nRW 8 VMFS \"{name}\"\n";
        byte[] bytes = encoding.GetBytes(text);
        var findings = new FindingList();
        VmdkDescriptor descriptor = DescriptorParser.Parse(bytes, "d", findings);
        Assert.Equal(name, Assert.Single(descriptor.Extents).FileName);
        Assert.Equal(bytes, descriptor.ToBytes());

        var editor = new DescriptorEditor(descriptor);
        editor.SetExtents([descriptor.Extents[0] with { SectorCount = 16 }]);
        Assert.Equal(encoding.GetBytes(text.Replace("RW 8", "RW 16", StringComparison.Ordinal)),
            editor.ToBytes());
    }

    [Fact]
    public void AnyBytesAtAllGiveAResult()
    {
        var random = new Random(20261122);
        for (int i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                Encoding.ASCII.GetBytes(WithExtent("RW 8 FLAT \"a\" 0"))
                    .AsSpan(0, Math.Min(100, bytes.Length)).CopyTo(bytes);
            }
            var findings = new FindingList();
            VmdkDescriptor descriptor = DescriptorParser.Parse(bytes, "d", findings);
            int end = Array.IndexOf(bytes, (byte)0);
            Assert.Equal(end < 0 ? bytes : bytes[..end], descriptor.ToBytes());
        }
    }

    internal static string WithExtent(string line) =>
        "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"custom\"\n"
        + $"{line}\n";

    private static (VmdkDescriptor Descriptor, FindingList Findings) Parse(string text)
    {
        var findings = new FindingList();
        return (DescriptorParser.Parse(Encoding.UTF8.GetBytes(text), "d", findings), findings);
    }
}
