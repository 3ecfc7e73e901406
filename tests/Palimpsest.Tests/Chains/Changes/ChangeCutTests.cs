using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// The power goes, or the process is killed, at every change that a commit makes, and again at every change of the
/// recovery: the disk opens all the time with its content, and the same command finishes.
/// </summary>
public sealed class ChangeCutTests
{
    private static readonly string[] Targets =
    [
        CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse,
    ];

    public static TheoryData<string, string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string, string>();
            foreach (string target in Targets)
            {
                foreach (string delta in DiskRecipe.DeltaKinds)
                {
                    foreach (MergedDelta afterwards in Enum.GetValues<MergedDelta>())
                    {
                        pairs.Add(delta, target, afterwards.ToString());
                    }
                }
            }
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_commit_survives_a_cut_anywhere(string delta, string target, string afterwards)
    {
        var chain = new ChainScene(RandomCases.Seed, target, delta);
        Cut($"commit of {delta} into {target}, {afterwards}", new CommitScene(chain)
        {
            From = 1, Into = 0, Afterwards = Enum.Parse<MergedDelta>(afterwards),
        });
    }

    [Theory]
    [InlineData(0, false, CreateTypes.Vmfs, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse)]
    [InlineData(0, true, CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse,
        CreateTypes.MonolithicSparse)]
    [InlineData(1, false, CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse,
        CreateTypes.TwoGbMaxExtentSparse)]
    [InlineData(1, true, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse,
        CreateTypes.VmfsSparse)]
    public void So_does_one_down_several_links(int into, bool deletes, params string[] kinds)
    {
        Cut($"commit down to link {into} of {string.Join(", ", kinds)}, {(deletes ? "deleting" : "emptying")} the delta",
            new CommitScene(new ChainScene(RandomCases.Seed, kinds))
            {
                From = 3, Into = into, Afterwards = deletes ? MergedDelta.Delete : MergedDelta.Empty, Verifies = true,
            });
    }

    [Theory]
    [InlineData(2, 1, CreateTypes.MonolithicFlat, CreateTypes.VmfsSparse, CreateTypes.MonolithicSparse,
        CreateTypes.MonolithicSparse)]
    [InlineData(2, 0, CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse,
        CreateTypes.VmfsSparse)]
    [InlineData(1, 0, CreateTypes.Vmfs, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse)]
    public void So_does_one_of_a_link_in_the_middle_whose_children_move(int from, int into, params string[] kinds)
    {
        var chain = new ChainScene(RandomCases.Seed, kinds);
        chain.AddBranch(CreateTypes.MonolithicSparse, chain.Paths[from]);
        chain.AddBranch(CreateTypes.TwoGbMaxExtentSparse, chain.Paths[from]);
        chain.AddMachine(chain.Head);
        Cut($"commit of link {from} of {string.Join(", ", kinds)} and two branches", new CommitScene(chain)
        {
            From = from, Into = into, Afterwards = MergedDelta.Delete,
        });
    }

    [Theory]
    [InlineData(MergedDelta.Empty)]
    [InlineData(MergedDelta.Keep)]
    public void So_does_one_of_a_link_in_the_middle_that_stays(MergedDelta afterwards)
    {
        var chain = new ChainScene(RandomCases.Seed, CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse,
            CreateTypes.MonolithicSparse);
        chain.AddBranch(CreateTypes.VmfsSparse, chain.Paths[1]);
        Cut($"commit of a link in the middle, {afterwards}", new CommitScene(chain)
        {
            From = 1, Into = 0, Afterwards = afterwards,
        });
    }

    [Theory]
    [InlineData(1, CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse)]
    [InlineData(2, CreateTypes.Vmfs, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse)]
    public void A_machine_that_runs_from_the_delta_runs_from_its_target_afterwards(int from, params string[] kinds)
    {
        var chain = new ChainScene(RandomCases.Seed, kinds);
        chain.AddMachine(chain.Head);
        Cut($"commit of a machine's {kinds[from]}", new CommitScene(chain)
        {
            From = from, Into = 0, Afterwards = MergedDelta.Delete,
        });
    }

    [Theory]
    [InlineData(MergedDelta.Empty, CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse)]
    [InlineData(MergedDelta.Delete, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse)]
    public void A_frozen_target_is_written_to(MergedDelta afterwards, string target, string delta)
    {
        var chain = new ChainScene(RandomCases.Seed, target, delta);
        foreach (string file in chain.Files[chain.Paths[0]]) { chain.Host.SetReadOnly(file); }
        Cut($"commit of {delta} into a frozen {target}, {afterwards}", new CommitScene(chain)
        {
            From = 1, Into = 0, Afterwards = afterwards,
        });
    }

    [Theory]
    [InlineData(MergedDelta.Empty, CreateTypes.MonolithicFlat, CreateTypes.VmfsSparse)]
    [InlineData(MergedDelta.Delete, CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse)]
    [InlineData(MergedDelta.Delete, CreateTypes.Vmfs, CreateTypes.VmfsSparse, CreateTypes.VmfsSparse)]
    public void A_chain_may_span_folders(MergedDelta afterwards, params string[] kinds)
    {
        var chain = new ChainScene(RandomCases.Seed, kinds);
        chain.MoveHead();
        Cut($"commit into another folder, {afterwards}", new CommitScene(chain)
        {
            From = kinds.Length - 1, Into = 0, Afterwards = afterwards,
        });
    }

    private static void Cut(string name, CommitScene scene) => new CutEverywhere(scene.Chain.Host)
    {
        Name = name, Operation = scene.Run, AssertInvariant = scene.AssertInvariant, AssertFinal = scene.AssertFinal,
    }.Run();
}
