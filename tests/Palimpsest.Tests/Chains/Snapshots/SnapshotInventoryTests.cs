using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Snapshots;

/// <summary>What is listed, what is said not to fit, and hostile machine files.</summary>
public sealed class SnapshotInventoryTests
{
    private readonly SimulatedMachine machine = new(new Random(RandomCases.Seed));

    public SnapshotInventoryTests()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 4);
        machine.AddDisk("vm_1", CreateTypes.Vmfs, CreateTypes.VmfsSparse, 4);
        machine.WriteSettings();
        machine.WriteList();
    }

    [Fact]
    public void TheTreeAndTheLinksAreListed()
    {
        machine.Revert("moment 1");
        machine.Create("after");
        SnapshotInventory inventory = Take();
        Assert.Equal(["0 moment 1", "1 moment 2", "2 moment 3", "1 after*"],
            inventory.Snapshots.Select(listed =>
            $"{listed.Depth} {listed.Snapshot.DisplayName}{(listed.IsCurrent ? "*" : "")}"));
        Assert.Equal([true, false, false, true],
            inventory.Snapshots.Select(listed => listed.Links.All(link => link.IsAncestor)));
        Assert.All(inventory.Snapshots, listed => Assert.All(listed.Links, link => Assert.True(link.Exists)));
        Assert.Empty(inventory.Findings.Items);
        Assert.Equal(
            [
                "vm.vmdk on  frozen 1", "vm-000001.vmdk on vm.vmdk frozen 2 branch",
                "vm-000004.vmdk on vm.vmdk frozen 4",
                "vm-000002.vmdk on vm-000001.vmdk frozen 3 branch",
                "vm-000003.vmdk on vm-000004.vmdk running",
            ],
            inventory.Disks[0].Moments.Select(Text));
    }

    [Fact]
    public void WhatDoesNotFitIsSaid()
    {
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(list
            .Replace("disk0.fileName = \"vm.vmdk\"", "disk0.fileName = \"lost.vmdk\"",
            StringComparison.Ordinal)
            .Replace("snapshot2.parent = \"2\"", "snapshot2.parent = \"9\"", StringComparison.Ordinal)
            + "snapshot.needConsolidate = \"true\"\n"));
        string settings = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmx)!;
        machine.Host.Put(SimulatedMachine.Vmx, Encoding.UTF8.GetBytes(
            settings.Replace("vm_1-000003", "vm_1-000001", StringComparison.Ordinal)));
        Assert.Equal(
            [
                SnapshotFindings.BrokenTree.Id, SnapshotFindings.EntryWithoutFile.Id,
                    SnapshotFindings.NotAnAncestor.Id,
                SnapshotFindings.NeedsConsolidation.Id, SnapshotFindings.UnlistedLinks.Id,
            ],
            Take().Findings.Items.Select(item => item.Code.Id));
    }

    [Fact]
    public void ALoopOfParentsEnds()
    {
        machine.Host.Put(SimulatedMachine.Vmsd,
            Encoding.UTF8.GetBytes("snapshot.current = \"1\"\nsnapshot0.uid = \"1\"\n"
            + "snapshot0.parent = \"2\"\nsnapshot1.uid = \"2\"\n"
            + "snapshot1.parent = \"1\"\nsnapshot2.uid = \"3\"\n"
            + "snapshot2.parent = \"3\"\n"));
        SnapshotInventory inventory = Take();
        Assert.Equal([1, 2, 3], inventory.Snapshots.Select(listed => listed.Snapshot.Uid));
        Assert.Equal(2, inventory.Findings.Items.Count(item => item.Code == SnapshotFindings.BrokenTree));
    }

    [Fact]
    public void ABareDisksLinksAreMoments()
    {
        machine.Host.Delete(SimulatedMachine.Vmx);
        machine.Host.Delete(SimulatedMachine.Vmsd);
        SnapshotInventory inventory = SnapshotInventory.Take("/vm/vm.vmdk", machine.Options);
        Assert.Null(inventory.MachinePath);
        Assert.Equal(
            [
                "vm.vmdk on  frozen", "vm-000001.vmdk on vm.vmdk frozen",
                "vm-000002.vmdk on vm-000001.vmdk frozen",
                "vm-000003.vmdk on vm-000002.vmdk running",
            ],
            Assert.Single(inventory.Disks).Moments.Select(Text));
    }

    [Fact]
    public void ADiskThatDoesNotOpenIsListed()
    {
        machine.Host.Delete("/vm/vm-000001.vmdk");
        machine.Host.Delete("/vm/vm_1-000003.vmdk");
        SnapshotInventory inventory = Take();
        Assert.All(inventory.Disks, disk => Assert.NotNull(disk.Problem));
        Assert.Contains(inventory.Findings.Items, item => item.Code == ChainFindings.ParentMissing);
        Assert.Contains(inventory.Findings.Items, item => item.Code == SnapshotFindings.DiskElsewhere);
    }

    // Machine files come from anybody. Whatever they say, a plan is made or refused, listing changes nothing,
    // and no change names a file outside of the folder.
    [Fact]
    public void HostileMachineFilesArePlannedOrRefused()
    {
        var random = new Random(RandomCases.Seed);
        string settings = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmx)!,
            list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!
                + "snapshot.mru0.uid = \"1\"\nsnapshot1.clone0 = \"x\"\nsentinel0 = \"vm-000001.vmdk\"\n";
        string[] pieces =
        [
            "../", "/etc/passwd", "|00", "\"", "vm.vmdk",
            "vm-000001.vmdk", "-1", "99999999999", "2147483647", "uid",
            "parent", "disk0.fileName", "snapshot0", "snapshot00", "\n", "\r",
            "=", "", "TRUE", "\u6F22", "numDisks",
            "scsi0:0", "scsi0:1", "palimpsest-change.json", "vm.vmx",
        ];
        IReadOnlyList<string> files = machine.Host.Files;
        int planned = 0, refused = 0;
        for (int i = 0; i < RandomCases.Count(600); i++)
        {
            machine.Host.Put(SimulatedMachine.Vmx, Encoding.UTF8.GetBytes(Mutated(settings)));
            machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(Mutated(list)));
            Try(() => SnapshotInventory.Take(SimulatedMachine.Vmx, machine.Options));
            foreach (Func<ChangePlan> plan in Plans()) { Try(() => Check(plan())); }
            Assert.Equal(files, machine.Host.Files);
        }
        Assert.InRange(planned, 1, int.MaxValue);
        Assert.InRange(refused, 1, int.MaxValue);

        string Mutated(string text)
        {
            for (int i = random.Next(4); i > 0; i--)
            {
                int at = random.Next(text.Length), length = random.Next(12);
                text = text.Remove(at, Math.Min(length, text.Length - at))
                    .Insert(at, pieces[random.Next(pieces.Length)]);
            }
            return text;
        }

        void Try(Action action)
        {
            try
            {
                action();
                planned++;
            }
            catch (Exception error) when (error is ImageException or BlockException)
            {
                refused++;
            }
        }

        void Check(ChangePlan plan)
        {
            foreach (string name in ChangeFile.NamesIn(plan.Change))
            {
                Assert.DoesNotContain('/', name);
                Assert.DoesNotContain('\0', name);
            }
            ChangeFile.Begin(new SimulatedHost(), "/x", plan.Change);
        }

        IEnumerable<Func<ChangePlan>> Plans() =>
        [
            new SnapshotCreator(new SnapshotCreation { Path = SimulatedMachine.Vmx }, machine.Options).Plan,
            new SnapshotReverter(new SnapshotReversion { Path = SimulatedMachine.Vmx }, machine.Options).Plan,
            new SnapshotReverter(
                new SnapshotReversion { Path = SimulatedMachine.Vmx, Snapshot = "moment 1" }, machine.Options)
                .Plan,
            new SnapshotDeleter(
                new SnapshotDeletion { Path = SimulatedMachine.Vmx, Snapshot = "moment 2" }, machine.Options)
                .Plan,
            new SnapshotConsolidator(new SnapshotConsolidation { Path = SimulatedMachine.Vmx },
            machine.Options).Plan,
        ];
    }

    private SnapshotInventory Take() => SnapshotInventory.Take("/vm", machine.Options);

    private static string Text(Moment moment)
    {
        string parent = moment.ParentPath is null ? "" : HostPath.NameOf(moment.ParentPath);
        string state = moment.IsHead ? "running" : moment.IsFrozen ? "frozen" : "left";
        string by = moment.Snapshots.Count == 0 ? "" : " " + string.Join(',', moment.Snapshots);
        return $"{HostPath.NameOf(moment.Path)} on {parent} {state}{by}{(moment.IsInChain ? "" : " branch")}";
    }
}
