using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Formats.Vmdk.SeSparse;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Snapshots;

/// <summary>Taking snapshots: names, formats, machine files, and what is refused.</summary>
public sealed class SnapshotCreatorTests
{
    // 388745 and 1991180826 are 2022-11-28 15:24:12 UTC: microseconds since 1970 in two signed halves.
    private static readonly DateTime time = DateTime.UnixEpoch.AddMicroseconds((388745L << 32) + 1991180826);

    private readonly SimulatedMachine machine = new(new Random(RandomCases.Seed));

    [Fact]
    public void AListIsMadeWhereThereIsNone()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        machine.AddDisk("vm_1", CreateTypes.MonolithicSparse, "", 1);
        machine.WriteSettings();
        Create(new SnapshotCreation
        {
            Path = SimulatedMachine.Vmx, Name = "vor \"Update\"", Description = "a|b\nc", TimeUtc = time,
        });
        Assert.Equal("""
            .encoding = "UTF-8"
            snapshot.lastUID = "1"
            snapshot.current = "1"
            snapshot0.uid = "1"
            snapshot0.displayName = "vor |22Update|22"
            snapshot0.description = "a|7Cb|0Ac"
            snapshot0.createTimeHigh = "388745"
            snapshot0.createTimeLow = "1991180826"
            snapshot0.numDisks = "2"
            snapshot0.disk0.fileName = "vm.vmdk"
            snapshot0.disk0.node = "scsi0:0"
            snapshot0.disk1.fileName = "vm_1.vmdk"
            snapshot0.disk1.node = "scsi0:1"
            snapshot.numSnapshots = "1"

            """.ReplaceLineEndings("\n"), SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd));
        machine.AssertRuns(disk => disk.Present);
        Assert.Equal(["/vm/vm-000001.vmdk", "/vm/vm_1-000001.vmdk"], SimulatedMachine.Running(machine.Host)
            .Values);
    }

    // The upper half of the low word makes it negative; an empty file is as good as none.
    [Fact]
    public void TimesAreSignedHalves()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        machine.WriteSettings();
        machine.Host.Put(SimulatedMachine.Vmsd, []);
        Create(new SnapshotCreation
        {
            Path = "/vm", TimeUtc = DateTime.UnixEpoch.AddMicroseconds((400000L << 32) + 0xFFFFFFFE),
        });
        string list = SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd)!;
        Assert.Contains("createTimeHigh = \"400000\"\nsnapshot0.createTimeLow = \"-2\"\n", list,
            StringComparison.Ordinal);
        Assert.StartsWith(".encoding = \"UTF-8\"\n", list, StringComparison.Ordinal);
        Assert.Contains("displayName = \"Snapshot 1\"", list, StringComparison.Ordinal);
    }

    // The shape of a list that Workstation wrote; every line of it stays.
    [Fact]
    public void AnExistingListKeepsItsLines()
    {
        machine.AddDisk("Größe", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 2);
        machine.WriteSettings();
        const string Before = ".encoding = \"windows-1252\"\r\n"
            + "snapshot.lastUID = \"6\"\r\nsnapshot.current = \"5\"\r\n"
            + "snapshot0.uid = \"5\"\r\nsnapshot0.filename = \"vm-Snapshot5.vmsn\"\r\n"
            + "snapshot0.displayName = \"früher\"\r\nsnapshot0.numDisks = \"1\"\r\n"
            + "snapshot0.disk0.fileName = \"Größe.vmdk\"\r\nsnapshot0.disk0.node = \"scsi0:0\"\r\n"
            + "snapshot.numSnapshots = \"1\"\r\nsnapshot.mru0.uid = \"5\"\r\n";
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.Latin1.GetBytes(Before));
        Create(new SnapshotCreation { Path = SimulatedMachine.Vmx, Name = "später", TimeUtc = time });
        string after = Before.Replace("lastUID = \"6\"", "lastUID = \"7\"", StringComparison.Ordinal)
            .Replace("current = \"5\"", "current = \"7\"", StringComparison.Ordinal)
            .Replace("numSnapshots = \"1\"", "numSnapshots = \"2\"", StringComparison.Ordinal)
            + "snapshot1.uid = \"7\"\r\nsnapshot1.parent = \"5\"\r\nsnapshot1.displayName = \"später\"\r\n"
            + "snapshot1.createTimeHigh = \"388745\"\r\nsnapshot1.createTimeLow = \"1991180826\"\r\n"
            + "snapshot1.numDisks = \"1\"\r\nsnapshot1.disk0.fileName = \"Größe-000001.vmdk\"\r\n"
            + "snapshot1.disk0.node = \"scsi0:0\"\r\n";
        Assert.Equal(after, Encoding.Latin1.GetString(machine.Host.Get(SimulatedMachine.Vmsd)));
        BlockException refused = Assert.Throws<BlockException>(() =>
            Create(new SnapshotCreation { Path = SimulatedMachine.Vmx, Name = "\u6F22" }));
        Assert.Contains("windows-1252", refused.Message, StringComparison.Ordinal);
        Assert.Null(machine.Host.Stat("/vm/" + "palimpsest-change.json"));
    }

    [Fact]
    public void OnlyTheNamesOfDisksChangeInTheSettings()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        const string Text = "\uFEFF.encoding = \"UTF-8\"\r\n# scsi0:0.fileName = \"vm.vmdk\"\r\n"
            + "SCSI0:0.FileName   =  \"/vmfs/volumes/5f 1/vm/vm.vmdk\"\r\n"
            + "scsi0:0.fileName = \"second.vmdk\"\r\n"
            + "scsi0:1.fileName = \"apart.vmdk\"\r\nscsi0:1.mode = \"independent-persistent\"\r\n"
            + "ide1:0.fileName = \"tools.vmdk\"\r\nide1:0.deviceType = \"cdrom-image\"\r\n"
            + "scsi0:2.present = \"FALSE\"\r\nscsi0:2.fileName = \"away.vmdk\"\r\nodd line\r\n";
        machine.Host.Put(SimulatedMachine.Vmx, Encoding.UTF8.GetBytes(Text));
        Create(new SnapshotCreation { Path = SimulatedMachine.Vmx });
        Assert.Equal(Text.Replace("vm/vm.vmdk\"", "vm/vm-000001.vmdk\"", StringComparison.Ordinal),
            SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmx));
        Assert.Contains("disk0.fileName = \"/vmfs/volumes/5f 1/vm/vm.vmdk\"",
            SimulatedMachine.TextOf(machine.Host, SimulatedMachine.Vmsd), StringComparison.Ordinal);
    }

    [Fact]
    public void NumbersThatAnythingUsesAreLeftOut()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        machine.AddDisk("vm-000007", CreateTypes.MonolithicSparse, "", 1);
        machine.WriteSettings(
            "scsi3:0.fileName = \"VM-000002.vmdk\"\nscsi3:0.mode = \"independent-persistent\"\n");
        machine.Host.Put("/vm/vm-000001-s001.vmdk", [1]);
        machine.Host.Put("/vm/vm-000003.vmdk.palimpsest-part", [1]);
        machine.Host.Put("/vm/vm-0000041.vmdk", [1]);
        machine.Host.Put(SimulatedMachine.Vmsd, Encoding.UTF8.GetBytes(
            "snapshot0.uid = \"1\"\nsnapshot0.disk0.fileName = \"vm-000005.vmdk\"\n"));
        Create(new SnapshotCreation { Path = SimulatedMachine.Vmx });
        Assert.Equal("/vm/vm-000004.vmdk", SimulatedMachine.Running(machine.Host)["scsi0:0"]);
        Assert.Equal("/vm/vm-000006.vmdk", SimulatedMachine.Running(machine.Host)["scsi0:1"]);
    }

    [Theory]
    [InlineData("disk.vmdk", "disk")]
    [InlineData("disk-000012.VMDK", "disk")]
    [InlineData("disk-0000012.vmdk", "disk-0000012")]
    [InlineData("-000001.vmdk", "-000001")]
    [InlineData("a-000001-000002", "a-000001")]
    [InlineData("a-00000\u0661.vmdk", "a-00000\u0661")]
    public void TheNumberOfADeltaIsNoPartOfTheDisksName(string name, string stem) =>
        Assert.Equal(stem, DeltaNames.StemOf(name));

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, null, CreateTypes.MonolithicSparse, "disk-000001.vmdk")]
    [InlineData(CreateTypes.TwoGbMaxExtentFlat, null,
        CreateTypes.TwoGbMaxExtentSparse, "disk-000001-s001.vmdk")]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, null,
        CreateTypes.TwoGbMaxExtentSparse, "disk-000001-s001.vmdk")]
    [InlineData(CreateTypes.MonolithicSparse, null, CreateTypes.MonolithicSparse, "disk-000001.vmdk")]
    [InlineData(CreateTypes.Vmfs, null, CreateTypes.VmfsSparse, "disk-000001-delta.vmdk")]
    [InlineData(CreateTypes.Vmfs, "monolithicSparse", CreateTypes.MonolithicSparse, "disk-000001.vmdk")]
    [InlineData(CreateTypes.MonolithicSparse, "VMFSSPARSE", CreateTypes.VmfsSparse, "disk-000001-delta.vmdk")]
    [InlineData(CreateTypes.StreamOptimized, null, CreateTypes.MonolithicSparse, "disk-000001.vmdk")]
    public void TheFormatSuitsTheDisk(string baseKind, string? format, string deltaKind, string dataName)
    {
        using var folder = new TempFolder();
        string path = folder.NewDisk("disk.vmdk", 4 << 20, baseKind);
        var options = new DiskOpenOptions();
        ChangeResult result = ChainChanger.Apply(
            new SnapshotCreator(new SnapshotCreation { Path = path, Kind = format }, options).Plan, options,
            null, CancellationToken.None);
        Assert.Equal("disk-000001.vmdk", result.Change.HeadAfter);
        using Disk disk = Disk.Open(folder.File("disk-000001.vmdk"));
        Assert.Equal(deltaKind, disk.Links[0].Descriptor!.CreateType);
        Assert.Equal("disk.vmdk", disk.Links[0].Descriptor!.ParentFileNameHint);
        Assert.Equal(folder.File(dataName), disk.Links[0].Extents[0].Path);
    }

    [Fact]
    public void FrozenFilesLoseTheWritePermissionAndTheDeltaHasIt()
    {
        using var folder = new TempFolder();
        string path = folder.NewDisk("disk.vmdk", 4 << 20, CreateTypes.MonolithicFlat);
        Tool.Run("chmod", "660", path).MustSucceed();
        Tool.Run("chmod", "755", folder.File("disk-flat.vmdk")).MustSucceed();
        var options = new DiskOpenOptions();
        ChainChanger.Apply(
            new SnapshotCreator(new SnapshotCreation { Path = path }, options).Plan, options, null,
            CancellationToken.None);
        Assert.Equal("440", ModeOf(path));
        Assert.Equal("555", ModeOf(folder.File("disk-flat.vmdk")));
        Assert.Equal("660", ModeOf(folder.File("disk-000001.vmdk")));
        var keeping = new SnapshotCreation { Path = folder.File("disk-000001.vmdk"),
            KeepsPermissions = true };
        ChainChanger.Apply(new SnapshotCreator(keeping, options).Plan, options, null, CancellationToken.None);
        Assert.Equal("660", ModeOf(folder.File("disk-000001.vmdk")));

        static string ModeOf(string path) => Tool.Run("stat", "-c", "%a", path).MustSucceed().Output.Trim();
    }

    [Fact]
    public void ALinkOnWhichOthersStandIsRefusedWithTheHeadsName()
    {
        SimulatedDisk disk = machine.AddDisk("vm", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse,
            3);
        ImageException refusal = machine.AssertRefused(SnapshotFindings.NotTheHead, () =>
            CreateOn(disk.Links[0]));
        Assert.Contains("vm-000002.vmdk", refusal.Message, StringComparison.Ordinal);
        new DiskRecipe(machine.Host, new Random(1))
            .Delta(CreateTypes.MonolithicSparse, "other", disk.Links[1]);
        refusal = machine.AssertRefused(SnapshotFindings.NotTheHead, () => CreateOn(disk.Links[0]));
        Assert.Contains("other.vmdk, vm-000002.vmdk", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("vm-000003.vmdk", CreateOn(disk.Head).Change.HeadAfter);
    }

    [Fact]
    public void AMachinesDiskTakesItsMachineAlong()
    {
        SimulatedDisk disk = machine.AddDisk("vm", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse,
            2);
        machine.AddDisk("vm_1", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 2);
        machine.WriteSettings();
        machine.WriteList();
        ChangeResult result = CreateOn(disk.Head);
        Finding left = Assert.Single(result.Findings.Items, finding => finding.Severity == Severity.Warning);
        Assert.Equal(SnapshotFindings.OnlyThisDisk, left.Code);
        Assert.Contains("vm_1-000001.vmdk at scsi0:1", left.Message, StringComparison.Ordinal);
        Assert.Equal("vm-000002.vmdk", result.Change.HeadAfter);
        Assert.Equal(["/vm/vm-000002.vmdk", "/vm/vm_1-000001.vmdk"], SimulatedMachine.Running(machine.Host)
            .Values);
        Assert.Equal("vm-000001.vmdk",
            Assert.Single(SimulatedMachine.List(machine.Host).Find(2)!.Disks).FileName);
        machine.AssertRuns(own => own.Present);
    }

    [Fact]
    public void WhatIsNotClearOrNotSafeIsRefused()
    {
        SimulatedDisk disk = machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        machine.AssertRefused(SnapshotFindings.NoMachine, () => CreateOn("/vm"));
        machine.WriteSettings("checkpoint.vmState = \"vm.vmss\"\n");
        machine.AssertRefused(SnapshotFindings.Suspended, () => CreateOn(disk.Head));
        machine.WriteSettings("scsi0:3.fileName = \"vm.vmdk\"\n");
        machine.AssertRefused(SnapshotFindings.UsedTwice, () => CreateOn("/vm"));
        machine.WriteSettings("scsi0:3.fileName = \"gone.vmdk\"\n");
        machine.AssertRefused(SnapshotFindings.DiskElsewhere, () => CreateOn("/vm"));
        machine.WriteSettings("scsi0:0.mode = \"independent-nonpersistent\"\n");
        machine.AssertRefused(SnapshotFindings.NothingTakesPart, () => CreateOn("/vm"));
        machine.AssertRefused(SnapshotFindings.NothingTakesPart, () => CreateOn(disk.Head));
        machine.WriteSettings();
        machine.Host.Put("/vm/vm.vmx.lck/M12345.lck", [1]);
        machine.AssertRefused(ChainFindings.VmwareLock, () => CreateOn("/vm"));
        machine.Host.Delete("/vm/vm.vmx.lck/M12345.lck");
        machine.Host.Put("/vm/copy.vmx", machine.Host.Get(SimulatedMachine.Vmx));
        ImageException refusal = machine.AssertRefused(SnapshotFindings.NoMachine, () => CreateOn("/vm"));
        Assert.Contains("copy.vmx, vm.vmx", refusal.Message, StringComparison.Ordinal);
        machine.AssertRefused(SnapshotFindings.UsedTwice, () => CreateOn(SimulatedMachine.Vmx));
        machine.Host.Delete("/vm/copy.vmx");
        machine.Host.Put(SimulatedMachine.Vmsd,
            Encoding.UTF8.GetBytes("snapshot0.uid = \"1\"\nsnapshot1.uid = \"1\"\n"));
        machine.AssertRefused(SnapshotFindings.ListUnusable, () => CreateOn("/vm"));
        machine.Host.Put(SimulatedMachine.Vmsd, new byte[5 << 20]);
        machine.AssertRefused(SnapshotFindings.ListUnusable, () => CreateOn("/vm"));
        machine.AssertRefused(SnapshotFindings.NoDescriptor, () => CreateOn("/vm/vm-flat.vmdk"));
    }

    [Fact]
    public void AChainIsNoLongerThanVMwareOpens()
    {
        SimulatedDisk disk = machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        string head = disk.Head;
        for (int links = 2; links <= 32; links++)
        {
            ChangeResult result = CreateOn(head);
            head = "/vm/" + result.Change.HeadAfter;
            Assert.Equal(links >= 24, result.Findings.Items.Any(item =>
                item.Code == SnapshotFindings.ManyLinks));
        }
        machine.AssertRefused(SnapshotFindings.TooManyLinks, () => CreateOn(head));
        Assert.Equal(disk.Present, SimulatedMachine.ReadAll(machine.Host, head));
    }

    // The header of a COWD extent counts sectors in 32 bits.
    [Fact]
    public void VmfsSparseHoldsLessThanTwoTebibytes()
    {
        using var folder = new TempFolder();
        string path = folder.NewDisk("large.vmdk", 2L << 40, CreateTypes.Vmfs);
        var options = new DiskOpenOptions();
        ImageException refusal = Assert.Throws<ImageException>(
            () => new SnapshotCreator(new SnapshotCreation { Path = path }, options).Plan());
        Assert.Equal(SnapshotFindings.TooLargeForCowd, refusal.Reason.Code);
        var hosted = new SnapshotCreation { Path = path, Kind = CreateTypes.MonolithicSparse };
        ChainChanger.Apply(new SnapshotCreator(hosted, options).Plan, options, null, CancellationToken.None);
        using Disk disk = Disk.Open(folder.File("large-000001.vmdk"));
        Assert.Equal(2L << 40, disk.CapacityBytes);
    }

    // VMware keeps to one of the two formats, and the other cannot be written.
    [Fact]
    public void SeSparseAndVmfsSparseDoNotMix()
    {
        using var folder = new TempFolder();
        const long Capacity = 8 << 20;
        string path = folder.NewDisk("base.vmdk", Capacity, CreateTypes.Vmfs);
        using (HostFile file = LocalHost.Instance.Open(folder.File("base-000001-sesparse.vmdk"),
            HostAccess.CreateNew))
        {
            _ = new SeSparseBuilder(file, Capacity);
        }
        uint? id;
        using (Disk disk = Disk.Open(path)) { id = disk.Links[0].Descriptor!.ContentId; }
        path = folder.WriteDescriptor("base-000001.vmdk", $"# Disk DescriptorFile\nversion=1\nCID=12345678\n"
            + $"parentCID={id:x8}\ncreateType=\"seSparse\"\nparentFileNameHint=\"base.vmdk\"\n"
            + $"RW {Capacity / 512} SESPARSE \"base-000001-sesparse.vmdk\"\n");
        foreach (string? format in (string?[])[null, CreateTypes.VmfsSparse])
        {
            ImageException refusal = Assert.Throws<ImageException>(() => new SnapshotCreator(
                new SnapshotCreation { Path = path, Kind = format }, new DiskOpenOptions()).Plan());
            Assert.Equal(SnapshotFindings.MixedDeltas, refusal.Reason.Code);
        }
        var hosted = new SnapshotCreation { Path = path, Kind = CreateTypes.MonolithicSparse };
        Assert.Equal("base-000002.vmdk", new SnapshotCreator(hosted, new DiskOpenOptions()).Plan()
            .Change.HeadAfter);

        // Back on the base, in place of a link of the other format.
        Assert.Equal(CreateTypes.VmfsSparse, Assert.Single(new SnapshotReverter(
            new SnapshotReversion { Path = path }, new DiskOpenOptions()).Plan()
            .Change.Steps.OfType<NewDeltaStep>()).Kind);
    }

    [Theory]
    [InlineData("a\"b.vmdk")]
    [InlineData("a\\b.vmdk")]
    [InlineData("a\nb.vmdk")]
    public void ANameThatNoDescriptorHoldsIsRefused(string name)
    {
        SimulatedDisk disk = machine.AddDisk("vm", CreateTypes.MonolithicFlat, "", 1);
        machine.Host.Rename(disk.Head, "/vm/" + name);
        machine.AssertRefused(SnapshotFindings.NotAParent, () => CreateOn("/vm/" + name));
        machine.Host.Rename("/vm/" + name, "/vm/" + new string('x', 230) + ".vmdk");
        Assert.Throws<BlockException>(() => CreateOn("/vm/" + new string('x', 230) + ".vmdk"));
        Assert.Null(machine.Host.Stat("/vm/palimpsest-change.json"));
    }

    private ChangeResult CreateOn(string path) => Create(new SnapshotCreation { Path = path });

    private ChangeResult Create(SnapshotCreation request) =>
        machine.Apply(new SnapshotCreator(request, machine.Options).Plan);
}
