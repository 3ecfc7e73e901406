using System.Text.Json;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>
/// qemu-img reads every chain that the snapshot verbs make, and qemu-io writes to it between.
/// </summary>
public sealed class SnapshotInteropTests : IDisposable
{
    private const long Capacity = 6 << 20;
    private readonly TempFolder folder = new();
    private readonly Random random = new(RandomCases.Seed);

    public void Dispose() => folder.Dispose();

    // QEMU 7.2 reads each of these kinds as parent and as child.
    [Theory]
    [InlineData("web 01 [tést] \u6F22", CreateTypes.MonolithicFlat, CreateTypes.TwoGbMaxExtentFlat)]
    [InlineData("vm", CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse)]
    [InlineData("vm (2)", CreateTypes.Vmfs, CreateTypes.Vmfs)]
    public void AMachinesLifeIsReadByQemu(string name, string firstKind, string secondKind)
    {
        string[] heads = [$"{name}.vmdk", $"{name}_1.vmdk"];
        folder.NewDisk(heads[0], Capacity, firstKind);
        folder.NewDisk(heads[1], Capacity, secondKind);
        string vmx = folder.Write($"{name}.vmx", ".encoding = \"UTF-8\"\n"
            + $"scsi0:0.fileName = \"{heads[0]}\"\nscsi0:1.fileName = \"{heads[1]}\"\n");
        var presents = new Dictionary<string, byte[]> { ["scsi0:0"] = new byte[Capacity],
            ["scsi0:1"] = new byte[Capacity] };
        var moments = new List<Dictionary<string, byte[]>>();
        for (int i = 0; i < 4; i++)
        {
            Write(vmx, presents, firstKind != CreateTypes.Vmfs);
            moments.Add(presents.ToDictionary(pair => pair.Key, pair => (byte[])pair.Value.Clone()));
            Vmdk("snapshot", "create", "--name", $"{name} {i}", vmx);
            AssertMachine(vmx, presents, moments);
        }
        Write(vmx, presents, firstKind != CreateTypes.Vmfs);
        Vmdk("snapshot", "delete", "--verify", vmx, $"{name} 1");
        moments.RemoveAt(1);
        AssertMachine(vmx, presents, moments);
        Vmdk("snapshot", "revert", folder.Path, $"{name} 2");
        presents = moments[1].ToDictionary(pair => pair.Key, pair => (byte[])pair.Value.Clone());
        AssertMachine(vmx, presents, moments);
        Write(vmx, presents, firstKind != CreateTypes.Vmfs);
        AssertMachine(vmx, presents, moments);
        Vmdk("snapshot", "delete", vmx, $"{name} 3");
        moments.RemoveAt(2);
        AssertMachine(vmx, presents, moments);
        Vmdk("snapshot", "consolidate", vmx);
        moments.Clear();
        AssertMachine(vmx, presents, moments);
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.Path), path =>
            path.Contains("-00000", StringComparison.Ordinal));
    }

    // qemu-img makes the links, and our verbs take them for moments.
    [Fact]
    public void LinksMadeByQemuAreMoments()
    {
        string path = folder.File("q.vmdk");
        SparseQemu.Img("create", "-f", "vmdk", path, $"{Capacity}");
        SparseQemu.Io(path, "write -P 1 0 1M");
        for (int i = 1; i <= 3; i++)
        {
            string next = folder.File($"over{i}.vmdk");
            SparseQemu.Img("create", "-f", "vmdk", "-F", "vmdk", "-b", path, next);
            SparseQemu.Io(next, $"write -P {i + 1} {i}M 1M");
            path = next;
        }
        byte[] present = SparseQemu.ToRaw(path), second = SparseQemu.ToRaw(folder.File("over2.vmdk"));
        JsonElement list = CommandRun.Vmdk("snapshot", "list", "--json", path).MustReturn(0).Json();
        Assert.Equal(["q.vmdk", "over1.vmdk", "over2.vmdk", "over3.vmdk"], list.GetProperty("disks")[0]
            .GetProperty("links").EnumerateArray().Select(link => link.GetProperty("name").GetString()));
        Vmdk("snapshot", "delete", path, "over1.vmdk");
        Assert.Equal(present, SparseQemu.ToRaw(path));
        Assert.Equal(second, SparseQemu.ToRaw(folder.File("over1.vmdk")));
        Assert.False(File.Exists(folder.File("over2.vmdk")));
        Vmdk("snapshot", "revert", path, "q.vmdk");
        Assert.Equal(second, SparseQemu.ToRaw(folder.File("over1.vmdk")));
        CommandRun.Vmdk("snapshot", "consolidate", folder.File("over1.vmdk")).MustReturn(5);
    }

    private static CommandResult Vmdk(params string[] arguments) => CommandRun.Vmdk(arguments).MustReturn(0);

    // QEMU 7.2 cannot make the tables of a COWD extent.
    private void Write(string vmx, Dictionary<string, byte[]> presents, bool isByQemu)
    {
        foreach ((string node, byte[] content) in presents)
        {
            for (int i = 0; i < 3; i++)
            {
                int pattern = random.Next(1, 256), length = 512 * random.Next(1, 600);
                int offset = random.Next((content.Length - length) / 512) * 512;
                content.AsSpan(offset, length).Fill((byte)pattern);
                if (isByQemu) { SparseQemu.Io(Running(vmx, node), $"write -P {pattern} {offset} {length}"); }
                else
                {
                    CommandRun.Vmdk(content[offset..(offset + length)], null,
                        "write", Running(vmx, node), "--offset", $"{offset}").MustReturn(0);
                }
            }
        }
    }

    private void AssertMachine(
        string vmx, Dictionary<string, byte[]> presents, List<Dictionary<string, byte[]>> moments)
    {
        foreach ((string node, byte[] content) in presents)
        {
            string head = Running(vmx, node);
            Assert.Equal(content, SparseQemu.ToRaw(head));

            // QEMU leaves old text behind its descriptors, which is worth a warning.
            Assert.InRange(CommandRun.Vmdk("check", head).ExitCode, 0, 1);
        }
        if (moments.Count == 0) { return; }
        JsonElement list = CommandRun.Vmdk("snapshot", "list", "--json", vmx).MustReturn(0).Json();
        JsonElement[] listed = [.. list.GetProperty("snapshots").EnumerateArray()];
        Assert.Equal(moments.Count, listed.Length);
        foreach ((Dictionary<string, byte[]> moment, JsonElement snapshot) in moments.Zip(listed))
        {
            foreach (JsonElement disk in snapshot.GetProperty("disks").EnumerateArray())
            {
                Assert.Equal(moment[disk.GetProperty("node").GetString()!],
                    SparseQemu.ToRaw(folder.File(disk.GetProperty("fileName").GetString()!)));
            }
        }
    }

    // The settings file read by hand.
    private string Running(string vmx, string node) => folder.File(
        File.ReadLines(vmx).Single(line => line.StartsWith($"{node}.fileName", StringComparison.Ordinal))
        .Split('"')[1]);
}
