using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;
using Xunit;

namespace Palimpsest.Tests.Chains.Graph;

/// <summary>What settings and snapshot lists say of links, and where they disagree.</summary>
public sealed class GraphMachineTests : IDisposable
{
    private readonly GraphFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ASoundMachineHasNoFindings()
    {
        Chain("vm", 3);
        folder.Settings("vm.vmx", ("scsi0:0", "vm-000002.vmdk"));
        folder.Snapshots("vm.vmsd", 2, (1, "first", "vm.vmdk"), (2, "second", "vm-000001.vmdk"));
        ChainGraph graph = folder.Graph();
        Assert.Empty(CodesOf(graph));
        Assert.All(graph.Links, link => Assert.True(link.IsKnown));
        GraphMachineDisk use = Assert.Single(Link(graph, "vm-000002.vmdk").RunBy);
        Assert.Equal(("vm.vmx", "scsi0:0", DiskPlace.Link), (use.SettingsName, use.Disk.Node, use.Place));
        GraphSnapshot frozen = Assert.Single(Link(graph, "vm-000001.vmdk").FrozenBy);
        Assert.Equal((2, "second", true),
            (frozen.Snapshot.Uid, frozen.Snapshot.DisplayName, frozen.IsCurrent));
        Assert.False(Assert.Single(Link(graph, "vm.vmdk").FrozenBy).IsCurrent);
    }

    [Fact]
    public void TwoMachinesShareAFolder()
    {
        Chain("one", 2);
        Chain("two", 2);
        folder.Settings("one.vmx", ("scsi0:0", "one-000001.vmdk"));
        folder.Settings("two.vmx", ("ide0:0", "two-000001.vmdk"));
        folder.Snapshots("one.vmsd", 1, (1, "a", "one.vmdk"));
        ChainGraph graph = folder.Graph();
        Assert.Empty(CodesOf(graph));
        Assert.Equal(["one.vmx"], Link(graph, "one-000001.vmdk").RunBy.Select(use => use.SettingsName));
        Assert.Equal(["two.vmx"], Link(graph, "two-000001.vmdk").RunBy.Select(use => use.SettingsName));
        Assert.Equal(2, graph.Roots.Count());
    }

    [Fact]
    public void DeltasNobodyKnowsAreFindingsAndBasesAreNot()
    {
        Chain("vm", 2);
        folder.Link("left.vmdk", "000000aa", "vm.vmdk", "00000000");
        folder.Link("spare.vmdk", "000000bb");
        Assert.Empty(CodesOf(folder.Graph()));
        folder.Settings("vm.vmx", ("scsi0:0", "vm-000001.vmdk"));
        ChainGraph graph = folder.Graph();
        Finding found = Assert.Single(graph.Links.SelectMany(link => link.Findings));
        Assert.Equal((GraphFindings.UnknownDelta, folder.File("left.vmdk")), (found.Code, found.Path));
        Assert.False(Link(graph, "spare.vmdk").IsKnown);
    }

