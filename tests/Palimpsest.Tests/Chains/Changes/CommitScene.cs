using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>A commit on a <see cref="ChainScene"/>, and what must hold during and after it.</summary>
internal sealed record CommitScene(ChainScene Chain)
{
    private readonly IReadOnlyList<string> filesBefore = Chain.Host.Files;

    /// <summary>Index of the link that is committed, counted from the base.</summary>
    internal required int From { get; init; }

    /// <summary>Index of the link it goes into.</summary>
    internal required int Into { get; init; }

    /// <summary>What becomes of the link.</summary>
    internal required MergedDelta Afterwards { get; init; }

    /// <summary>Verifies what was written.</summary>
    internal bool Verifies { get; init; }

    private string Delta => Chain.Paths[From];

    private string Target => Chain.Paths[Into];

    private IEnumerable<string> Between => Chain.Paths.Skip(Into + 1).Take(From - Into - 1);

    private IEnumerable<string> Above => Chain.Paths.Skip(From + 1).Concat(Chain.Branches);

    // What the machine runs from before; null without one.
    private string? MachineLink => filesBefore.Contains(ChainScene.Settings) ? ChainScene.MachineDisk(Chain.Host) : null;

    /// <summary>The command, begun or finished.</summary>
    internal void Run(SimulatedHost host)
    {
        var request = new MergeRequest
        {
            HeadPath = Delta, TargetPath = Target, Afterwards = Afterwards, Verifies = Verifies,
        };
        bool isFinished = Afterwards == MergedDelta.Delete && host.Stat(Delta) is null
            && ChangeFile.TryRead(host, DiskRecipe.Folder.TrimEnd('/'), allowOutside: true, new()) is null;

        // Elsewhere, a delta that is gone leaves nothing behind that leads to the change.
        bool isOutOfReach = host.Stat(Delta) is null && HostPath.FolderOf(Delta) != HostPath.FolderOf(Target);
        string named = isOutOfReach ? Target : Delta;
        if (!isFinished) { ChainScene.RunChange(host, named, () => MergePlanner.Plan(request, ChainScene.On(host))); }
    }

    /// <summary>What must hold at every moment.</summary>
    internal void AssertInvariant(SimulatedHost host)
    {
        if (MachineLink is { } link) { Chain.AssertHas(host, ChainScene.MachineDisk(host), link); }
        if (host.Stat(Delta) is not null) { Chain.AssertUnchanged(host, Delta); }
        else
        {
            Assert.Equal(MergedDelta.Delete, Afterwards);
            Chain.AssertHas(host, Target, Delta);
        }
        foreach (string path in Above) { Chain.AssertUnchanged(host, path); }
        foreach (string path in Between) { Chain.AssertOneOfOrRefused(host, path, path); }
        Chain.AssertOneOfOrRefused(host, Target, Target, Delta);
        foreach (string path in Chain.Paths.Take(Into)) { Chain.AssertUnchanged(host, path); }
    }

    /// <summary>What must hold when it is done.</summary>
    internal void AssertFinal(SimulatedHost host)
    {
        bool isDeleted = Afterwards == MergedDelta.Delete;
        IEnumerable<string> gone = Between.Concat(isDeleted ? [Delta] : []).SelectMany(path => Chain.Files[path]);
        ChainScene.AssertFiles(host, filesBefore.Except(gone));
        Chain.AssertHas(host, Target, Delta);
        if (!isDeleted) { Chain.AssertUnchanged(host, Delta); }
        foreach (string path in Above) { Chain.AssertUnchanged(host, path); }
        foreach (string path in Chain.Paths.Take(Into)) { Chain.AssertUnchanged(host, path); }
        if (MachineLink is { } link)
        {
            Assert.Equal(isDeleted && link == Delta ? Target : link, ChainScene.MachineDisk(host));
        }
        if (Afterwards == MergedDelta.Empty) { AssertEmpty(host); }
        string head = isDeleted && From == Chain.Paths.Count - 1 ? Target : Chain.Head;
        ChainScene.AssertSound(host, head);
        AssertContentIdIsNew(host);
    }

    // A child that the command did not know of has to notice.
    private void AssertContentIdIsNew(SimulatedHost host)
    {
        using Disk target = Disk.Open(Target, ChainScene.On(host));
        Assert.NotEqual(Chain.ContentIds[Target], target.Links[0].Descriptor!.ContentId);
    }

    private void AssertEmpty(SimulatedHost host)
    {
        using Disk disk = Disk.Open(Delta, ChainScene.On(host));
        Assert.Equal(1 + Into, disk.Links.Count - 1);
        for (long offset = 0; offset < disk.CapacityBytes;)
        {
            var run = disk.Reader.GetRun(offset, disk.CapacityBytes - offset);
            Assert.True(run.Depth > 0, $"{Delta} still holds something at byte {offset}");
            offset += run.LengthBytes;
        }
    }
}
