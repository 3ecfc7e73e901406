using System.Text;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// A chain on a simulated host, with the content that each of its links has by the writes that made it, and what must
/// hold of it while it is changed and afterwards.
/// </summary>
internal sealed class ChainScene
{
    /// <summary>The virtual machine's settings file.</summary>
    internal const string Settings = DiskRecipe.Folder + "vm.vmx";

    private const int SectorCount = 260;

    /// <summary>What an interruption may leave in tables and headers; everything else is damage.</summary>
    private static readonly FindingCode[] Harmless =
    [
        SparseFindings.Leaked, CowdFindings.Leaked, SparseFindings.NotClosedButSound, CowdFindings.NotClosedButSound,
        SparseFindings.NotClosed, CowdFindings.NotClosed,
    ];

    private readonly Random random;
    private readonly DiskRecipe recipe;

    /// <summary>Makes a chain of links of these kinds, the base's first, each with content of its own.</summary>
    internal ChainScene(int seed, params IReadOnlyList<string> kinds)
    {
        random = new Random(seed);
        recipe = new DiskRecipe(Host, random);
        foreach (string kind in kinds) { Add(kind); }
    }

    /// <summary>Where it is.</summary>
    internal SimulatedHost Host { get; } = new();

    /// <summary>Paths of the links, the base's first.</summary>
    internal List<string> Paths { get; } = [];

    /// <summary>Paths of links beside the chain, which stand on one of its links.</summary>
    internal List<string> Branches { get; } = [];

    /// <summary>What a guest sees that runs from a link.</summary>
    internal Dictionary<string, byte[]> Contents { get; } = new(StringComparer.Ordinal);

    /// <summary>The files of each link.</summary>
    internal Dictionary<string, IReadOnlyList<string>> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The content id of each link.</summary>
    internal Dictionary<string, uint> ContentIds { get; } = new(StringComparer.Ordinal);

    /// <summary>The head's path.</summary>
    internal string Head => Paths[^1];

    /// <summary>Options to open its disks with; the chain may span folders.</summary>
    internal static DiskOpenOptions On(SimulatedHost host) => new() { Host = host, AllowOutside = true };

    /// <summary>Adds a link on top and writes to it.</summary>
    internal void Add(string kind)
    {
        if (Paths.Count > 0)
        {
            Paths.Add(NewDelta(kind, $"disk-{Paths.Count:d6}", Head));
            return;
        }
        string path = recipe.Base(kind, "disk", SectorCount);
        Paths.Add(path);

        // A flat file begins with random bytes, anything else with zeros.
        const string FlatFile = DiskRecipe.Folder + "disk-flat.vmdk";
        Scribble(path, Host.Files.Contains(FlatFile) ? Host.Get(FlatFile) : new byte[SectorCount * Sector.Bytes]);
    }

    /// <summary>Adds another link on top of one of the chain, and writes to it.</summary>
    internal void AddBranch(string kind, string parentPath) =>
        Branches.Add(NewDelta(kind, $"branch-{Branches.Count + 1:d6}", parentPath));

    /// <summary>Moves the head to a folder of its own, as linked clones have one.</summary>
    internal void MoveHead()
    {
        string old = Head, path = "/clone/" + HostPath.NameOf(old);
        foreach (string file in Files[old])
        {
            Host.Put("/clone/" + HostPath.NameOf(file), Host.Get(file));
            Host.Delete(file);
        }
        Link link = LinkProbe.Read(Host, path, new FindingList());
        var editor = new DescriptorEditor(link.Descriptor!);
        editor.Set("parentFileNameHint", Paths[^2]);
        DescriptorStore.Write(Host, link.DescriptorPlace!, editor.ToBytes());
        Paths[^1] = path;
        Contents[path] = Contents[old];
        Note(path);
    }

    /// <summary>A virtual machine that runs from a link.</summary>
    internal void AddMachine(string path) => Host.Put(Settings, Encoding.UTF8.GetBytes(
        ".encoding = \"UTF-8\"\nscsi0.present = \"TRUE\"\nscsi0:0.present = \"TRUE\"\n"
        + $"scsi0:0.fileName = \"{HostPath.NameOf(path)}\"\nfloppy0.present = \"FALSE\"\n"));