    [Fact]
    public void MissingDisksAreNamed()
    {
        Chain("vm", 2);
        folder.Settings("vm.vmx", ("scsi0:0", "vm-000001.vmdk"), ("scsi0:1", "gone.vmdk"),
            ("scsi0:2", "/vmfs/volumes/ds2/vm/data.vmdk"));
        folder.Snapshots("vm.vmsd", 1, (1, "first", "vm.vmdk"), (4, "old", "vm-000007.vmdk"));
        ChainGraph graph = folder.Graph();
        Assert.Equal([DiskPlace.Link, DiskPlace.Missing, DiskPlace.Outside],
            graph.Machines.Single().Disks.Select(disk => disk.Place));
        Finding missing = graph.Machines.Single().Findings.Single();
        Assert.Equal(GraphFindings.MachineDiskMissing, missing.Code);
        Assert.Contains("gone.vmdk", missing.Message, StringComparison.Ordinal);
        Finding old = graph.SnapshotLists.Single().Findings.Single();
        Assert.Equal(GraphFindings.SnapshotDiskMissing, old.Code);
        Assert.Contains("snapshot 4 \"old\" froze \"vm-000007.vmdk\"", old.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConsolidationIsAskedFor()
    {
        Chain("vm", 1);
        folder.Write("vm.vmsd", "snapshot.needConsolidate = \"TRUE\"\n");
        ChainGraph graph = folder.Graph();
        Assert.True(graph.SnapshotLists.Single().NeedsConsolidation);
        Assert.Equal([GraphFindings.ConsolidationNeeded],
            graph.SnapshotLists.Single().Findings.Select(finding => finding.Code));
    }

    [Fact]
    public void RunningBelowADeltaIsAFinding()
    {
        Chain("vm", 3);
        folder.Settings("vm.vmx", ("scsi0:0", "vm.vmdk"));
        folder.Snapshots("vm.vmsd", 2, (2, "second", "vm-000001.vmdk"));
        ChainGraph graph = folder.Graph();
        Assert.Equal(["VMDK7408", "VMDK7409"],
            Link(graph, "vm.vmdk").Findings.Select(finding => finding.Code.Id).Order());
        Assert.Contains("vm-000001.vmdk stands on it", Link(graph, "vm.vmdk").Findings[0].Message,
            StringComparison.Ordinal);
        Assert.Equal(["VMDK7404"], Link(graph, "vm-000002.vmdk").Findings.Select(finding => finding.Code.Id));
    }

    [Fact]
    public void AMachineThatLeftItsCurrentSnapshotIsAFinding()
    {
        Chain("vm", 2);
        folder.Link("vm-000005.vmdk", "000000cc", "vm.vmdk", "00000000");
        folder.Settings("vm.vmx", ("scsi0:0", "vm-000005.vmdk"));
        folder.Snapshots("vm.vmsd", 1, (1, "first", "vm-000001.vmdk"));
        Finding found = Assert.Single(Link(folder.Graph(), "vm-000005.vmdk").Findings);
        Assert.Equal(GraphFindings.NotOnCurrentSnapshot, found.Code);
        Assert.Contains("froze vm-000001.vmdk", found.Message, StringComparison.Ordinal);
    }

    // One machine, two datastores, the same name on both; and a machine that was moved with all its disks.
    [Fact]
    public void NamesWithFoldersAreGuessedOnlyWhereNothingContradicts()
    {
        Chain("vm", 2);
        folder.Settings("vm.vmx", ("scsi0:0", "vm-000001.vmdk"), ("scsi0:1", "/vmfs/volumes/ds2/vm/vm.vmdk"));
        ChainGraph graph = folder.Graph();
        Assert.Equal([DiskPlace.Link, DiskPlace.Outside],
            graph.Machines.Single().Disks.Select(disk => disk.Place));
        Assert.Empty(CodesOf(graph));
        folder.Settings("vm.vmx", ("scsi0:0", "/vmfs/volumes/ds1/vm/vm-000001.vmdk"));
        Assert.Equal("vm-000001.vmdk", folder.Graph().Machines.Single().Disks.Single().Link!.Name);
    }

    [Fact]
    public void AUselessSideFileIsAFinding()
    {
        Chain("vm", 1);
        using (FileStream large = File.Create(folder.File("vm.vmsd"))) { large.SetLength(5 << 20); }
        Assert.Equal([DescribeFindings.WitnessUnusable],
            folder.Graph().Findings.Items.Select(finding => finding.Code));
    }

    // A chain with ids 0, 1, 2 and VMware's names.
    private void Chain(string stem, int count)
    {
        string? below = null;
        for (int i = 0; i < count; i++)
        {
            string name = i == 0 ? $"{stem}.vmdk" : $"{stem}-{i:d6}.vmdk";
            folder.Link(name, $"{i:x8}", below, below is null ? null : $"{i - 1:x8}");
            below = name;
        }
    }

    private static IEnumerable<string> CodesOf(ChainGraph graph) => graph.Findings.Items
        .Concat(graph.Links.SelectMany(link => link.Findings))
        .Concat(graph.Machines.SelectMany(machine => machine.Findings))
        .Concat(graph.SnapshotLists.SelectMany(list => list.Findings)).Select(finding => finding.Code.Id);

    private static GraphLink Link(ChainGraph graph, string name) =>
        graph.Links.Single(link => link.Name == name);
}
