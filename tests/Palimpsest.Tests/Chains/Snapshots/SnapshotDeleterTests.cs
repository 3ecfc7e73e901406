using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Snapshots;

/// <summary>Deleting and consolidating: nobody sees another content, and the list stays right.</summary>
public sealed class SnapshotDeleterTests
{
    private readonly SimulatedMachine machine = new(new Random(RandomCases.Seed));

    public SnapshotDeleterTests()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 4);
        machine.AddDisk("vm_1", CreateTypes.TwoGbMaxExtentFlat, CreateTypes.TwoGbMaxExtentSparse, 4);
        machine.WriteSettings();
        machine.WriteList();
    }

    [Theory]
    [InlineData(1, 2, 3)]
    [InlineData(2, 1, 3)]
    [InlineData(3, 2, 1)]
    [InlineData(3, 1, 2)]
    public void EveryOrderKeepsEveryMoment(int first, int second, int third)
    {
        int[] order = [first, second, third];
        for (int i = 0; i < order.Length; i++)
        {
            machine.Delete($"moment {order[i]}");
            machine.AssertRuns(disk => disk.Present);
            foreach (int uid in order[(i + 1)..])
            {
                machine.AssertMoment(uid, disk => disk.Contents[uid - 1]);
            }
            int[] left = [.. order[(i + 1)..].Order()];
            Assert.Equal(left, SimulatedMachine.List(machine.Host)
                .Snapshots.Select(snapshot => snapshot.Uid));
            Assert.Equal(left.Select((_, index) => $"snapshot{index}"),
                SimulatedMachine.List(machine.Host).Snapshots.Select(snapshot => snapshot.Key));
            Assert.Equal(left.Select((_, index) => index == 0 ? null : (int?)left[index - 1]),
                SimulatedMachine.List(machine.Host).Snapshots.Select(snapshot => snapshot.ParentUid));
            Assert.Equal(left.Length == 0 ? null : left[^1], SimulatedMachine.List(machine.Host).CurrentUid);
        }
        Assert.Equal([".encoding = \"UTF-8\"", "snapshot.lastUID = \"3\"", "snapshot.numSnapshots = \"0\""],
            machine.GeneralLines());
        Assert.Equal(["/vm/vm.vmdk", "/vm/vm_1.vmdk"], SimulatedMachine.Running(machine.Host).Values);
        Assert.DoesNotContain(machine.DiskFiles, name => name.Contains("-00000", StringComparison.Ordinal));
    }

    [Fact]
    public void ConsolidatingLeavesTheBase()
    {
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(list
            + "snapshot.needConsolidate = \"TRUE\"\nsnapshot.mru0.uid = \"3\"\nsnapshot.mru1.uid = \"1\"\n"
            + "other = \"1\"\n"));
        machine.Consolidate();
        machine.AssertRuns(disk => disk.Present);
        Assert.Equal(
            [
                ".encoding = \"UTF-8\"", "snapshot.lastUID = \"3\"", "snapshot.numSnapshots = \"0\"",
                "other = \"1\"",
            ],
            machine.GeneralLines());
        Assert.DoesNotContain(machine.DiskFiles, name => name.Contains("-00000", StringComparison.Ordinal));
        Assert.Empty(machine.Consolidate().Change.Steps);
    }

    // Recently used numbers move up; the entries of a linked clone's own list follow its links.
    [Fact]
    public void WhatElseTheListSaysFollows()
    {
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(list
            + "snapshot.mru0.uid = \"2\"\nsnapshot.mru1.uid = \"3\"\ncloneOf0 = \"/tpl/tpl.vmx\"\n"
            + "sentinel0 = \"/old/place/vm-000002.vmdk\"\nsnapshot1.keywords = \"stays\"\n"
            + "snapshot2.type = \"1\"\n"));
        machine.Delete("moment 2");
        Assert.Equal(
            [
                ".encoding = \"UTF-8\"", "snapshot.lastUID = \"3\"", "snapshot.current = \"3\"",
                "snapshot.numSnapshots = \"2\"", "snapshot.mru0.uid = \"3\"", "cloneOf0 = \"/tpl/tpl.vmx\"",
                "sentinel0 = \"/old/place/vm-000001.vmdk\"",
            ],
            machine.GeneralLines());
        string after = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        Assert.Contains("snapshot1.type = \"1\"", after, StringComparison.Ordinal);
        Assert.DoesNotContain("stays", after, StringComparison.Ordinal);
        Assert.DoesNotContain("snapshot2.", after, StringComparison.Ordinal);
    }

    // A branch on which nothing stands: its state is what is deleted. Links that only it needed go too.
    [Fact]
    public void ASnapshotAtTheEndOfABranchIsThrownAway()
    {
        machine.Revert("moment 1");
        ChangeResult result = machine.Delete("moment 3");
        Assert.All(result.Change.Steps.OfType<DeleteFilesStep>(), step =>
            Assert.InRange(step.LostBytes, 1, long.MaxValue));
        Assert.DoesNotContain("vm-000002.vmdk", machine.DiskFiles);
        machine.AssertMoment(1, disk => disk.Contents[0]);
        machine.AssertMoment(2, disk => disk.Contents[1]);
        ImageException refusal = machine.AssertRefused(ChangeFindings.Shared, () =>
            machine.Delete("moment 1"));
        Assert.Contains("vm-000001.vmdk, vm-000004.vmdk stand on it", refusal.Message,
            StringComparison.Ordinal);
        machine.AssertRefused(ChangeFindings.Shared, () => machine.Consolidate());
        machine.Delete("moment 2");
        Assert.DoesNotContain("vm_1-000001.vmdk", machine.DiskFiles);
        machine.Delete("moment 1");
        machine.AssertRuns(disk => disk.Contents[0]);
        Assert.Equal(["/vm/vm.vmdk", "/vm/vm_1.vmdk"], SimulatedMachine.Running(machine.Host).Values);
    }

    [Fact]
    public void ClonesHoldTheirSnapshot()
    {
        machine.Host.Put("/vm/vm.vmdk.clones", "/elsewhere/clone.vmdk\n"u8.ToArray());
        machine.AssertRefused(ChangeFindings.CloneNotFound, () => machine.Delete("moment 1"));
        machine.AssertRefused(ChangeFindings.CloneNotFound, () => machine.Consolidate());
        machine.Delete("moment 2");
        machine.Host.Delete("/vm/vm.vmdk.clones");
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(list
            + "snapshot0.clone0 = \"C:\\\\VMs\\\\clone.vmx\"\nsnapshot0.numClones = \"1\"\n"));
        machine.AssertRefused(SnapshotFindings.ClonedByVmware, () => machine.Delete("moment 1"));
        machine.AssertRefused(SnapshotFindings.ClonedByVmware, () => machine.Consolidate());
        machine.Delete("moment 3");
        machine.AssertRuns(disk => disk.Present);
    }

    // The base of a linked clone lies in another machine's folder, and is not this machine's to change.
    [Fact]
    public void ALinkedCloneIsConsolidatedDownToItsOwnLowestLink()
    {
        foreach (string path in machine.Host.Files.Where(IsSecondBase).ToArray())
        {
            machine.Host.Rename(path, "/tpl" + path[3..]);
        }
        const string Child = "/vm/vm_1-000001.vmdk";
        machine.Host.Put(Child, Encoding.UTF8.GetBytes(SimulatedMachine.TextOf(machine.Host, Child)!
            .Replace("Hint=\"vm_1.vmdk\"", "Hint=\"/tpl/vm_1.vmdk\"", StringComparison.Ordinal)));
        string[] template = [.. machine.Host.Files.Where(path =>
            path.StartsWith("/tpl/", StringComparison.Ordinal))];
        byte[][] before = [.. template.Select(machine.Host.Get)];
        DiskOpenOptions options = machine.Options with { AllowOutside = true };
        machine.AssertRefused(DescriptorFindings.NameOutsideFolder, () => machine.Consolidate());
        ChainChanger.Apply(new SnapshotConsolidator(
            new SnapshotConsolidation { Path = SimulatedMachine.Vmx }, options).Plan, options, null,
            CancellationToken.None);
        Assert.Equal(before, template.Select(machine.Host.Get));
        Assert.Equal(["/vm/vm.vmdk", Child], SimulatedMachine.Running(machine.Host).Values);
        using Disk disk = Disk.Open(Child, options);
        byte[] found = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, found);
        Assert.Equal(machine.Disks[1].Present, found);

        static bool IsSecondBase(string path) => path.StartsWith("/vm/vm_1.", StringComparison.Ordinal)
            || path.StartsWith("/vm/vm_1-f", StringComparison.Ordinal);
    }

    // Merged for one disk, and the record of the change lost: the rest is done.
    [Fact]
    public void ASnapshotThatIsMergedForOneDiskIsFinished()
    {
        byte[] list = machine.Host.Get(SimulatedMachine.Vmsd);
        machine.Host.Delete(SimulatedMachine.Vmsd);
        var merge = new MergeRequest { HeadPath = "/vm/vm-000003.vmdk", Afterwards = MergedDelta.Delete };
        machine.Apply(() => MergePlanner.Plan(merge, machine.Options));
        machine.Host.Put(SimulatedMachine.Vmsd, list);
        Assert.Equal("/vm/vm-000002.vmdk", SimulatedMachine.Running(machine.Host)["scsi0:0"]);
        machine.Delete("moment 3");
        Assert.Equal(["/vm/vm-000002.vmdk", "/vm/vm_1-000002.vmdk"], SimulatedMachine.Running(machine.Host)
            .Values);
        machine.AssertRuns(disk => disk.Present);
        machine.AssertMoment(2, disk => disk.Contents[1]);
    }

    [Fact]
    public void AMachineThatRunsFromWhatWasFrozenKeepsIt()
    {
        string settings = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmx)!;
        machine.Host.Put(SimulatedMachine.Vmx, Encoding.UTF8.GetBytes(settings
            .Replace("vm-000003", "vm-000002", StringComparison.Ordinal)
            .Replace("vm_1-000003", "vm_1-000002", StringComparison.Ordinal)));
        machine.AssertRefused(ChangeFindings.Shared, () => machine.Delete("moment 3"));
        foreach (string path in machine.Host.Files.Where(path =>
            path.Contains("-000003", StringComparison.Ordinal)).ToArray())
        {
            machine.Host.Delete(path);
        }
        ChangeResult result = machine.Delete("moment 3");
        Assert.IsType<EditDictionaryStep>(Assert.Single(result.Change.Steps));
        machine.AssertRuns(disk => disk.Contents[2]);
        machine.Delete("moment 2");
        machine.AssertRuns(disk => disk.Contents[2]);
        Assert.Equal("/vm/vm-000001.vmdk", SimulatedMachine.Running(machine.Host)["scsi0:0"]);
    }

    [Fact]
    public void EntriesWithoutFilesAreTakenOut()
    {
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(list
            .Replace("\"vm-000001.vmdk\"", "\"lost.vmdk\"", StringComparison.Ordinal)));
        ChangeResult result = machine.Delete("moment 2");
        Assert.Contains(result.Findings.Items, item => item.Code == SnapshotFindings.EntryWithoutFile);
        machine.AssertRuns(disk => disk.Present);
        Assert.Contains("vm-000002.vmdk", machine.DiskFiles);
        Assert.DoesNotContain("vm_1-000002.vmdk", machine.DiskFiles);
    }

    // A bare disk's links are its moments, on whatever branch.
    [Fact]
    public void ABareDisksMomentsAreItsLinks()
    {
        machine.Host.Delete(SimulatedMachine.Vmx);
        machine.Host.Delete(SimulatedMachine.Vmsd);
        SimulatedDisk disk = machine.Disks[0];
        machine.AssertRefused(SnapshotFindings.IsThePresent, () => machine.Delete("vm-000003", disk.Head));
        Assert.Equal("vm-000003.vmdk", machine.Delete("vm-000001.vmdk", disk.Head).Change.HeadAfter);
        Assert.Equal(disk.Present, SimulatedMachine.ReadAll(machine.Host, disk.Head));
        Assert.Equal(disk.Contents[2], SimulatedMachine.ReadAll(machine.Host, "/vm/vm-000001.vmdk"));
        string head = "/vm/" + machine.Revert("vm.vmdk", disk.Head).Change.HeadAfter;
        machine.AssertRefused(ChangeFindings.Shared, () => machine.Delete("vm.vmdk", head));
        machine.Delete("vm-000001.vmdk", head);
        Assert.Equal("vm.vmdk", machine.Delete("vm.vmdk", head).Change.HeadAfter);
        Assert.Equal(disk.Contents[0], SimulatedMachine.ReadAll(machine.Host, "/vm/vm.vmdk"));
        Assert.DoesNotContain(machine.DiskFiles, name => name.StartsWith("vm-0", StringComparison.Ordinal));
    }

    // Without settings the list still counts; a disk with a list of its own keeps it right.
    [Fact]
    public void AListWithoutSettingsIsKeptRight()
    {
        var alone = new SimulatedMachine(new Random(RandomCases.Seed));
        SimulatedDisk disk = alone.AddDisk("vm", CreateTypes.Vmfs, CreateTypes.VmfsSparse, 4);
        alone.WriteList();
        alone.Delete("moment 2", disk.Head);
        Assert.Equal([1, 3], SimulatedMachine.List(alone.Host).Snapshots.Select(snapshot => snapshot.Uid));
        alone.AssertMoment(3, own => own.Contents[2]);
        Assert.Equal("vm.vmdk", alone.Consolidate(disk.Head).Change.HeadAfter);
        Assert.Empty(SimulatedMachine.List(alone.Host).Snapshots);
        Assert.Equal(disk.Present, SimulatedMachine.ReadAll(alone.Host, "/vm/vm.vmdk"));
    }

    [Fact]
    public void OneDiskOfSeveralIsNotConsolidatedAlone()
    {
        machine.AssertRefused(SnapshotFindings.FrozeOthers, () => machine.Consolidate("/vm/vm-000003.vmdk"));
        machine.AssertRefused(SnapshotFindings.FrozeOthers, () =>
            machine.Delete("moment 1", "/vm/vm-000003.vmdk"));
        machine.Host.Delete(SimulatedMachine.Vmsd);
        machine.Consolidate("/vm/vm-000003.vmdk");
        machine.AssertRuns(disk => disk.Present);
        Assert.Equal(["/vm/vm.vmdk", "/vm/vm_1-000003.vmdk"], SimulatedMachine.Running(machine.Host).Values);
    }

    [Fact]
    public void TheListOfAnotherMachineHoldsALink()
    {
        machine.Host.Put("/vm/other.vmsd",
            "snapshot0.uid = \"1\"\nsnapshot0.disk0.fileName = \"vm-000001.vmdk\"\n"u8.ToArray());
        machine.AssertRefused(ChangeFindings.HeldBySnapshot, () => machine.Delete("moment 1"));
        machine.AssertRefused(ChangeFindings.HeldBySnapshot, () => machine.Consolidate());
        machine.Delete("moment 3");
    }

    // What is frozen and stays so is given its permissions back; what runs is not.
    [Fact]
    public void FrozenLinksStayFrozen()
    {
        using var folder = new TempFolder();
        folder.NewDisk("disk.vmdk", 4 << 20, CreateTypes.MonolithicFlat);
        var options = new DiskOpenOptions();
        string head = folder.File("disk.vmdk");
        for (int i = 0; i < 3; i++)
        {
            head = folder.File(ChainChanger.Apply(new SnapshotCreator(
                new() { Path = head }, options).Plan, options, null, CancellationToken.None)
                .Change.HeadAfter);
        }
        Delete("disk.vmdk");
        Assert.Equal("disk-000002.vmdk disk-flat.vmdk disk.vmdk", Protected());
        Delete("disk-000002.vmdk");
        Assert.Equal("disk-flat.vmdk disk.vmdk", Protected());
        head = folder.File("disk-000002.vmdk");
        Delete("disk.vmdk");
        Assert.Equal("", Protected());
        Assert.Equal(["disk-flat.vmdk", "disk.vmdk"], Directory.EnumerateFiles(folder.Path)
            .Select(Path.GetFileName).Order());

        void Delete(string link) => ChainChanger.Apply(new SnapshotDeleter(
            new() { Path = head, Snapshot = link }, options).Plan, options, null, CancellationToken.None);

        string Protected() => Tool.Run("find",
            folder.Path, "-type", "f", "!", "-perm", "/222", "-printf", "%f\n")
            .MustSucceed().Output.Split('\n').Where(name => name.Length > 0).Order().Aggregate("", Joined);

        static string Joined(string names, string name) => names.Length == 0 ? name : $"{names} {name}";
    }
}
