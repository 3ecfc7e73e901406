using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Chains.Snapshots;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Xunit;

namespace Palimpsest.Tests.Chains.Snapshots;

/// <summary>
/// One disk of a <see cref="SimulatedMachine"/>: its links, and what its guest saw when each was frozen.
/// </summary>
internal sealed class SimulatedDisk
{
    internal required string Node { get; init; }

    /// <summary>The links, base first; the last one runs.</summary>
    internal required List<string> Links { get; init; }

    /// <summary>What the guest saw at each link's last moment; the last is the present.</summary>
    internal required List<byte[]> Contents { get; init; }

    internal string Head => Links[^1];

    internal byte[] Present => Contents[^1];
}

/// <summary>
/// A virtual machine on a simulated host: disks with chains of links, hand-written settings and a
/// hand-written list of snapshots, one for each frozen link.
/// </summary>
internal sealed class SimulatedMachine
{
    internal const string Vmx = DiskRecipe.Folder + "vm.vmx", Vmsd = DiskRecipe.Folder + "vm.vmsd";

    private readonly Random random;
    private readonly DiskRecipe recipe;

    internal SimulatedMachine(Random random)
    {
        this.random = random;
        recipe = new DiskRecipe(Host, random);
    }

    internal SimulatedHost Host { get; } = new();

    internal List<SimulatedDisk> Disks { get; } = [];

    internal DiskOpenOptions Options => new() { Host = Host };

    /// <summary>Adds a disk with a chain of links and random content in each.</summary>
    internal SimulatedDisk AddDisk(string name, string baseKind, string deltaKind, int linkCount)
    {
        var disk = new SimulatedDisk { Node = $"scsi0:{Disks.Count}", Links = [], Contents = [] };
        Disks.Add(disk);
        for (int i = 0; i < linkCount; i++)
        {
            string path = i == 0 ? recipe.Base(baseKind, name, 300)
                : recipe.Delta(deltaKind, $"{name}-{i:d6}", disk.Head);
            disk.Links.Add(path);
            disk.Contents.Add(i == 0 ? ReadAll(Host, path) : (byte[])disk.Present.Clone());
            WriteAtRandom(disk);
        }
        return disk;
    }

    /// <summary>The settings file, with each disk at its head.</summary>
    internal void WriteSettings(string more = "")
    {
        var text = new StringBuilder(".encoding = \"UTF-8\"\nscsi0.present = \"TRUE\"\n");
        foreach (SimulatedDisk disk in Disks)
        {
            text.Append(
                $"{disk.Node}.present = \"TRUE\"\n{disk.Node}.fileName = \"{HostPath.NameOf(disk.Head)}\"\n");
        }
        Host.Put(Vmx, Encoding.UTF8.GetBytes(text + more));
    }

    /// <summary>The list: snapshot i + 1 froze link i of each disk.</summary>
    internal void WriteList(int? current = null)
    {
        int count = Disks[0].Links.Count - 1;
        var text = new StringBuilder($".encoding = \"UTF-8\"\nsnapshot.lastUID = \"{count}\"\n");
        text.Append($"snapshot.current = \"{current ?? count}\"\n");
        for (int i = 0; i < count; i++)
        {
            text.Append($"snapshot{i}.uid = \"{i + 1}\"\n");
            if (i > 0) { text.Append($"snapshot{i}.parent = \"{i}\"\n"); }
            text.Append(
                $"snapshot{i}.displayName = \"moment {i + 1}\"\nsnapshot{i}.numDisks = \"{Disks.Count}\"\n");
            foreach ((int index, SimulatedDisk disk) in Disks.Index())
            {
                text.Append($"snapshot{i}.disk{index}.fileName = \"{HostPath.NameOf(disk.Links[i])}\"\n");
                text.Append($"snapshot{i}.disk{index}.node = \"{disk.Node}\"\n");
            }
        }
        Host.Put(Vmsd, Encoding.UTF8.GetBytes($"{text}snapshot.numSnapshots = \"{count}\"\n"));
    }

    /// <summary>Makes a planned change.</summary>
    internal ChangeResult Apply(Func<ChangePlan> plan) =>
        ChainChanger.Apply(plan, Options, null, CancellationToken.None);

    /// <summary>Takes a snapshot of all disks.</summary>
    internal ChangeResult Create(string? name = null) => Apply(
        new SnapshotCreator(new SnapshotCreation { Path = Vmx, Name = name }, Options).Plan);

    /// <summary>Goes back to a snapshot.</summary>
    internal ChangeResult Revert(string? snapshot, string path = Vmx, bool keeps = false) =>
        Apply(new SnapshotReverter(
        new SnapshotReversion { Path = path, Snapshot = snapshot, KeepsHead = keeps }, Options).Plan);

