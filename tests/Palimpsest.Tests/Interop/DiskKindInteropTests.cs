using System.Globalization;
using System.Security.Cryptography;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>Both ways with QEMU, for every kind of disk that both can write.</summary>
public sealed class DiskKindInteropTests : IDisposable
{
    // Large enough that split kinds have two extents; almost all of it stays a hole.
    private const long CapacityBytes = (2047L << 20) + (96L << 20) + 512 * 3;
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("twoGbMaxExtentFlat")]
    [InlineData("vmfs")]
    [InlineData("monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("vmfsSparse")]
    public void WhatWeWriteQemuReads(string kind)
    {
        string path = folder.NewDisk("ours disk.vmdk", CapacityBytes, kind);
        string model = NewModel();
        var random = new Random(7);
        using (Disk disk = Disk.Open(path, new DiskOpenOptions { IsWritable = true }))
        using (FileStream raw = File.OpenWrite(model))
        {
            for (int i = 0; i < 200; i++)
            {
                (long offset, int length) = NextRange(random);
                var bytes = new byte[length];
                if (i % 5 != 0) { random.NextBytes(bytes); }
                if (i % 5 == 0) { disk.Device!.WriteZeroes(offset, length, (ZeroMode)(i / 5 % 2)); }
                else { disk.Device!.Write(offset, bytes); }
                raw.Position = offset;
                raw.Write(bytes);
                if (i % 50 == 49) { disk.Device.Flush(); }
            }
        }
        if (kind is "monolithicSparse" or "twoGbMaxExtentSparse")
        {
            Tool.Run("qemu-img", "check", path).MustSucceed();
        }
        Tool.Run("qemu-img", "compare", "-f", "vmdk", "-F", "raw", path, model).MustSucceed();
    }

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("twoGbMaxExtentFlat")]
    [InlineData("monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse")]
    public void WhatQemuWritesWeRead(string kind)
    {
        string path = Path.Combine(folder.Path, "theirs.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", $"subformat={kind}", path,
            $"{CapacityBytes}").MustSucceed();
        AssertQemuWritesAreRead(path, 11);
    }

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("twoGbMaxExtentFlat")]
    [InlineData("vmfs")]
    [InlineData("monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse")]

    // Not vmfsSparse: where a delta has no grain table yet, QEMU 7.2 writes the guest's bytes over the file's
    // header.
    public void QemuWritesIntoWhatWeMade(string kind) =>
        AssertQemuWritesAreRead(folder.NewDisk("ours.vmdk", CapacityBytes, kind), 13);

    [Fact]
    public void EveryKindConvertsToEveryOther()
    {
        byte[] content = ChainRecipe.Numbered(20 * 2048);
        content.AsSpan(1 << 20, 3 << 20).Clear();
        string raw = folder.Write("content.raw", content);
        string[] kinds =
        [
            "raw", "monolithicFlat", "twoGbMaxExtentFlat", "vmfs", "monolithicSparse", "twoGbMaxExtentSparse",
            "vmfsSparse",
            "streamOptimized",
        ];
        string source = raw;
        foreach (string kind in kinds.Concat(kinds.Reverse()))
        {
            string target = Path.Combine(folder.Path, $"{Guid.NewGuid():n}.vmdk");
            using Disk disk = Disk.Open(source);
            ConversionResult result = DiskConverter.Convert(
                disk, new DiskConversion { TargetPath = target, Kind = kind, TakesHash = true }, null,
                TestContext.Current.CancellationToken);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), result.Sha256);
            Assert.Equal(content, ChainRecipe.ReadAll(target));
            Tool.Run("qemu-img", "compare", "-f", kind == "raw" ? "raw" : "vmdk", "-F", "raw", target, raw)
                .MustSucceed();
            source = target;
        }
    }

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("twoGbMaxExtentFlat")]
    [InlineData("monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("vmfsSparse")]
    public void AGrownDiskKeepsItsContentAndQemuAgrees(string kind)
    {
        const long Small = (1L << 20) + 512;
        string path = folder.NewDisk("grow.vmdk", Small, kind);
        using (Disk disk = Disk.Open(path, new DiskOpenOptions { IsWritable = true }))
        {
            disk.Device!.Write(0, ChainRecipe.Numbered(2049));
        }
        DiskResizer.Resize(new ResizeRequest { Path = path, SizeBytes = CapacityBytes },
            new DiskOpenOptions());
        string model = NewModel();
        using (FileStream raw = File.OpenWrite(model)) { raw.Write(ChainRecipe.Numbered(2049)); }
        using (Disk disk = Disk.Open(path))
        {
            Assert.DoesNotContain(disk.Findings.Items,
                finding => finding.Severity > Core.Findings.Severity.Info);
            Assert.Equal(CapacityBytes, disk.CapacityBytes);
        }
        Tool.Run("qemu-img", "compare", "-f", "vmdk", "-F", "raw", path, model).MustSucceed();
    }

    // QEMU puts the tables of a stream at its front, so that a cut file still opens: what was lost must be
    // said at once.
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void ACutStreamWithItsTablesInFrontIsReported(double part)
    {
        byte[] content = new byte[4 << 20];
        new Random(3).NextBytes(content);
        string raw = folder.Write("content.raw", content);
        string path = Path.Combine(folder.Path, "stream.vmdk");
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw,
            path).MustSucceed();
        using (FileStream file = File.OpenWrite(path)) { file.SetLength((long)(file.Length * part)); }
        using Disk disk = Disk.Open(path);
        Assert.Contains(disk.Findings.Items,
            finding => finding.Code == Core.Findings.StreamFindings.Truncated);
    }

    private void AssertQemuWritesAreRead(string path, int seed)
    {
        string model = NewModel();
        var random = new Random(seed);
        var commands = new List<string>();
        using (FileStream raw = File.OpenWrite(model))
        {
            for (int i = 1; i <= 60; i++)
            {
                (long offset, int length) = NextRange(random);
                commands.AddRange(
                    ["-c", string.Create(CultureInfo.InvariantCulture, $"write -P {i} {offset} {length}")]);
                var bytes = new byte[length];
                bytes.AsSpan().Fill((byte)i);
                raw.Position = offset;
                raw.Write(bytes);
            }
        }
        Tool.Run("qemu-io", ["-f", "vmdk", .. commands, path]).MustSucceed();
        using Disk disk = Disk.Open(path);
        using Disk expected = Disk.Open(model);
        var differences = new List<DifferingRange>();
        BlockComparer.Compare(disk.Reader, expected.Reader, differences.Add, null, default);
        Assert.Empty(differences);
    }

    private string NewModel()
    {
        string model = Path.Combine(folder.Path, "model.raw");
        using FileStream raw = File.Create(model);
        raw.SetLength(CapacityBytes);
        return model;
    }

    // Around the start, the end, and the seam of the split kinds.
    private static (long Offset, int Length) NextRange(Random random)
    {
        const long Seam = 2047L << 20;
        long[] places = [0, Seam - (1 << 20), CapacityBytes - (2 << 20)];
        long offset = places[random.Next(places.Length)] + (random.Next(2 << 11) * 512L);
        offset = Math.Min(offset, CapacityBytes - 512);
        int length = (int)Math.Min((1 + random.Next(random.Next(2) == 0 ? 8 : 600)) * 512L,
            CapacityBytes - offset);
        return (offset, length);
    }
}
