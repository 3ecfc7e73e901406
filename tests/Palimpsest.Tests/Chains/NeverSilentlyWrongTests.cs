using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;
using static Palimpsest.Tests.Chains.ChainRecipe;

namespace Palimpsest.Tests.Chains;

/// <summary>
/// Disks that other tools read wrong without a word: here each is read right, or refused by name.
/// </summary>
public sealed class NeverSilentlyWrongTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AFlatFileThatIsTooShortIsAnErrorAtItsEndAndNotZeros()
    {
        folder.Write("d-flat.vmdk", Numbered(8));
        string path = folder.WriteDescriptor("d.vmdk", Head + "RW 16 FLAT \"d-flat.vmdk\" 0\n");
        using Disk disk = Disk.Open(path);
        Assert.Contains(disk.Findings.Items, finding => finding.Code == FlatFindings.Short);
        var there = new byte[8 * 512];
        disk.Reader.Read(0, there);
        Assert.Equal(Numbered(8), there);
        BlockException error = Assert.Throws<BlockException>(() => disk.Reader.Read(7 * 512, new byte[1024]));
        Assert.Equal((BlockErrorKind.OutOfRange, 4096L), (error.Kind, error.OffsetBytes));
        Assert.Equal(RunKind.Unreadable, disk.Reader.GetRun(8 * 512, 1).Kind);
    }

    [Fact]
    public void AFlatFileThatIsTooLongIsReported()
    {
        folder.Write("d-flat.vmdk", Numbered(16));
        string path = folder.WriteDescriptor("d.vmdk", Head + "RW 8 FLAT \"d-flat.vmdk\" 0\n");
        using Disk disk = Disk.Open(path);
        Assert.Contains(disk.Findings.Items, finding => finding.Code == FlatFindings.Long);
        Assert.Equal(8 * 512, disk.CapacityBytes);
    }

    [Theory]
    [InlineData("RDONLY 4 FLAT \"a\" 0\nRW 4 FLAT \"b\" 0", "aaaabbbb")]
    [InlineData("RW 4 ZERO\nRW 4 FLAT \"b\" 0", "0000bbbb")]
    [InlineData("RW 4 FLAT \"a\" 0\nNOACCESS 2 ZERO\nRW 4 FLAT \"b\" 0", "aaaa00bbbb")]
    [InlineData("NOACCESS 4 FLAT \"a\" 0\nRW 4 FLAT \"b\" 0", "0000bbbb")]
    [InlineData("rw 4 flat \"a\" 0\nRw 4 Flat \"b\" 0", "aaaabbbb")]
    [InlineData("RW 2 FLAT \"a\" 2\nRW 2 FLAT \"a\" 0", "aaaa")]
    [InlineData("RW 4 VMFS \"a\" 0", "aaaa")]
    public void EveryExtentStaysWhereItIs(string extents, string layout)
    {
        folder.Write("a", Numbered(4, 1000));
        folder.Write("b", Numbered(4, 2000));
        string path = folder.WriteDescriptor("d.vmdk", Head + extents + "\n");
        byte[] content = ReadAll(path);
        Assert.Equal(layout.Length * 512, content.Length);
        for (int sector = 0; sector < layout.Length; sector++)
        {
            int value = BitConverter.ToInt32(content, sector * 512);
            Assert.Equal(layout[sector] switch { 'a' => 1, 'b' => 2, _ => 0 }, value / 1000);
        }
        if (extents.StartsWith("RW 2 FLAT", StringComparison.Ordinal))
        {
            Assert.Equal([1003, 1004, 1001, 1002], Enumerable.Range(0, 4)
                .Select(i => BitConverter.ToInt32(content, i * 512)));
        }
    }

    [Fact]
    public void AnUnknownExtentIsRefused()
    {
        folder.Write("a", Numbered(4));
        AssertRefused(folder.WriteDescriptor("d.vmdk", Head + "RW 4 FLAT \"a\" 0\nRW 4 FANCY \"a\"\n"),
            DescriptorFindings.UnknownExtentType);
    }

    [Fact]
    public void AMissingExtentIsNamed()
    {
        ImageException refusal = AssertRefused(
            folder.WriteDescriptor("d.vmdk", Head + "RW 4 FLAT \"not here.vmdk\" 0\n"),
            DescriptorFindings.ExtentMissing);
        Assert.Contains("not here.vmdk", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.ChainIncomplete, refusal.Reason.Code.ExitCode);
    }

    [Fact]
    public void AParentWithAnotherContentIdIsRefused()
    {
        string child = MakeChain("11111111", "base.vmdk");
        ImageException refusal = AssertRefused(child, ChainFindings.ContentIdMismatch);
        Assert.Contains("11111111", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("12345678", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingParentIsNamedAndTheBaseStillOpens()
    {
        string child = MakeChain("12345678", "gone.vmdk");
        Assert.Contains("gone.vmdk", AssertRefused(child, ChainFindings.ParentMissing)
            .Message, StringComparison.Ordinal);
        Assert.Equal(Numbered(8), ReadAll(Path.Combine(folder.Path, "base.vmdk")));
    }

    [Fact]
    public void AParentOfAnotherSizeIsRefused()
    {
        MakeChain("12345678", "base.vmdk");
        string child = folder.WriteDescriptor("other.vmdk",
            Child("12345678", "base.vmdk") + "RW 16 ZERO\n");
        AssertRefused(child, ChainFindings.CapacityMismatch);
    }

    [Fact]
    public void ACircleIsRefused()
    {
        string path = folder.WriteDescriptor("d.vmdk", Child("12345678", "d.vmdk") + "RW 8 ZERO\n");
        AssertRefused(path, ChainFindings.Loop);
    }

    [Theory]
    [InlineData("../outside.vmdk")]
    [InlineData("sub/../../outside.vmdk")]
    [InlineData("..\\outside.vmdk")]
    [InlineData("/etc/hostname")]
    [InlineData("C:\\outside.vmdk")]
    [InlineData("link.vmdk")]
    public void NamesThatLeadOutAreRefusedUnlessAllowed(string name)
    {
        using var inner = new TempFolder();
        folder.Write("outside.vmdk", Numbered(8));
        Directory.CreateDirectory(Path.Combine(folder.Path, "vm"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "vm", "link.vmdk"), "../outside.vmdk");
        string path = folder.WriteDescriptor("vm/d.vmdk", Head + $"RW 8 FLAT \"{name}\" 0\n");
        AssertRefused(path, DescriptorFindings.NameOutsideFolder);
        if (name is "../outside.vmdk" or "link.vmdk")
        {
            using Disk disk = Disk.Open(path, new DiskOpenOptions { AllowOutside = true });
            Assert.Equal(8 * 512, disk.CapacityBytes);
        }
    }

    [Fact]
    public void AnythingThatIsNoFileIsRefusedWithoutOpeningIt()
    {
        Tool.Run("mkfifo", Path.Combine(folder.Path, "pipe")).MustSucceed();
        AssertRefused(folder.WriteDescriptor("d.vmdk", Head + "RW 8 FLAT \"pipe\" 0\n"),
            ChainFindings.NotAFile);
        AssertRefused(Path.Combine(folder.Path, "pipe"), ChainFindings.NotAFile);
        AssertRefused(folder.Path, ChainFindings.NotAFile);
    }

    [Fact]
    public void ADeltaUnderAFlatNameIsRefused()
    {
        folder.NewDisk("s.vmdk", 1 << 20, "vmfsSparse");
        File.Move(Path.Combine(folder.Path, "s-delta.vmdk"), Path.Combine(folder.Path, "s-flat.vmdk"));
        AssertRefused(folder.WriteDescriptor("d.vmdk", Head + "RW 2048 FLAT \"s-flat.vmdk\" 0\n"),
            ChainFindings.ExtentFormatMismatch);
        AssertRefused(Path.Combine(folder.Path, "s-flat.vmdk"), ChainFindings.BareDelta);
    }

    [Fact]
    public void ADeltaHidesTheParentOnlyWhereItWasWritten()
    {
        string basePath = folder.NewDisk("base.vmdk", 1 << 20, "monolithicSparse");
        string child = folder.NewDisk("base-000001.vmdk", 1 << 20, "monolithicSparse");
        using (Disk disk = Disk.Open(basePath, new DiskOpenOptions { IsWritable = true }))
        {
            disk.Device!.Write(0, Numbered(2048, 5000));
        }
        SetParent(child, basePath);
        byte[] expected = Numbered(2048, 5000);
        using (Disk disk = Disk.Open(child, new DiskOpenOptions { IsWritable = true }))
        {
            disk.Device!.Write(70_000, new byte[] { 1, 2, 3 });
            disk.Device.WriteZeroes(200_000, 100_000, ZeroMode.MayPunch);
        }
        new byte[] { 1, 2, 3 }.CopyTo(expected, 70_000);
        expected.AsSpan(200_000, 100_000).Clear();
        Assert.Equal(expected, ReadAll(child));
        Assert.Equal(Numbered(2048, 5000), ReadAll(basePath));
        Tool.Run("qemu-img", "check", child).MustSucceed();
        string raw = Path.Combine(folder.Path, "raw");
        Tool.Run("qemu-img", "convert", "-O", "raw", child, raw).MustSucceed();
        Assert.Equal(expected, File.ReadAllBytes(raw));

        AssertRefused(basePath, ChainFindings.HasChildren, new DiskOpenOptions { IsWritable = true });
    }

    // The child's descriptor is rewritten by hand: taking snapshots is another verb's work.
    private static void SetParent(string child, string parent)
    {
        using Disk disk = Disk.Open(parent);
        uint contentId = disk.Links[0].Descriptor!.ContentId!.Value;
        byte[] bytes = File.ReadAllBytes(child);
        string text = System.Text.Encoding.Latin1.GetString(bytes, 512, 20 * 512).TrimEnd('\0');
        text = text.Replace("parentCID=ffffffff\n", $"parentCID={contentId:x8}\n", StringComparison.Ordinal)
            .Replace("\n\n# Extent", $"\nparentFileNameHint=\"{Path.GetFileName(parent)}\"\n\n# Extent",
                StringComparison.Ordinal);
        System.Text.Encoding.Latin1.GetBytes(text).CopyTo(bytes, 512);
        File.WriteAllBytes(child, bytes);
    }

    private string MakeChain(string parentContentId, string hint)
    {
        folder.Write("base-flat.vmdk", Numbered(8));
        folder.WriteDescriptor("base.vmdk", Head + "RW 8 FLAT \"base-flat.vmdk\" 0\n");
        return folder.WriteDescriptor("child.vmdk", Child(parentContentId, hint) + "RW 8 ZERO\n");
    }

    private static string Child(string parentContentId, string hint) =>
        Head.Replace("parentCID=ffffffff", $"parentCID={parentContentId}", StringComparison.Ordinal)
        + $"parentFileNameHint=\"{hint}\"\n";
}