    /// <summary>Deletes a snapshot.</summary>
    internal ChangeResult Delete(string snapshot, string path = Vmx) => Apply(
        new SnapshotDeleter(new SnapshotDeletion { Path = path, Snapshot = snapshot }, Options).Plan);

    /// <summary>Merges all snapshots.</summary>
    internal ChangeResult Consolidate(string path = Vmx) => Apply(
        new SnapshotConsolidator(new SnapshotConsolidation { Path = path }, Options).Plan);

    /// <summary>Asserts that a plan is refused with this code, and that nothing was changed.</summary>
    internal ImageException AssertRefused(FindingCode code, Func<ChangeResult> change)
    {
        IReadOnlyList<string> files = Host.Files;
        byte[][] before = [.. files.Select(Host.Get)];
        ImageException refusal = Assert.Throws<ImageException>(() => change());
        Assert.Equal(code, refusal.Reason.Code);
        Assert.Equal(files, Host.Files);
        Assert.Equal(before, files.Select(Host.Get));
        return refusal;
    }

    /// <summary>The bare names of all files, without settings and list.</summary>
    internal IReadOnlyList<string> DiskFiles =>
        [.. Host.Files.Where(path => path is not (Vmx or Vmsd)).Select(HostPath.NameOf)];

    /// <summary>Asserts that the running link of each disk gives this content.</summary>
    internal void AssertRuns(Func<SimulatedDisk, byte[]> content)
    {
        foreach (SimulatedDisk disk in Disks)
        {
            Assert.True(content(disk).AsSpan().SequenceEqual(ReadAll(Host, Running(Host)[disk.Node])),
                disk.Node);
        }
    }

    /// <summary>Asserts that the link that a snapshot froze of each disk gives this content.</summary>
    internal void AssertMoment(int uid, Func<SimulatedDisk, byte[]> content)
    {
        VmsdSnapshot snapshot = List(Host).Find(uid)!;
        Assert.Equal(Disks.Select(disk => disk.Node), snapshot.Disks.Select(entry => entry.Node));
        foreach ((SimulatedDisk disk, VmsdDisk entry) in Disks.Zip(snapshot.Disks))
        {
            Assert.True(content(disk).AsSpan()
                .SequenceEqual(ReadAll(Host, DiskRecipe.Folder + entry.FileName)),
                $"{uid}, {entry.FileName}");
        }
    }

    /// <summary>The list's text without the lines of snapshots.</summary>
    internal string[] GeneralLines() =>
        [.. TextOf(Host, Vmsd)!.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => !line.StartsWith("snapshot0", StringComparison.Ordinal)
            && !line.StartsWith("snapshot1", StringComparison.Ordinal)
            && !line.StartsWith("snapshot2", StringComparison.Ordinal))];

    /// <summary>
    /// Writes to a new link that a disk runs from, which begins as <paramref name="content"/>.
    /// </summary>
    internal void Run(SimulatedDisk disk, byte[] content)
    {
        disk.Links.Add(Running(Host)[disk.Node]);
        disk.Contents.Add((byte[])content.Clone());
        WriteAtRandom(disk);
    }

    /// <summary>What a link's guest sees.</summary>
    internal static byte[] ReadAll(IHost host, string path)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        byte[] bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }

    /// <summary>The text of a file; null when it is not there.</summary>
    internal static string? TextOf(SimulatedHost host, string path) =>
        host.Stat(path) is null ? null : Encoding.UTF8.GetString(host.Get(path));

    /// <summary>The link that the settings file names for each place, by hand.</summary>
    internal static Dictionary<string, string> Running(SimulatedHost host) => TextOf(host, Vmx)!.Split('\n')
        .Where(line => line.Contains(".fileName = ", StringComparison.Ordinal))
        .Select(line => line.Split(".fileName = "))
        .ToDictionary(parts => parts[0], parts => DiskRecipe.Folder + parts[1].Trim('"'));

    /// <summary>The list as it is parsed.</summary>
    internal static VmsdFile List(IHost host) =>
        new(DictionaryFile.TryRead(host, Vmsd, new FindingList())!);

    private void WriteAtRandom(SimulatedDisk disk)
    {
        using Disk open = DiskRecipe.OpenForWriting(Host, disk.Head);
        for (int i = 0; i < 4; i++)
        {
            int sectors = random.Next(1, 20);
            int offset = random.Next((disk.Present.Length / 512) - sectors) * 512;
            byte[] bytes = new byte[sectors * 512];
            if (i > 0) { random.NextBytes(bytes); }
            open.Device!.Write(offset, bytes);
            bytes.CopyTo(disk.Present, offset);
        }
    }
}