    /// <summary>The disk that the virtual machine runs from.</summary>
    internal static string MachineDisk(SimulatedHost host) => DiskRecipe.Folder + Encoding.UTF8
        .GetString(host.Get(Settings)).Split('\n').Single(line => line.StartsWith("scsi0:0.fileName", StringComparison.Ordinal))
        .Split('"')[1];

    /// <summary>All that a link's guest sees, read through a chain opened anew.</summary>
    internal static byte[] Read(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, On(host));
        byte[] bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }

    /// <summary>Fails unless a link opens and has the content that it had.</summary>
    internal void AssertUnchanged(SimulatedHost host, string path) => AssertContent(Contents[path], Read(host, path), path);

    /// <summary>Fails unless a link opens and has the content of another.</summary>
    internal void AssertHas(SimulatedHost host, string path, string contentOf) =>
        AssertContent(Contents[contentOf], Read(host, path), path);

    /// <summary>
    /// Fails unless a link is refused or has the content of one of these: what lies within the chain may be refused
    /// while it changes, and is never a mixture.
    /// </summary>
    internal void AssertOneOfOrRefused(SimulatedHost host, string path, params IReadOnlyList<string> contentsOf)
    {
        if (host.Stat(path) is null) { return; }
        byte[] found;
        try
        {
            found = Read(host, path);
        }
        catch (ImageException)
        {
            return;
        }
        Assert.True(contentsOf.Any(other => Contents[other].AsSpan().SequenceEqual(found)),
            $"{path} opens, and is a mixture");
    }

    /// <summary>Fails unless a disk is sound but for room that is not used any more.</summary>
    internal static void AssertSound(SimulatedHost host, string path)
    {
        CheckResult check = DiskCheck.Run(path, On(host), new CheckOptions(), null, default);
        Finding? damage = check.Findings.Items.FirstOrDefault(finding =>
            finding.Severity > Severity.Info && !Harmless.Contains(finding.Code));
        Assert.True(check.Refusal is null && damage is null, $"{path}: {check.Refusal?.Message}{damage}");
    }

    /// <summary>
    /// Fails unless exactly these files are there, and the record of the change is not. Temporary files that carry their
    /// suffix may have stayed.
    /// </summary>
    internal static void AssertFiles(SimulatedHost host, IEnumerable<string> expected) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), host.Files.Where(file =>
            !file.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)
            && !file.EndsWith(Palimpsest.Core.Chains.Creation.NewDisk.UnfinishedSuffix, StringComparison.Ordinal)));

    /// <summary>Runs a command that changes a chain as the program does: finishes what was begun, else begins.</summary>
    internal static void RunChange(SimulatedHost host, string path, Func<ChangePlan> plan)
    {
        if (ChainChanger.Resume(path, On(host), null, default) is null)
        {
            ChainChanger.Apply(plan, On(host), null, default);
        }
    }

    private static void AssertContent(byte[] expected, byte[] found, string path)
    {
        Assert.Equal(expected.Length, found.Length);
        int at = expected.AsSpan().CommonPrefixLength(found);
        Assert.True(at == expected.Length, $"{path} differs at sector {at / Sector.Bytes}");
    }

    private string NewDelta(string kind, string name, string parentPath)
    {
        string path = recipe.Delta(kind, name, parentPath);
        Scribble(path, [.. Contents[parentPath]]);
        return path;
    }

    private void Scribble(string path, byte[] content)
    {
        using (Disk disk = DiskRecipe.OpenForWriting(Host, path))
        {
            for (int i = 0; i < 5; i++)
            {
                int sectors = random.Next(1, 30), first = random.Next(SectorCount - sectors);
                Span<byte> bytes = content.AsSpan(first * Sector.Bytes, sectors * Sector.Bytes);
                if (i == 3)
                {
                    bytes.Clear();
                    disk.Device!.WriteZeroes(first * Sector.Bytes, bytes.Length, ZeroMode.MayPunch);
                    continue;
                }
                random.NextBytes(bytes);
                disk.Device!.Write(first * Sector.Bytes, bytes);
            }
        }
        Contents[path] = content;
        Note(path);
    }

    private void Note(string path)
    {
        using Disk written = Disk.Open(path, On(Host));
        Files[path] = written.Links[0].Files;
        ContentIds[path] = written.Links[0].Descriptor!.ContentId!.Value;
    }
}
