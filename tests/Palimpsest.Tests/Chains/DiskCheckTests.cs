using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>A check goes as far as it can, and says each thing once.</summary>
public sealed class DiskCheckTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ASoundDiskHasNothingToSay()
    {
        folder.Write("d-flat.vmdk", new byte[4096]);
        string path = folder.Write("d.vmdk", Base(8));
        CheckResult result = Check(path, isDeep: true);
        Assert.Empty(result.Findings.Items);
        Assert.True(result.IsOpenable);
        ExtentReport extent = Assert.Single(result.Extents);
        Assert.True(extent.IsSound);
        Assert.Equal(4096, extent.FileBytes);
    }

    [Fact]
    public void TheHeadIsCheckedWithoutItsParent()
    {
        folder.Write("d-flat.vmdk", new byte[4000]);
        string path = folder.Write("d.vmdk", Base(8).Replace(
            "parentCID=ffffffff", "parentCID=11111111\nparentFileNameHint=\"gone.vmdk\"",
            StringComparison.Ordinal));
        CheckResult result = Check(path);
        Assert.Equal(ChainFindings.ParentMissing, result.Refusal!.Reason.Code);
        Assert.Contains(result.Findings.Items, finding => finding.Code == FlatFindings.Short);
        AssertEachOnce(result);
    }

    [Fact]
    public void AShortFileIsSaidOnceAndCountedDeep()
    {
        folder.Write("d-flat.vmdk", new byte[3072]);
        string path = folder.Write("d.vmdk", Base(8));
        CheckResult result = Check(path, isDeep: true);
        Assert.Single(result.Findings.Items, finding => finding.Code == FlatFindings.Short);
        Assert.Equal(1024, result.UnreadableBytes);
        Assert.Contains(result.Findings.Items,
            finding => finding.Code == RepairFindings.Unreadable && finding.OffsetBytes == 3072);
        AssertEachOnce(result);
    }

    [Fact]
    public void OneMissingExtentDoesNotHideTheOthers()
    {
        folder.Write("b.vmdk", new byte[100]);
        string path = folder.Write("d.vmdk",
            "version=1\nCID=11111111\nparentCID=ffffffff\ncreateType=\"custom\"\n"
            + "RW 8 FLAT \"a.vmdk\" 0\nRW 8 FLAT \"b.vmdk\" 0\nRW 8 FLAT \"c.vmdk\" 0\n");
        CheckResult result = Check(path);
        Assert.Equal(2,
            result.Findings.Items.Count(finding => finding.Code == DescriptorFindings.ExtentMissing));
        Assert.Contains(result.Findings.Items, finding => finding.Code == FlatFindings.Short);
        Assert.Equal(3, result.Extents.Count);
        AssertEachOnce(result);
    }

    [Fact]
    public void ABareDeltaIsCheckedByItself()
    {
        byte[] header = new byte[4096];
        "COWD"u8.CopyTo(header);
        string path = folder.Write("x-delta.vmdk", header);
        CheckResult result = Check(path);
        Assert.Equal(ChainFindings.BareDelta, result.Refusal!.Reason.Code);
        Assert.Contains(result.Findings.Items,
            finding => finding.Code.Id.StartsWith("VMDK4", StringComparison.Ordinal));
    }

    private static CheckResult Check(string path, bool isDeep = false) => DiskCheck.Run(
        path, new DiskOpenOptions(), new CheckOptions { IsDeep = isDeep }, null, CancellationToken.None);

    private static void AssertEachOnce(CheckResult result) =>
        Assert.Equal(result.Findings.Items.Distinct().Count(), result.Findings.Items.Count);

    private static string Base(int sectors) =>
        "version=1\nCID=11111111\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
        + $"RW {sectors} FLAT \"d-flat.vmdk\" 0\n";
}
