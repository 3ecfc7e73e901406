using System.Security.Cryptography;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>Disks that VMware's own libraries made, held to the hashes that came with them.</summary>
public sealed class SampleTests
{
    private const string NtfsContent = "a3bcf05f07a1c06a3380eeca8571f0efb2b85afafa1e21662b8cad436d1f7727";

    [Theory]
    [InlineData("monolithicSparse.vmdk", NtfsContent)]
    [InlineData("streamOptimized.vmdk", NtfsContent)]
    [InlineData("vmfs_thick.vmdk", "8d43c795d24bce01b49f92744f934c1072210dcac170bb1c83a5aa56df46ab7d")]
    public void ContentIsWhatItsMakersSay(string name, string sha256)
    {
        byte[] content = ChainRecipe.ReadAll(Samples.Find("vmdk/" + name));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    [Fact]
    public void TheChildWithoutItsDataIsAnIncompleteChain()
    {
        string path = Samples.Find("vmdk/vmfs_thick-000001.vmdk");
        ImageException refusal = ChainRecipe.AssertRefused(path, DescriptorFindings.ExtentMissing);
        Assert.Equal(ExitCodes.ChainIncomplete, refusal.Reason.Code.ExitCode);
        Assert.Contains("vmfs_thick-000001-delta.vmdk", refusal.Message, StringComparison.Ordinal);
        using DiskInspection inspection = Disk.Inspect(path);
        Assert.Equal(2, inspection.Links.Count);
    }

    [Fact]
    public void TheChainOfTheSampleIsDrawnWithWhatIsMissing()
    {
        ChainGraph graph = ChainGraph.Of(Samples.Find("vmdk/vmfs_thick-000001.vmdk"));
        GraphLink child = graph.Named!, parent = child.Parent!;
        Assert.Equal(("vmfs_thick.vmdk", EdgeState.Good, 0x0172e8a4u),
            (parent.Name, child.Edge!.State, parent.Descriptor!.ContentId));
        Assert.Equal([ExtentState.Missing], child.Extents.Select(extent => extent.State));
        Assert.Equal([ExtentState.Present], parent.Extents.Select(extent => extent.State));
        Assert.Equal(2, graph.ComponentOf(child).Count);
        ChainReport report = ChainReport.From(graph, child.Path);
        Assert.Equal(ExitCodes.ChainIncomplete, report.ExitCode);
    }
}
