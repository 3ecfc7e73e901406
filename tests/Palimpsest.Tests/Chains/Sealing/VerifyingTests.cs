using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Sealing;

/// <summary>What a verification says of disks that foreign tools, time and accidents changed.</summary>
public sealed class VerifyingTests : IDisposable
{
    private const int Chunk = 1 << 20;
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void NothingChanged()
    {
        string path = FlatDisk("disk", 8);
        Make(path);
        SealVerification result = Verify(path);
        Assert.Empty(result.Ranges);
        Assert.Empty(result.Changes);
        Assert.Empty(result.Findings.Items);
        Assert.Equal(result.Seal.Root, result.Root);
    }

    [Fact]
    public void AFlippedBitUnderAnOldTimeIsRotInItsChunk()
    {
        string path = FlatDisk("disk", 8), flat = folder.File("disk-flat.vmdk");
        Make(path);
        FlipBit(flat, (5 * Chunk) + 12345);
        SealVerification result = Verify(path);
        Assert.Equal([new SealedRange(5 * Chunk, Chunk, SealedRangeKind.Rotten)], result.Ranges);
        Assert.Empty(result.Changes);
        Finding finding = Assert.Single(result.Findings.Items);
        Assert.Equal((SealFindings.Rot, flat, 5L * Chunk), (finding.Code, finding.Path, finding.OffsetBytes));
    }

    [Fact]
    public void RotInSeveralPlacesIsMergedWhereItTouches()
    {
        string path = FlatDisk("disk", 9), flat = folder.File("disk-flat.vmdk");
        Make(path);
        foreach (long offset in (long[])[0, (2 * Chunk) - 1, 4 * Chunk, (9 * Chunk) - 1])
        {
            FlipBit(flat, offset);
        }
        Assert.Equal(
            [
                new SealedRange(0, 2 * Chunk, SealedRangeKind.Rotten),
                new SealedRange(4 * Chunk, Chunk, SealedRangeKind.Rotten),
                new SealedRange(8 * Chunk, Chunk, SealedRangeKind.Rotten),
            ],
            Verify(path).Ranges);
    }

    [Theory]
    [InlineData("monolithicFlat")]
    [InlineData("monolithicSparse")]
    public void AWriteThroughQemuIsAWrite(string kind)
    {
        string path = folder.File("disk.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", $"subformat={kind}", path, "8M")
            .MustSucceed();
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 1 0 8M", path).MustSucceed();
        Make(path);
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 2 3000k 100k", path).MustSucceed();
        SealVerification result = Verify(path);
        Assert.Equal([new SealedRange(2 * Chunk, 2 * Chunk, SealedRangeKind.Written)], result.Ranges);
        Assert.Contains(result.Changes,
            change => change is { Kind: FileChangeKind.ContentId, IsEvidence: true });
        Assert.Contains(result.Changes,
            change => change is { Kind: FileChangeKind.Modified, IsEvidence: true });
        Assert.Equal(SealFindings.Written, Assert.Single(result.Findings.Items).Code);
    }

