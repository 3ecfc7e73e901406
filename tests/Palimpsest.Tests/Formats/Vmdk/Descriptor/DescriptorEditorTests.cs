using System.Text;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.Descriptor;

/// <summary>Lines that are not changed keep every byte.</summary>
public sealed class DescriptorEditorTests
{
    private const string Odd =
        "#  Disk DescriptorFile \r\n\r\n version = 1\r\nfoo.bar=\"kept, with = and \xE4\"\nCID=abc\r\n"
        + "# between \r\nparentCID=ffffffff \ncreateType=\"custom\"\nRW 8 ZERO  \r\n#DDB\n"
        + "ddb.longContentID = \"0123456789abcdef0123456700000abc\"\nlast.line=1";

    [Fact]
    public void OnlyTheContentIdChanges()
    {
        DescriptorEditor editor = Edit(Odd);
        editor.SetContentId(0xDEADBEEF);
        string expected = Odd.Replace("CID=abc", "CID=deadbeef", StringComparison.Ordinal)
            .Replace("0123456700000abc", "01234567deadbeef", StringComparison.Ordinal);
        Assert.Equal(expected, Encoding.Latin1.GetString(editor.ToBytes()));
    }

    [Fact]
    public void ANewKeyGoesToTheEndOfItsSection()
    {
        DescriptorEditor editor = Edit(Odd);
        editor.Set("ddb.adapterType", "ide");
        editor.Set("parentFileNameHint", "base.vmdk");
        string text = Encoding.Latin1.GetString(editor.ToBytes());
        Assert.Contains("0123456700000abc\"\nddb.adapterType = \"ide\"\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("last.line=1\r\nparentFileNameHint=\"base.vmdk\"\r\n", text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void RemovingAndReorderingLeavesTheRest()
    {
        const string Text =
            "# c\nCID2=x\nparentCID=00000001\nCID=00000002\nversion=1\ncreateType=\"custom\"\nRW 8 ZERO\n";
        DescriptorEditor editor = Edit(Text);
        editor.PutVersionFirst();
        editor.PutContentIdFirst();
        editor.Remove("createType");
        Assert.Equal("# c\nversion=1\nCID2=x\nCID=00000002\nparentCID=00000001\nRW 8 ZERO\n",
            Encoding.Latin1.GetString(editor.ToBytes()));
    }

    [Fact]
    public void ATemplateIsReadBackAsItWasMeant()
    {
        var template = new DescriptorTemplate
        {
            CreateType = CreateTypes.Vmfs,
            Extents = [new ExtentLine(ExtentAccess.ReadWrite, 33554432, ExtentType.Vmfs, "a b-flat.vmdk")],
            AdapterType = "lsilogic",
            Geometry = DiskGeometry.For(33554432L * 512, "lsilogic"),
            IsThin = true,
            Uuid = DescriptorTemplate.NewUuid(),
        };
        var findings = new FindingList();
        VmdkDescriptor descriptor = DescriptorParser.Parse(template.ToBytes(), "d", findings);
        Assert.Empty(findings.Items);
        Assert.Equal(template.ContentId, descriptor.ContentId);
        Assert.Equal("2088", descriptor.Database("geometry.cylinders"));
        Assert.Equal("1", descriptor.Database("thinProvisioned"));
        Assert.Matches("^60 00 c2 9[0-9a-f]( [0-9a-f]{2}){4}-[0-9a-f]{2}( [0-9a-f]{2}){7}$",
            descriptor.Database("uuid")!);
    }

    // Values of descriptors that VMware's own tools wrote.
    [Theory]
    [InlineData(4096, "lsilogic", 2, 64, 32)]
    [InlineData(61440, "lsilogic", 30, 64, 32)]
    [InlineData(33554432, "lsilogic", 2088, 255, 63)]
    [InlineData(83886080, "lsilogic", 5221, 255, 63)]
    [InlineData(125829120, "lsilogic", 7832, 255, 63)]
    [InlineData(10485760, "ide", 10402, 16, 63)]
    [InlineData(125829120, "ide", 16383, 16, 63)]
    public void GeometryIsWhatVmwareWrites(long sectors, string adapter, long cylinders, int heads,
        int perTrack) =>
        Assert.Equal(new DiskGeometry(cylinders, heads, perTrack), DiskGeometry.For(sectors * 512, adapter));

    private static DescriptorEditor Edit(string latin1) =>
        new(DescriptorParser.Parse(Encoding.Latin1.GetBytes(latin1), "d", new FindingList()));
}
