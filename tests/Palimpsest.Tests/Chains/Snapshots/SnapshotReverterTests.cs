using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Snapshots;

/// <summary>Going back: what the guest sees then, what is thrown away, and what is not.</summary>
public sealed class SnapshotReverterTests
{
    private readonly SimulatedMachine machine = new(new Random(RandomCases.Seed));

    public SnapshotReverterTests()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 4);
        machine.AddDisk("vm_1", CreateTypes.Vmfs, CreateTypes.VmfsSparse, 4);
        machine.WriteSettings();
        machine.WriteList();
    }

    [Fact]
    public void WithoutANameThePresentGoesBackToTheLastSnapshot()
    {
        ChangeResult result = machine.Revert(null);
        Assert.Equal(["/vm/vm-000004.vmdk", "/vm/vm_1-000004.vmdk"], SimulatedMachine.Running(machine.Host)
            .Values);
        Assert.DoesNotContain("vm-000003.vmdk", machine.DiskFiles);
        Assert.DoesNotContain("vm_1-000003-delta.vmdk", machine.DiskFiles);
        machine.AssertRuns(disk => disk.Contents[2]);
        Assert.Equal(3, SimulatedMachine.List(machine.Host).CurrentUid);
        DeleteFilesStep gone = Assert.IsType<DeleteFilesStep>(
            result.Change.Steps.First(step => step is DeleteFilesStep));
        Assert.Equal(["vm-000003.vmdk"], gone.Paths);
        Assert.InRange(gone.LostBytes, 1, long.MaxValue);
        AssertMoments();
    }

    // The snapshots between stay as a branch; only what ran is thrown away.
    [Theory]
    [InlineData("moment 1")]
    [InlineData("1")]
    [InlineData("vm.vmdk")]
    [InlineData("/vm/vm_1.vmdk")]
    [InlineData("vm")]
    public void AnOlderSnapshotLeavesABranch(string name)
    {
        machine.Revert(name);
        machine.AssertRuns(disk => disk.Contents[0]);
        Assert.Equal(1, SimulatedMachine.List(machine.Host).CurrentUid);
        AssertMoments();
        foreach (SimulatedDisk disk in machine.Disks) { machine.Run(disk, disk.Contents[0]); }

        // And back to the branch.
        byte[][] presents = [.. machine.Disks.Select(disk => disk.Present)];
        machine.Revert("moment 3", keeps: true);
        machine.AssertRuns(disk => disk.Contents[2]);
        AssertMoments();
        foreach ((SimulatedDisk disk, byte[] present) in machine.Disks.Zip(presents))
        {
            Assert.Equal(present, SimulatedMachine.ReadAll(machine.Host, disk.Head));
        }
    }

    // A link that no snapshot froze goes with the head, when it stood on nothing else.
    [Fact]
    public void LinksThatNoSnapshotFrozeGoWithTheHead()
    {
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(
            "snapshot.current = \"1\"\nsnapshot0.uid = \"1\"\nsnapshot0.numDisks = \"2\"\n"
            + "snapshot0.disk0.fileName = \"vm.vmdk\"\nsnapshot0.disk0.node = \"scsi0:0\"\n"
            + "snapshot0.disk1.fileName = \"vm_1.vmdk\"\nsnapshot0.disk1.node = \"scsi0:1\"\n"));
        new DiskRecipe(machine.Host, new Random(1))
            .Delta(CreateTypes.MonolithicSparse, "side", "/vm/vm-000001.vmdk");
        machine.Revert(null);
        machine.AssertRuns(disk => disk.Contents[0]);
        Assert.Equal(
            ["side.vmdk", "vm-000001.vmdk", "vm-000004.vmdk", "vm-flat.vmdk", "vm.vmdk",
            "vm_1-000004-delta.vmdk",
            "vm_1-000004.vmdk", "vm_1-flat.vmdk", "vm_1.vmdk"], machine.DiskFiles);
        Assert.Equal(machine.Disks[0].Contents[1], SimulatedMachine.ReadAll(machine.Host, "/vm/side.vmdk"));
    }

    // Somewhere there is a linked clone of what runs; it is recorded beside the link.
    [Fact]
    public void AHeadThatACloneStandsOnIsKept()
    {
        machine.Host.Put("/vm/vm-000003.vmdk.clones", "/elsewhere/clone.vmdk\n"u8.ToArray());
        machine.Revert(null);
        Assert.Contains("vm-000003.vmdk", machine.DiskFiles);
        Assert.DoesNotContain("vm_1-000003.vmdk", machine.DiskFiles);
        machine.AssertRuns(disk => disk.Contents[2]);
    }

    [Fact]
    public void AHeadThatIsLostOrDamagedCanBeLeft()
    {
        machine.Host.Delete("/vm/vm-000003.vmdk");
        byte[] damaged = machine.Host.Get("/vm/vm_1-000003-delta.vmdk");
        damaged.AsSpan(0, 512).Clear();
        machine.Host.Put("/vm/vm_1-000003-delta.vmdk", damaged);
        machine.AssertRefused(SnapshotFindings.DiskElsewhere, () => machine.Create());
        machine.Revert("moment 3");
        machine.AssertRuns(disk => disk.Contents[2]);
        Assert.DoesNotContain("vm_1-000003-delta.vmdk", machine.DiskFiles);
    }

    [Fact]
    public void WhatVMwareKeptBesidesIsSaid()
    {
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(
            list + "snapshot2.filename = \"vm-Snapshot3.vmsn\"\n"));
        machine.AddDisk("late", CreateTypes.MonolithicFlat, "", 1);
        machine.WriteSettings();
        ChangeResult result = machine.Revert(null);
        Assert.Equal([SnapshotFindings.NotInSnapshot, SnapshotFindings.DisksOnly],
            result.Findings.Items.Where(item => item.Severity == Severity.Warning).Select(item => item.Code));
        Assert.Equal("/vm/late.vmdk", SimulatedMachine.Running(machine.Host)["scsi0:2"]);
        machine.AssertRuns(disk => disk.Contents.Count > 1 ? disk.Contents[2] : disk.Present);
    }

    [Fact]
    public void WhatCannotBeGoneBackToIsRefused()
    {
        machine.AssertRefused(SnapshotFindings.NoSuchSnapshot, () => machine.Revert("moment 9"));
        machine.AssertRefused(SnapshotFindings.FrozeOthers, () => machine.Revert(null, "/vm/vm-000003.vmdk"));
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(
            list.Replace("\"moment 2\"", "\"1\"", StringComparison.Ordinal)));
        ImageException refusal = machine.AssertRefused(SnapshotFindings.AmbiguousSnapshot, () =>
            machine.Revert("1"));
        Assert.Contains("number 1, \"moment 1\", number 2, \"1\"", refusal.Message, StringComparison.Ordinal);
        machine.Host.Delete("/vm/vm-000002.vmdk");
        machine.AssertRefused(SnapshotFindings.LinkGone, () => machine.Revert("3"));
    }

    // Without a list each link is a moment: none of them goes but the one that ran.
    [Fact]
    public void ABareDiskLosesItsHeadOnly()
    {
        machine.Host.Delete(SimulatedMachine.Vmx);
        machine.Host.Delete(SimulatedMachine.Vmsd);
        SimulatedDisk disk = machine.Disks[0];
        machine.AssertRefused(SnapshotFindings.IsThePresent, () => machine.Revert(disk.Head, disk.Head));
        ChangeResult result = machine.Revert("vm-000001", disk.Head);
        Assert.Equal("vm-000004.vmdk", result.Change.HeadAfter);
        Assert.Equal(disk.Contents[1], SimulatedMachine.ReadAll(machine.Host, "/vm/vm-000004.vmdk"));
        Assert.Equal(disk.Contents[2], SimulatedMachine.ReadAll(machine.Host, "/vm/vm-000002.vmdk"));
        Assert.DoesNotContain("vm-000003.vmdk", machine.DiskFiles);
        result = machine.Revert(null, "/vm/vm-000004.vmdk");
        Assert.Equal("vm-000003.vmdk", result.Change.HeadAfter);
        Assert.Equal(disk.Contents[1], SimulatedMachine.ReadAll(machine.Host, "/vm/vm-000003.vmdk"));
    }

    // A descriptor can name any file of the folder as its data.
    [Fact]
    public void DataOfAnotherDiskIsNotThrownAway()
    {
        const string Text = "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n"
            + "createType=\"twoGbMaxExtentSparse\"\nRW 300 SPARSE \"vm-000003.vmdk\"\n";
        machine.Host.Put("/vm/needy.vmdk", Encoding.UTF8.GetBytes(Text));
        machine.AssertRefused(ChangeFindings.Shared, () => machine.Revert(null));
    }

    private void AssertMoments()
    {
        for (int uid = 1; uid <= 3; uid++) { machine.AssertMoment(uid, disk => disk.Contents[uid - 1]); }
    }
}
