using System.Text;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// The host fails at the N-th call of a commit, for every N, or runs full: the error is told, no content is lost, and
/// the same command finishes afterwards.
/// </summary>
public sealed class ChangeFaultTests
{
    public static TheoryData<string, string, MergedDelta> Pairs => new()
    {
        { CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, MergedDelta.Empty },
        { CreateTypes.MonolithicFlat, CreateTypes.VmfsSparse, MergedDelta.Delete },
        { CreateTypes.MonolithicSparse, CreateTypes.VmfsSparse, MergedDelta.Empty },
        { CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse, MergedDelta.Delete },
        { CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, MergedDelta.Keep },
        { CreateTypes.VmfsSparse, CreateTypes.VmfsSparse, MergedDelta.Empty },
        { CreateTypes.VmfsSparse, CreateTypes.MonolithicSparse, MergedDelta.Delete },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_commit_that_fails_loses_nothing(string target, string delta, MergedDelta afterwards) =>
        Fail($"commit of {delta} into {target}, {afterwards}", new CommitScene(
            new ChainScene(RandomCases.Seed, target, delta))
        {
            From = 1, Into = 0, Afterwards = afterwards, Verifies = afterwards == MergedDelta.Keep,
        });

    [Fact]
    public void Nor_does_one_whose_children_and_machine_follow()
    {
        var chain = new ChainScene(RandomCases.Seed, CreateTypes.MonolithicFlat, CreateTypes.VmfsSparse,
            CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse);
        chain.AddBranch(CreateTypes.VmfsSparse, chain.Paths[2]);
        chain.AddMachine(chain.Paths[2]);
        Fail("commit of a link in the middle, with a child, a branch and a machine", new CommitScene(chain)
        {
            From = 2, Into = 0, Afterwards = MergedDelta.Delete,
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_refusal_stands_though_its_reason_cannot_be_read(bool isSnapshotList)
    {
        var chain = new ChainScene(RandomCases.Seed, CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse);
        if (!isSnapshotList) { chain.AddBranch(CreateTypes.VmfsSparse, chain.Paths[0]); }
        else
        {
            chain.Host.Put(DiskRecipe.Folder + "vm.vmsd", Encoding.UTF8.GetBytes(
                ".encoding = \"UTF-8\"\nsnapshot.lastUID = \"1\"\nsnapshot.current = \"1\"\nsnapshot.numSnapshots = \"1\"\n"
                + "snapshot0.uid = \"1\"\nsnapshot0.displayName = \"before\"\nsnapshot0.numDisks = \"1\"\n"
                + "snapshot0.disk0.fileName = \"disk.vmdk\"\nsnapshot0.disk0.node = \"scsi0:0\"\n"));
        }
        var scene = new CommitScene(chain) { From = 1, Into = 0, Afterwards = MergedDelta.Delete };
        HostJournal beginning = chain.Host.Record();
        for (int number = 1, failed = 1; failed > 0; number++)
        {
            SimulatedHost host = beginning.HostAfterCut(0, CutVariant.Keep);
            UInt128 before = host.Fingerprint();
            host.FailAt(HostOperation.Read, number, isForever: false);
            Exception error = Assert.ThrowsAny<Exception>(() => scene.Run(host));
            Assert.True(error is BlockException or ImageException, error.ToString());
            Assert.Equal(before, host.Fingerprint());
            failed = (int)host.FailedCount;
        }
    }

    private static void Fail(string name, CommitScene scene) => new FaultEverywhere(scene.Chain.Host)
    {
        Name = name, Operation = scene.Run, AssertInvariant = scene.AssertInvariant, AssertFinal = scene.AssertFinal,
    }.Run();
}
