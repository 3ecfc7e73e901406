using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Chains.Snapshots;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// After an interruption somebody who knows nothing of the change goes on with the machine. Finishing the
/// change must not undo or throw away what was written then.
/// </summary>
public sealed class ForeignWriterTests
{
    private readonly SimulatedMachine machine = new(new Random(RandomCases.Seed));

    public ForeignWriterTests()
    {
        machine.AddDisk("vm", CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 3);
        machine.WriteSettings();
    }

    // At each cut the machine runs on from the link that its settings name, and writes one sector.
    [Theory]
    [InlineData("commit")]
    [InlineData("empty")]
    [InlineData("delete")]
    [InlineData("consolidate")]
    [InlineData("create")]
    public void WhatIsWrittenAfterACutIsThereAfterFinishing(string verb)
    {
        machine.WriteList();
        if (verb is "commit" or "empty") { machine.Host.Delete(SimulatedMachine.Vmsd); }
        HostJournal journal = machine.Host.Record();
        SimulatedDisk disk = machine.Disks[0];
        machine.Apply(PlanOf(verb, disk));
        int finished = 0, refused = 0;
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            string what = $"{verb}, cut {cut} of {journal.Count}";
            SimulatedHost host = journal.HostAfterCut(cut, CutVariant.Keep);
            var options = new DiskOpenOptions { Host = host };
            byte[] content = (byte[])disk.Present.Clone(), sector = new byte[512];
            Array.Fill(sector, (byte)0xAB);
            sector.CopyTo(content, 4096);
            if (!TryWriteAsAStranger(host, SimulatedMachine.Running(host)["scsi0:0"], 4096, sector))
            {
                continue;
            }
            try
            {
                ChainChanger.Resume(SimulatedMachine.Vmx, options, null, CancellationToken.None);
                ChainChanger.Resume(disk.Head, options, null, CancellationToken.None);
                finished++;
            }
            catch (ImageException error) when (error.Reason.Code == ChangeFindings.ChangeOutdated)
            {
                refused++;
            }
            byte[] found = SimulatedMachine.ReadAll(host, SimulatedMachine.Running(host)["scsi0:0"]);
            Assert.True(content.AsSpan().SequenceEqual(found), what);
        }
        Assert.InRange(finished, 1, journal.Count);
        Assert.InRange(refused, 0, journal.Count);
    }

    // VMware wrote its files again: what it changed is not set back.
    [Fact]
    public void MachineFilesThatChangedSinceAreLeftAlone()
    {
        machine.WriteList();
        HostJournal journal = machine.Host.Record();
        machine.Create("new");
        int refused = 0, finished = 0;
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            SimulatedHost host = journal.HostAfterCut(cut, CutVariant.Keep);
            if (host.Stat("/vm/" + ChangeFile.Name) is null) { continue; }
            string settings = SimulatedMachine.TextOf(host, SimulatedMachine.Vmx)!;
            Func<ChangeResult?> resume = () => ChainChanger.Resume(
                SimulatedMachine.Vmx, new DiskOpenOptions { Host = host }, null, CancellationToken.None);
            if (cut % 2 == 0)
            {
                host.Put(SimulatedMachine.Vmx, Encoding.UTF8.GetBytes(settings + "memsize = \"4096\"\n"));
                Assert.NotNull(resume());
                Assert.EndsWith("memsize = \"4096\"\n", SimulatedMachine.TextOf(host, SimulatedMachine.Vmx),
                    StringComparison.Ordinal);
                finished++;
                continue;
            }
            string name = settings.Contains("vm-000003", StringComparison.Ordinal)
                ? "vm-000003" : "vm-000002";
            string other = settings.Replace(name, "vm-000009", StringComparison.Ordinal);
            host.Put(SimulatedMachine.Vmx, Encoding.UTF8.GetBytes(other));
            ImageException refusal = Assert.Throws<ImageException>(() => resume());
            Assert.Equal(ChangeFindings.ChangeOutdated, refusal.Reason.Code);
            Assert.Equal(other, SimulatedMachine.TextOf(host, SimulatedMachine.Vmx));
            refused++;
        }
        Assert.InRange(refused, 1, journal.Count);
        Assert.InRange(finished, 1, journal.Count);
    }

    private Func<ChangePlan> PlanOf(string verb, SimulatedDisk disk) => verb switch
    {
        "commit" => () => MergePlanner.Plan(
            new MergeRequest { HeadPath = disk.Head, Afterwards = MergedDelta.Delete }, machine.Options),
        "empty" => () => MergePlanner.Plan(new MergeRequest { HeadPath = disk.Head }, machine.Options),
        "delete" => new SnapshotDeleter(
            new SnapshotDeletion { Path = SimulatedMachine.Vmx, Snapshot = "2" }, machine.Options).Plan,
        "consolidate" => new SnapshotConsolidator(
            new SnapshotConsolidation { Path = SimulatedMachine.Vmx }, machine.Options).Plan,
        _ => new SnapshotCreator(new SnapshotCreation { Path = SimulatedMachine.Vmx }, machine.Options).Plan,
    };

    // As a program that does not know of the record. False where it finds no change under way, or a chain
    // that it would not open.
    private static bool TryWriteAsAStranger(SimulatedHost host, string path, long offset, byte[] bytes)
    {
        const string Record = "/vm/" + ChangeFile.Name;
        if (host.Stat(Record) is null) { return false; }
        byte[] record = host.Get(Record);
        host.Delete(Record);
        try
        {
            using Disk disk = DiskRecipe.OpenForWriting(host, path);
            disk.Device!.Write(offset, bytes);
            return true;
        }
        catch (ImageException error) when (error.Reason.Code == ChainFindings.ContentIdMismatch)
        {
            return false;
        }
        finally
        {
            host.Put(Record, record);
        }
    }
}
