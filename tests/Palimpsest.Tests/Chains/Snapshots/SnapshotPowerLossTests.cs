using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Snapshots;

/// <summary>
/// The power goes at every change of the host that a snapshot verb makes, and again at every change of the
/// recovery from it. After each cut the running links open with their old content or their new, the machine's
/// files are the old or the new, and running the verb again finishes.
/// </summary>
public sealed class SnapshotPowerLossTests
{
    private const int TornVariants = 3;

    // Second cuts of one verb, unless the long tests are asked for; spread evenly.
    private static readonly int SecondCutLimit =
        Environment.GetEnvironmentVariable("PALIMPSEST_NIGHTLY") == "1" ? int.MaxValue : 800;

    private static readonly DateTime time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    /// <summary>A verb on a machine, and what it is to give.</summary>
    private sealed record Scenario(
        SimulatedMachine Machine, string Named, Func<DiskOpenOptions, Func<ChangePlan>> Plan,
        Func<SimulatedDisk, byte[]> ContentAfter);

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, null, true)]
    [InlineData(CreateTypes.Vmfs, null, true)]
    [InlineData(CreateTypes.MonolithicSparse, CreateTypes.VmfsSparse, false)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, null, true)]
    public void Creating_survives_a_cut_anywhere(string kind, string? format, bool hasList)
    {
        string deltaKind = kind == CreateTypes.Vmfs ? CreateTypes.VmfsSparse : CreateTypes.MonolithicSparse;
        SimulatedMachine machine = Machine(kind, deltaKind, hasList ? 2 : 1, hasList);
        Run(new Scenario(machine, SimulatedMachine.Vmx, options => new SnapshotCreator(new SnapshotCreation
        {
            Path = SimulatedMachine.Vmx,
            Name = "näme",
            Description = "one\ntwo",
            Kind = format,
            TimeUtc = time,
        }, options).Plan, disk => disk.Present), $"create on {kind}");
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicSparse, "moment 2", false)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, "1", false)]
    [InlineData(CreateTypes.VmfsSparse, "1", true)]
    public void Reverting_survives_a_cut_anywhere(string kind, string snapshot, bool keeps)
    {
        SimulatedMachine machine = Machine(CreateTypes.MonolithicFlat, kind, 3, hasList: true);
        int place = snapshot == "1" ? 0 : 1;
        Run(new Scenario(machine, SimulatedMachine.Vmx, options => new SnapshotReverter(new SnapshotReversion
        {
            Path = SimulatedMachine.Vmx, Snapshot = snapshot, KeepsHead = keeps,
        }, options).Plan, disk => disk.Contents[place]), $"revert to {snapshot} over {kind}");
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse, 1)]
    [InlineData(CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, 2)]
    [InlineData(CreateTypes.Vmfs, CreateTypes.VmfsSparse, 3)]
    [InlineData(CreateTypes.TwoGbMaxExtentFlat, CreateTypes.MonolithicSparse, 3)]
    public void Deleting_survives_a_cut_anywhere(string baseKind, string deltaKind, int uid)
    {
        SimulatedMachine machine = Machine(baseKind, deltaKind, 4, hasList: true);
        Run(new Scenario(machine, SimulatedMachine.Vmx, options => new SnapshotDeleter(new SnapshotDeletion
        {
            Path = SimulatedMachine.Vmx, Snapshot = $"{uid}",
        }, options).Plan, disk => disk.Present), $"delete {uid} of {baseKind} and {deltaKind}");
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse)]
    [InlineData(CreateTypes.Vmfs, CreateTypes.VmfsSparse)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, CreateTypes.TwoGbMaxExtentSparse)]
    public void Consolidating_survives_a_cut_anywhere(string baseKind, string deltaKind)
    {
        SimulatedMachine machine = Machine(baseKind, deltaKind, 4, hasList: true);
        Run(new Scenario(machine, SimulatedMachine.Vmx, options => new SnapshotConsolidator(
            new SnapshotConsolidation { Path = SimulatedMachine.Vmx }, options).Plan, disk => disk.Present),
            $"consolidate {baseKind} and {deltaKind}");
    }

    [Theory]
    [InlineData("create")]
    [InlineData("revert")]
    [InlineData("delete")]
    [InlineData("consolidate")]
    public void A_bare_disk_survives_a_cut_anywhere(string verb)
    {
        var machine = new SimulatedMachine(new Random(RandomCases.Seed));
        SimulatedDisk disk = machine.AddDisk("disk", CreateTypes.MonolithicFlat,
            CreateTypes.MonolithicSparse, 4);
        string head = disk.Head;
        Func<DiskOpenOptions, Func<ChangePlan>> plan = verb switch
        {
            "create" => options => new SnapshotCreator(new SnapshotCreation { Path = head }, options).Plan,
            "revert" => options => new SnapshotReverter(new SnapshotReversion { Path = head }, options).Plan,
            "delete" => options => new SnapshotDeleter(
                new SnapshotDeletion { Path = head, Snapshot = disk.Links[2] }, options).Plan,
            _ => options => new SnapshotConsolidator(new SnapshotConsolidation { Path = head }, options).Plan,
        };
        Run(new Scenario(machine, head, plan, _ => verb == "revert" ? disk.Contents[2] : disk.Present),
            $"{verb} of a bare disk");
    }

    private static SimulatedMachine Machine(string baseKind, string deltaKind, int linkCount, bool hasList)
    {
        var machine = new SimulatedMachine(new Random(RandomCases.Seed));
        machine.AddDisk("vm", baseKind, deltaKind, linkCount);
        machine.AddDisk("vm_1", CreateTypes.MonolithicSparse, CreateTypes.MonolithicSparse, linkCount);
        machine.WriteSettings();
        if (hasList) { machine.WriteList(); }
        return machine;
    }

    private static void Run(Scenario scenario, string what)
    {
        var before = new SimulatedHost();
        foreach (string path in scenario.Machine.Host.Files)
        {
            before.Put(path, scenario.Machine.Host.Get(path));
        }
        SimulatedHost host = scenario.Machine.Host;
        HostJournal journal = host.Record();
        ChangeResult result = Apply(scenario, host);
        string headAfter = HostPath.Combine(result.Folder, result.Change.HeadAfter);
        var check = new CutCheck(scenario, before, host, headAfter);
        check.AssertDone(host, what);
        long firstCuts = 0, secondCuts = 0;
        int secondTotal = (journal.Count + 1) * 2 * journal.Count;
        int stride = Math.Max(1, secondTotal / SecondCutLimit);
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int tear) in Variants())
            {
                string where = $"{what}, cut {cut} of {journal.Count}, {variant} {tear}";
                SimulatedHost found = journal.HostAfterCut(cut, variant, tear);
                check.AssertWhole(found, where);
                HostJournal recovery = found.Record();
                Recover(scenario, check, found);
                check.AssertDone(found, where + ", recovered");
                firstCuts++;
                if (variant == CutVariant.Keep || tear > 0) { continue; }
                for (int second = (int)(firstCuts % stride); second <= recovery.Count; second += stride)
                {
                    (CutVariant again, int torn) = Variants()
                        .ElementAt((int)(secondCuts % (2 + TornVariants)));
                    string there = $"{where}, again at {second} of {recovery.Count}, {again} {torn}";
                    SimulatedHost twice = recovery.HostAfterCut(second, again, torn);
                    check.AssertWhole(twice, there);
                    Recover(scenario, check, twice);
                    check.AssertDone(twice, there + ", recovered");
                    secondCuts++;
                }
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{what}: {journal.Count} changes, {firstCuts} cuts, {secondCuts} cuts in recoveries");
    }

    private static IEnumerable<(CutVariant Variant, int Tear)> Variants()
    {
        yield return (CutVariant.Keep, 0);
        yield return (CutVariant.Drop, 0);
        for (int tear = 0; tear < TornVariants; tear++) { yield return (CutVariant.Tear, tear); }
    }

    private static ChangeResult Apply(Scenario scenario, SimulatedHost host)
    {
        var options = new DiskOpenOptions { Host = host };
        return ChainChanger.Apply(scenario.Plan(options), options, null, CancellationToken.None);
    }

    // As the command does it. What was begun is finished; what was done already is not done again.
    private static void Recover(Scenario scenario, CutCheck check, SimulatedHost host)
    {
        var options = new DiskOpenOptions { Host = host };
        ChangeResult? resumed = ChainChanger.Resume(scenario.Named, options, null, CancellationToken.None);
        if (resumed is null && check.IsUntouched(host)) { Apply(scenario, host); }
    }

    /// <summary>What a host may hold after a cut, and what it must hold after the recovery.</summary>
    private sealed class CutCheck(Scenario scenario, SimulatedHost before, SimulatedHost after,
        string headAfter)
    {
        private readonly string? settingsBefore = SimulatedMachine.TextOf(before, SimulatedMachine.Vmx),
            settingsAfter = SimulatedMachine.TextOf(after, SimulatedMachine.Vmx),
            listBefore = SimulatedMachine.TextOf(before, SimulatedMachine.Vmsd),
            listAfter = SimulatedMachine.TextOf(after, SimulatedMachine.Vmsd);

        private readonly IReadOnlyList<string> filesAfter = after.Files;

        internal bool IsUntouched(SimulatedHost host) =>
            before.Files.All(path => host.Files.Contains(path)) && !host.Files.SequenceEqual(filesAfter)
            && SimulatedMachine.TextOf(host, SimulatedMachine.Vmx) == settingsBefore;

        internal void AssertWhole(SimulatedHost host, string what)
        {
            string? settings = SimulatedMachine.TextOf(host, SimulatedMachine.Vmx),
                list = SimulatedMachine.TextOf(host, SimulatedMachine.Vmsd);
            Assert.True(settings == settingsBefore || settings == settingsAfter, $"{what}: {settings}");
            Assert.True(list == listBefore || list == listAfter, $"{what}: {list}");
            if (settings is null)
            {
                SimulatedDisk disk = scenario.Machine.Disks[0];
                bool isThere = host.Stat(disk.Head) is not null;
                AssertHolds(host, isThere ? disk.Head : headAfter,
                    isThere ? [disk.Present] : [scenario.ContentAfter(disk)], what);
                return;
            }
            foreach (SimulatedDisk disk in scenario.Machine.Disks)
            {
                byte[][] allowed = settingsBefore == settingsAfter
                    ? [disk.Present, scenario.ContentAfter(disk)]
                    : [settings == settingsBefore ? disk.Present : scenario.ContentAfter(disk)];
                AssertHolds(host, SimulatedMachine.Running(host)[disk.Node], allowed, what);
            }
        }

        internal void AssertDone(SimulatedHost host, string what)
        {
            Assert.True(filesAfter.SequenceEqual(host.Files), $"{what}: {string.Join(' ', host.Files)}");
            Assert.Equal(settingsAfter, SimulatedMachine.TextOf(host, SimulatedMachine.Vmx));
            Assert.Equal(listAfter, SimulatedMachine.TextOf(host, SimulatedMachine.Vmsd));
            AssertWhole(host, what);
            if (settingsAfter is not null) { AssertMoments(host, what); }
        }

        // Each snapshot that is still listed gives what its guest saw.
        private void AssertMoments(SimulatedHost host, string what)
        {
            foreach (VmsdSnapshot snapshot in SimulatedMachine.List(host).Snapshots)
            {
                foreach (VmsdDisk entry in snapshot.Disks)
                {
                    SimulatedDisk disk = scenario.Machine.Disks.Single(disk => disk.Node == entry.Node);
                    byte[] content = disk.Contents[Math.Min(snapshot.Uid, disk.Contents.Count) - 1];
                    AssertHolds(host, DiskRecipe.Folder + entry.FileName, [content],
                        $"{what}, snapshot {snapshot.Uid}");
                }
            }
        }

        private static void AssertHolds(SimulatedHost host, string path, byte[][] allowed, string what)
        {
            byte[] found;
            try
            {
                found = SimulatedMachine.ReadAll(host, path);
            }
            catch (Exception error) when (error is ImageException or BlockException)
            {
                throw new InvalidOperationException($"{what}: {error.Message}", error);
            }
            Assert.True(allowed.Any(bytes => bytes.AsSpan().SequenceEqual(found)),
                $"{what}: {path} holds neither old nor new");
        }
    }
}
