using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Simulation;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>A creation that fails at a rename leaves none of its files.</summary>
public sealed class FailedCreationTests
{
    [Theory]
    [InlineData("monolithicFlat", 2)]
    [InlineData("twoGbMaxExtentFlat", 3)]
    [InlineData("twoGbMaxExtentSparse", 3)]
    [InlineData("monolithicSparse", 1)]
    public void NothingIsLeft(string kind, int renameCount)
    {
        for (int number = 1; number <= renameCount; number++)
        {
            var host = new SimulatedHost();
            host.FailAt(HostOperation.Rename, number, isForever: false);
            var creation = new DiskCreation
            {
                Path = "/d/disk.vmdk",
                CapacityBytes = (2047L << 20) + (1 << 20),
                Kind = kind,
                Host = host,
            };
            Assert.Throws<BlockException>(
                () => DiskCreator.Create(creation, TestContext.Current.CancellationToken));
            Assert.Empty(host.Files);
        }
    }
}