    [Fact]
    public void AWriteThatResetTheTimeButTookStorageIsAWrite()
    {
        string flat = folder.WriteHole("disk.raw", 8 * Chunk);
        File.SetLastWriteTimeUtc(flat, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Make(flat);
        DateTime time = File.GetLastWriteTimeUtc(flat);
        Tool.Run("qemu-io", "-f", "raw", "-c", "write -P 2 3M 100k", flat).MustSucceed();
        File.SetLastWriteTimeUtc(flat, time);
        SealVerification result = Verify(flat);
        Assert.Equal([new SealedRange(3 * Chunk, Chunk, SealedRangeKind.Written)], result.Ranges);
        Assert.Equal(FileChangeKind.Allocated, Assert.Single(result.Changes).Kind);
    }

    [Fact]
    public void FilesThatWereOnlyTouchedAreWorthKnowing()
    {
        string path = FlatDisk("disk", 4);
        Make(path);
        Tool.Run("touch", folder.File("disk-flat.vmdk")).MustSucceed();
        Tool.Run("chmod", "600", path).MustSucceed();
        SealVerification result = Verify(path);
        Assert.Empty(result.Ranges);
        Assert.Equal([FileChangeKind.Mode, FileChangeKind.Modified],
            result.Changes.Select(change => change.Kind));
        Assert.Equal(SealFindings.FilesChanged, Assert.Single(result.Findings.Items).Code);
    }

    [Fact]
    public void RotBelowIsNotBlamedOnWhoWroteAbove()
    {
        string top = Chain(out _);
        Make(top);
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 9 6M 64k", top).MustSucceed();
        FlipBit(folder.File("base-flat.vmdk"), (Chunk * 3) + 5);
        SealVerification result = Verify(top);

        Assert.Equal(
            [
                new SealedRange(3 * Chunk, Chunk, SealedRangeKind.Rotten),
                new SealedRange(6 * Chunk, Chunk, SealedRangeKind.Written),
            ],
            result.Ranges);
    }

    [Fact]
    public void ADeltaThatWasThrownAwayIsNoRotBelow()
    {
        string top = Chain(out string bottom), next = folder.File("next.vmdk");
        Make(top);
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", next).MustSucceed();
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 9 4M 4M", next).MustSucceed();
        File.Move(next, top, overwrite: true);
        Assert.Equal(
            [
                new SealedRange(Chunk, Chunk, SealedRangeKind.Written),
                new SealedRange(4 * Chunk, 4 * Chunk, SealedRangeKind.Written),
            ],
            Verify(top).Ranges);
    }

    [Fact]
    public void RotInOneExtentIsToldFromAWriteToAnother()
    {
        byte[] part = ChainRecipe.Numbered(4096);
        string first = folder.Write("a.bin", part), second = folder.Write("b.bin", part);
        string path = folder.WriteDescriptor("disk.vmdk",
            ChainRecipe.Head + "RW 4096 FLAT \"a.bin\" 0\nRW 4096 FLAT \"b.bin\" 0\n");
        Make(path);
        FlipBit(first, 100);
        Tool.Run("qemu-io", "-f", "raw", "-c", "write -P 9 1M 512", second).MustSucceed();
        SealVerification result = Verify(path);
        Assert.Equal(
            [
                new SealedRange(0, Chunk, SealedRangeKind.Rotten),
                new SealedRange(3 * Chunk, Chunk, SealedRangeKind.Written),
            ],
            result.Ranges);
        Assert.Equal([SealFindings.Rot, SealFindings.Written],
            result.Findings.Items.Select(finding => finding.Code));
    }

    [Fact]
    public void AConsolidatedChainIsVerifiedByItsContent()
    {
        string top = Chain(out string bottom), seal = folder.File("top.seal");
        Make(top, new SealOptions { OutputPath = seal });
        Tool.Run("qemu-img", "commit", "-q", "-d", "-f", "vmdk", top).MustSucceed();
        File.Delete(top);
        SealVerification result = Verify(bottom, seal);
        Assert.Empty(result.Ranges);
        Assert.Equal(result.Seal.Root, result.Root);
        Assert.Equal(SealFindings.FilesChanged, Assert.Single(result.Findings.Items).Code);
        Assert.Contains(result.Changes, change => change is { Kind: FileChangeKind.Gone, Name: "top.vmdk" });
    }

    [Fact]
    public void ACopyOfAnotherKindIsVerifiedByItsContent()
    {
        string path = FlatDisk("disk", 8), copy = folder.File("copy.vmdk");
        Make(path);
        Tool.Run("qemu-img", "convert", "-f", "vmdk", "-O", "vmdk", path, copy).MustSucceed();
        Assert.Empty(Verify(copy, path + ".seal").Ranges);
    }

    [Fact]
    public void AChainThatNoLongerFitsIsNotReadAndTellsItsTraces()
    {
        string top = Chain(out string bottom);
        Make(top);
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 9 0 64k", bottom).MustSucceed();
        SealVerification result = Verify(top);
        Assert.Null(result.Root);
        Assert.Equal(ChainFindings.ContentIdMismatch, Assert.Single(result.Findings.Items).Code);
        Assert.Contains(result.Changes,
            change => change is { Kind: FileChangeKind.ContentId, Name: "base.vmdk" });
    }

    [Fact]
    public void ADiskOfAnotherSizeIsRefused()
    {
        string path = FlatDisk("disk", 4), other = FlatDisk("other", 5);
        Make(path);
        ImageException refusal = Assert.Throws<ImageException>(() => Verify(other, path + ".seal"));
        Assert.Equal(SealFindings.OtherDisk, refusal.Reason.Code);
    }

    [Fact]
    public void WhatCannotBeReadAnyMoreIsTold()
    {
        string path = FlatDisk("disk", 8), flat = folder.File("disk-flat.vmdk");
        Make(path);
        byte[] bytes = File.ReadAllBytes(flat);
        using (FileStream file = File.OpenWrite(flat)) { file.SetLength((5 * Chunk) + 100); }
        SealVerification result = Verify(path);
        Assert.Equal([new SealedRange(5 * Chunk, 3 * Chunk, SealedRangeKind.Unreadable)], result.Ranges);
        Assert.Contains(result.Findings.Items, finding => finding.Code == SealFindings.Unreadable);
        File.WriteAllBytes(flat, bytes);
        Assert.Equal(SealFindings.FilesChanged, Assert.Single(Verify(path).Findings.Items).Code);
    }

    [Fact]
    public void AScarThatWasSealedIsNoChangeUntilItHeals()
    {
        string path = FlatDisk("disk", 8), flat = folder.File("disk-flat.vmdk");
        byte[] bytes = File.ReadAllBytes(flat);
        using (FileStream file = File.OpenWrite(flat)) { file.SetLength(5 * Chunk); }
        Assert.Equal(BlockErrorKind.OutOfRange,
            Assert.Throws<BlockException>(() => Make(path)).Kind);
        Assert.False(File.Exists(path + ".seal"));
        Seal seal = Make(path, new SealOptions { KeepsScars = true, TakesWholeHash = true });
        Assert.Null(seal.WholeSha256);
        Assert.Equal((3, 3L * Chunk), seal.Chunks.Sum(ChunkKind.Unreadable));
        Assert.Empty(Verify(path).Ranges);
        Assert.Empty(Verify(path).Findings.Items);
        File.WriteAllBytes(flat, bytes);
        SealVerification healed = Verify(path);
        Assert.Equal([new SealedRange(5 * Chunk, 3 * Chunk, SealedRangeKind.Unsealed)], healed.Ranges);
        Assert.Equal([SealFindings.Unsealed, SealFindings.FilesChanged],
            healed.Findings.Items.Select(finding => finding.Code));
    }

    [Fact]
    public void AGrainThatATableLostIsRot()
    {
        string path = folder.File("disk.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", path, "8M").MustSucceed();
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 1 0 8M", path).MustSucceed();
        Make(path);
        FlipBit(path, HostOffsetOf(path, 3 * Chunk));
        Assert.Equal([new SealedRange(3 * Chunk, Chunk, SealedRangeKind.Rotten)], Verify(path).Ranges);
    }

    private static long HostOffsetOf(string path, long offset)
    {
        using Disk disk = Disk.Open(path);
        return disk.Reader.GetRun(offset, 1).HostOffset;
    }

    private string FlatDisk(string name, int chunks)
    {
        string path = folder.NewDisk(name + ".vmdk", (long)chunks * Chunk, "monolithicFlat");
        File.WriteAllBytes(folder.File(name + "-flat.vmdk"), ChainRecipe.Numbered(chunks * Chunk / 512));
        return path;
    }

    private string Chain(out string bottom)
    {
        bottom = FlatDisk("base", 8);
        string top = folder.File("top.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", top).MustSucceed();
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 2 1M 700k", top).MustSucceed();
        return top;
    }

    // As a disk does it: nobody's clock notices.
    private static void FlipBit(string path, long offset)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        using (FileStream file = File.Open(path, FileMode.Open))
        {
            file.Position = offset;
            int value = file.ReadByte();
            file.Position = offset;
            file.WriteByte((byte)(value ^ 0x10));
        }
        File.SetLastWriteTimeUtc(path, time);
    }

    private static Seal Make(string path, SealOptions? options = null)
    {
        using Disk disk = Disk.Open(path);
        return DiskSealer.Run(DiskSealer.Plan(disk, options ?? new SealOptions()), null,
            TestContext.Current.CancellationToken);
    }

    private static SealVerification Verify(string path, string? sealPath = null)
    {
        sealPath ??= Seal.PathFor(path);
        Seal seal = Seal.Load(LocalHost.Instance, sealPath, new FindingList());
        using DiskInspection inspection = Disk.Inspect(path);
        return SealVerifier.Run(inspection, seal, sealPath, LocalHost.Instance, null,
            TestContext.Current.CancellationToken);
    }
}
