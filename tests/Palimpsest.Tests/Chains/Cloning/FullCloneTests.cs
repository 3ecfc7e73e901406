using System.Text.Json;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Interop;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Cloning;

/// <summary>
/// Whole clones: of the source's kind, with its content and shape, and with an identity of their own.
/// </summary>
public sealed class FullCloneTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicFlat", "monolithicFlat")]
    [InlineData("twoGbMaxExtentFlat", "twoGbMaxExtentFlat")]
    [InlineData("vmfs", "vmfs")]
    [InlineData("monolithicSparse", "monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse", "twoGbMaxExtentSparse")]
    [InlineData("vmfsSparse", "vmfsSparse")]
    [InlineData("streamOptimized", "monolithicFlat")]
    [InlineData("raw", "monolithicFlat")]
    public void ACloneHasTheKindAndContentOfItsSource(string kind, string cloneKind)
    {
        byte[] content = ChainRecipe.Numbered(4096);
        content.AsSpan(512 << 10, 1 << 20).Clear();
        string raw = folder.Write("content.raw", content), source = folder.File("source.vmdk"),
            clone = folder.File("clone.vmdk");
        CommandRun.Vmdk("convert", "-O", kind, raw, source).MustReturn(0);
        JsonElement report = CommandRun.Vmdk("clone", "--json", "--hash", source, clone).MustReturn(0).Json();
        Assert.Equal("clone", report.GetProperty("report").GetString());
        Assert.Equal(cloneKind, report.GetProperty("kind").GetString());
        Assert.Equal(System.Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)),
            report.GetProperty("sha256").GetString());
        Assert.Equal(content, SparseQemu.ToRaw(clone));
        VmdkDescriptor? before = DescriptorOf(source);
        VmdkDescriptor after = DescriptorOf(clone)!;
        Assert.Equal(cloneKind, after.CreateType);
        Assert.NotEqual(before?.ContentId, after.ContentId);
        Assert.False(after.HasParent);
        Assert.NotNull(after.Database("uuid"));
        Assert.NotEqual(before?.Database("uuid"), after.Database("uuid"));
    }

    [Fact]
    public void TheShapeThatTheGuestSeesIsTakenOver()
    {
        string source = folder.WriteDescriptor("source.vmdk", """
            # Disk DescriptorFile
            version=1
            CID=12345678
            parentCID=ffffffff
            createType="vmfs"
            RW 128 VMFS "source-flat.vmdk"
            ddb.adapterType = "buslogic"
            ddb.geometry.cylinders = "7"
            ddb.geometry.heads = "5"
            ddb.geometry.sectors = "3"
            ddb.virtualHWVersion = "19"
            ddb.thinProvisioned = "1"
            ddb.uuid = "60 00 C2 91 00 00 00 00-00 00 00 00 00 00 00 01"

            """);
        folder.Write("source-flat.vmdk", ChainRecipe.Numbered(128));
        VmdkDescriptor thin = CloneOf(source, "thin.vmdk");
        string[] keys =
            ["adapterType", "geometry.cylinders", "geometry.heads", "geometry.sectors", "virtualHWVersion"];
        Assert.Equal(["buslogic", "7", "5", "3", "19"], keys.Select(thin.Database));
        Assert.Equal("1", thin.Database("thinProvisioned"));
        File.WriteAllText(source, File.ReadAllText(source)
            .Replace("ddb.thinProvisioned = \"1\"\n", "", StringComparison.Ordinal)
            .Replace("buslogic", "bus\"logic", StringComparison.Ordinal)
            .Replace("\"19\"", "\"19 \"x\"", StringComparison.Ordinal));
        VmdkDescriptor thick = CloneOf(source, "thick.vmdk");
        Assert.Null(thick.Database("thinProvisioned"));
        Assert.Equal(["lsilogic", "14"], new[] { "adapterType", "virtualHWVersion" }.Select(thick.Database));
    }

    [Fact]
    public void AChainBecomesOneDiskWithItsHoles()
    {
        string lower = folder.File("base.vmdk"), upper = folder.File("top.vmdk"),
            clone = folder.File("clone.vmdk");
        SparseQemu.Img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", lower, "256M");
        SparseQemu.Io(lower, "write -P 1 0 80M", "write -P 2 200M 1M");
        SparseQemu.Img("create", "-f", "vmdk", "-b", lower, "-F", "vmdk", upper);
        SparseQemu.Io(upper, "write -P 3 79M 2M");
        CommandRun.Vmdk("clone", upper, clone).MustReturn(0);
        Assert.Equal("monolithicFlat", DescriptorOf(clone)!.CreateType);
        Tool.Run("qemu-img", "compare", "-f", "vmdk", "-F", "vmdk", upper, clone).MustSucceed();
        HostBody body = HostBody.Of(folder.File("clone-flat.vmdk"));
        Assert.True(body.Runs.DataBytes <= 90L << 20, $"{body.Runs.DataBytes} bytes are stored");
        Assert.True(body.AllocatedBytes <= 100L << 20, $"{body.AllocatedBytes} bytes are allocated");
    }

    [Fact]
    public void ItGoesFromOneFileSystemToAnother()
    {
        const string Memory = "/dev/shm";
        Assert.SkipUnless(Directory.Exists(Memory), "there is no second file system");
        byte[] content = ChainRecipe.Numbered(200_000);
        string source = folder.NewDisk("source.vmdk", content.Length, "monolithicFlat");
        using (Disk disk =
            Disk.Open(source, new DiskOpenOptions { IsWritable = true })) { disk.Device!.Write(0, content); }
        string other = Directory.CreateTempSubdirectory("palimpsest-test-").FullName;
        string elsewhere = Path.Combine(Memory, Path.GetFileName(other));
        Directory.CreateDirectory(elsewhere);
        try
        {
            string there = Path.Combine(elsewhere, "there.vmdk"), back = Path.Combine(other, "back.vmdk");
            CommandRun.Vmdk("clone", source, there).MustReturn(0);
            CommandRun.Vmdk("clone", there, back).MustReturn(0);
            Assert.Equal(content, ChainRecipe.ReadAll(there));
            Assert.Equal(content, ChainRecipe.ReadAll(back));
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
            Directory.Delete(other, recursive: true);
        }
    }

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("monolithicSparse")]
    [InlineData("streamOptimized")]
    public void WithoutFlushesNothingIsFlushedAndAllIsThere(string kind)
    {
        var host = new SimulatedHost();
        string source = new DiskRecipe(host, new Random(1)).Base("monolithicFlat", "disk", 600);
        using Disk disk = Disk.Open(source, new DiskOpenOptions { Host = host });
        long before = host.CountOf(HostOperation.Flush);
        DiskConversion conversion = new() { TargetPath = "/vm/copy.vmdk", Kind = kind, Host = host };
        Convert(disk, conversion with { IsFlushed = false });
        Assert.Equal(before, host.CountOf(HostOperation.Flush));
        Convert(disk, conversion with { TargetPath = "/vm/durable.vmdk" });
        Assert.True(host.CountOf(HostOperation.Flush) > before);
        Assert.Equal(ReadAll(host, source), ReadAll(host, "/vm/copy.vmdk"));
        Assert.Equal(ReadAll(host, source), ReadAll(host, "/vm/durable.vmdk"));
    }

    [Fact]
    public void ADryRunNamesTheKindAndWritesNothing()
    {
        string source = folder.NewDisk("source.vmdk", 1 << 20, "vmfs");
        JsonElement plan =
            CommandRun.Vmdk("clone", "--dry-run", "--json", source,
                folder.File("a.vmdk")).MustReturn(0).Json();
        Assert.Equal(("vmfs", false),
            (plan.GetProperty("kind").GetString(), plan.GetProperty("isDone").GetBoolean()));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    // The commit fails at each rename and flush in turn: no map of a copy that is not there is left.
    [Theory]
    [InlineData(nameof(HostOperation.Rename))]
    [InlineData(nameof(HostOperation.Flush))]
    public void AMapOfScarsGoesWithItsCopy(string operationName)
    {
        var operation = Enum.Parse<HostOperation>(operationName);
        foreach (string kind in (string[])["raw", "monolithicFlat", "monolithicSparse"])
        {
            for (int number = 1; ; number++)
            {
                var host = new SimulatedHost();
                host.Put("/vm/disk-flat.vmdk", ChainRecipe.Numbered(100));
                host.Put("/vm/disk.vmdk", System.Text.Encoding.ASCII.GetBytes(
                    ChainRecipe.Head + "RW 600 FLAT \"disk-flat.vmdk\" 0\n"));
                using Disk disk = Disk.Open("/vm/disk.vmdk", new DiskOpenOptions { Host = host });
                host.FailAt(operation, number, isForever: false);
                var conversion = new DiskConversion
                {
                    TargetPath = "/vm/copy", Kind = kind, KeepsScars = true, Host = host,
                };
                try
                {
                    Assert.Single(Convert(disk, conversion).Scars);
                    Assert.Contains("/vm/copy.map", host.Files);
                    Assert.True(number > 1);
                    break;
                }
                catch (BlockException)
                {
                    string what = $"{kind}, {operation} {number}: {string.Join(' ', host.Files)}";
                    Assert.True(host.Files.Contains("/vm/copy") == host.Files.Contains("/vm/copy.map"), what);
                }
            }
        }
    }

    [Fact]
    public void AnotherMapIsNotOverwritten()
    {
        string source = folder.NewDisk("source.vmdk", 1 << 20, "monolithicFlat");
        string map = folder.Write("copy.vmdk.map", "mine");
        CommandRun.Vmdk("clone", "--keep-scars", source,
            folder.File("copy.vmdk")).MustReturn(ExitCodes.Refused);
        Assert.Equal("mine", File.ReadAllText(map));
        Assert.False(File.Exists(folder.File("copy.vmdk")));

        // One of ours beside no copy is of a copy that was interrupted.
        File.WriteAllText(map, ScarMapFile.TextOf(1 << 20, [new ByteRange(0, 512)]));
        CommandRun.Vmdk("clone", "--keep-scars", source, folder.File("copy.vmdk")).MustReturn(ExitCodes.Fine);
        Assert.False(File.Exists(map));
    }

    private static ConversionResult Convert(Disk disk, DiskConversion conversion) =>
        DiskConverter.Convert(disk, conversion, null, TestContext.Current.CancellationToken);

    private VmdkDescriptor CloneOf(string source, string name)
    {
        CommandRun.Vmdk("clone", source, folder.File(name)).MustReturn(0);
        return DescriptorOf(folder.File(name))!;
    }

    private static VmdkDescriptor? DescriptorOf(string path)
    {
        using Disk disk = Disk.Open(path);
        return disk.Links[0].Descriptor;
    }

    private static byte[] ReadAll(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        byte[] bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }
}
