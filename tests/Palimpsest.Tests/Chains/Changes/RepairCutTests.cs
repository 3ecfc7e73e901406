using System.Buffers.Binary;
using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// The power goes, or the process is killed, at every change that a repair makes, or the one that takes it back: no
/// byte of the guest changes, the same command finishes, and the undo files give back what was there.
/// </summary>
public sealed class RepairCutTests
{
    private const int DirectoryField = 56, RedundantDirectoryField = 48;

    public static TheoryData<string, string> Damages => new()
    {
        { CreateTypes.MonolithicSparse, nameof(DifferingEntries) },
        { CreateTypes.MonolithicSparse, nameof(LostTable) },
        { CreateTypes.MonolithicSparse, nameof(LostGrain) },
        { CreateTypes.MonolithicSparse, nameof(EverythingAtOnce) },
        { CreateTypes.TwoGbMaxExtentSparse, nameof(LostTable) },
        { CreateTypes.TwoGbMaxExtentSparse, nameof(DifferingEntries) },
        { CreateTypes.MonolithicFlat, nameof(MisplacedVersion) },
        { CreateTypes.VmfsSparse, nameof(MisplacedVersion) },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_repair_survives_a_cut_anywhere(string kind, string damage)
    {
        var scene = new ChainScene(RandomCases.Seed, kind);
        Damage(scene.Host, kind, damage);
        IReadOnlyList<string> files = scene.Host.Files;
        var before = files.ToDictionary(file => file, scene.Host.Get);
        new CutEverywhere(scene.Host)
        {
            Name = $"repair of {kind}, {damage}",
            Operation = host => Repair(host, scene.Head),
            AssertInvariant = host =>
            {
                AssertReadable(scene, host);
                AssertTakenBack(host, before);
            },
            AssertFinal = host =>
            {
                scene.AssertUnchanged(host, scene.Head);
                ChainScene.AssertSound(host, scene.Head);
                Assert.Empty(Plan(host, scene.Head).Steps);
            },
            RecoveryStride = 3,
        }.Run();
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void So_does_taking_it_back(string kind, string damage)
    {
        var scene = new ChainScene(RandomCases.Seed, kind);
        Damage(scene.Host, kind, damage);
        var before = scene.Host.Files.ToDictionary(file => file, scene.Host.Get);
        Repair(scene.Host, scene.Head);
        if (UndoFiles(scene.Host).Count == 0) { return; }
        new CutEverywhere(scene.Host)
        {
            Name = $"undo of {kind}, {damage}",
            Operation = TakeBack,
            AssertInvariant = host => AssertReadable(scene, host),
            AssertFinal = host => AssertBytes(host, before),
            RecoveryStride = 3,
        }.Run();
    }

    private static RepairPlan Plan(SimulatedHost host, string path) =>
        DiskRepair.Plan(path, ChainScene.On(host), new RepairOptions());

    private static void Repair(SimulatedHost host, string path) => DiskRepair.Apply(Plan(host, path));

    private static List<string> UndoFiles(SimulatedHost host) => [.. host.Files
        .Where(file => file.Contains(".undo-", StringComparison.Ordinal)
            && !file.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal))
        .OrderByDescending(file => int.Parse(file[(file.LastIndexOf('-') + 1)..], null))];

    private static void TakeBack(SimulatedHost host)
    {
        foreach (string undo in UndoFiles(host)) { DiskRepair.Undo(host, undo); }
    }

    // On a copy: the host goes on as it is.
    private static void AssertTakenBack(SimulatedHost host, Dictionary<string, byte[]> before)
    {
        SimulatedHost copy = host.Record().HostAfterCut(0, CutVariant.Keep);
        TakeBack(copy);
        foreach (string kept in copy.Files.Where(file => file.Contains(".before-repair-", StringComparison.Ordinal)))
        {
            if (kept.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)) { continue; }
            string path = kept[..kept.IndexOf(".before-repair-", StringComparison.Ordinal)];
            Assert.Equal(before[path], copy.Get(kept));
            copy.Put(path, copy.Get(kept));
        }
        AssertBytes(copy, before);
    }

    private static void AssertBytes(SimulatedHost host, Dictionary<string, byte[]> before)
    {
        foreach ((string path, byte[] bytes) in before)
        {
            Assert.True(bytes.AsSpan().SequenceEqual(host.Get(path)), $"{path} is not as it was before the repair");
        }
    }

    // Every sector has its content or cannot be read.
    private static void AssertReadable(ChainScene scene, SimulatedHost host)
    {
        byte[] expected = scene.Contents[scene.Head], sector = new byte[Sector.Bytes];
        using Disk disk = Disk.Open(scene.Head, ChainScene.On(host));
        for (int offset = 0; offset < expected.Length; offset += Sector.Bytes)
        {
            try
            {
                disk.Reader.Read(offset, sector);
            }
            catch (BlockException error) when (error.Kind == BlockErrorKind.Corrupt)
            {
                continue;
            }
            Assert.True(sector.AsSpan().SequenceEqual(expected.AsSpan(offset, Sector.Bytes)), $"byte {offset} changed");
        }
    }

    private static void Damage(SimulatedHost host, string kind, string damage)
    {
        string path = kind == CreateTypes.TwoGbMaxExtentSparse ? DiskRecipe.Folder + "disk-s003.vmdk"
            : DiskRecipe.Folder + "disk.vmdk";
        using HostFile file = host.Open(path, HostAccess.ReadWrite);
        switch (damage)
        {
            case nameof(DifferingEntries): DifferingEntries(file); break;
            case nameof(LostTable): LostTable(file); break;
            case nameof(LostGrain): LostGrain(file); break;
            case nameof(MisplacedVersion): MisplacedVersion(file, 0); break;
            default: EverythingAtOnce(file); break;
        }
    }

    private static void EverythingAtOnce(HostFile file)
    {
        DifferingEntries(file);
        file.Write(72, [1]);
        MisplacedVersion(file, Sector.Bytes);
    }

    // The second copy of the first table knows of no grains.
    private static void DifferingEntries(HostFile file) =>
        file.Write(Number(file, Directory(file, RedundantDirectoryField)) * Sector.Bytes, new byte[Sector.Bytes]);

    // The first directory names a table behind the end of the file.
    private static void LostTable(HostFile file) => file.Write(Directory(file, DirectoryField), [0, 0, 0, 0x70]);

    // An entry of the first copy names a grain behind the end of the file.
    private static void LostGrain(HostFile file)
    {
        long entry = Number(file, Directory(file, DirectoryField)) * Sector.Bytes;
        while (Number(file, entry) < 2) { entry += 4; }
        file.Write(entry, [0, 0, 0, 0x70]);
    }

    // Other programs know the text by its first line.
    private static void MisplacedVersion(HostFile file, long offset)
    {
        byte[] bytes = new byte[Math.Min(file.Length - offset, 20 * Sector.Bytes)];
        file.Read(offset, bytes);
        string text = Encoding.Latin1.GetString(bytes);
        int end = text.IndexOf('\0', StringComparison.Ordinal);
        text = (end < 0 ? text : text[..end]).Replace("version=1\n", "", StringComparison.Ordinal)
            .Replace("createType=", "version=1\n# " + new string('-', 700) + "\ncreateType=", StringComparison.Ordinal);
        file.Write(offset, Encoding.Latin1.GetBytes(text));
    }

    private static long Directory(HostFile file, int field) => Number(file, field) * Sector.Bytes;

    private static uint Number(HostFile file, long offset)
    {
        Span<byte> bytes = stackalloc byte[4];
        file.Read(offset, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
