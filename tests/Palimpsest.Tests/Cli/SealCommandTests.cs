using System.Text.Json;
using Palimpsest.Cli;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary><c>vmdk seal</c> and <c>vmdk verify</c>: what they print and return.</summary>
public sealed class SealCommandTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ASealedDiskIsAsSealed()
    {
        string path = Disk();
        CommandResult sealing = CommandRun.Vmdk("seal", path, "--whole").MustReturn(0);
        string hash = Tool.Run("sha256sum", folder.File("disk-flat.vmdk")).MustSucceed().Output[..64];
        Assert.StartsWith($"sealed {path}, 4 MiB (4194304 bytes) in chunks of 1 MiB, in {path}.seal\nroot   ",
            sealing.Output, StringComparison.Ordinal);
        Assert.EndsWith($"\nsha256 {hash}\ndata 3 MiB, zero 1 MiB\n", sealing.Output,
            StringComparison.Ordinal);
        string root = sealing.Output.Split('\n')[1]["root   ".Length..];
        CommandResult verifying = CommandRun.Vmdk("verify", path).MustReturn(0);
        Assert.Matches(@"^as sealed on [-0-9]+ [:0-9]+ UTC: 4 MiB \(4194304 bytes\), root "
            + root + "\n$", verifying.Output);
        Assert.Equal("", verifying.Error);
    }

    [Fact]
    public void ADryRunChangesNothing()
    {
        string path = Disk();
        string[] before = [.. Directory.GetFiles(folder.Path).Order()];
        Assert.Equal($"""
            would seal {path}, 4 MiB (4194304 bytes) in chunks of 64 KiB, in {folder.File("x.seal")}
            would freeze {path}
            would freeze {folder.File("disk-flat.vmdk")}

            """,
            CommandRun.Vmdk("seal", path, "--freeze", "--dry-run", "--chunk", "64K", "--out",
                folder.File("x.seal")).MustReturn(0).Output);
        Assert.Equal(before, Directory.GetFiles(folder.Path).Order());
        Assert.Equal("644", ModeOf(path));
    }

    [Fact]
    public void RotReturns4AndNamesTheRange()
    {
        string path = Disk(), flat = folder.File("disk-flat.vmdk");
        CommandRun.Vmdk("seal", path, "--freeze").MustReturn(0);
        Assert.Equal("444", ModeOf(flat));
        Tool.Run("cp", "-p", flat, folder.File("old")).MustSucceed();
        Tool.RunWithInput([0xAA], "dd", $"of={flat}", "bs=1", "seek=2097153", "conv=notrunc", "status=none")
            .MustSucceed();
        Tool.Run("touch", "-r", folder.File("old"), flat).MustSucceed();
        CommandResult run = CommandRun.Vmdk("verify", path).MustReturn(4);
        Assert.Contains("bytes 2097152 to 3145727 (1048576): rotten", run.Output, StringComparison.Ordinal);
        Assert.Contains("VMDK7306 error: ", run.Output, StringComparison.Ordinal);
        JsonElement json = CommandRun.Vmdk("verify", path, "--json").MustReturn(4).Json();
        Assert.Equal((2097152, 1048576, "rotten"), RangeOf(json.GetProperty("ranges")[0]));
        Assert.Equal(1048576, json.GetProperty("rottenBytes").GetInt64());
        Assert.False(json.GetProperty("isEqual").GetBoolean());
        Assert.Equal(4, json.GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void AWriteReturns1AndNamesTheTraces()
    {
        string path = Disk();
        CommandRun.Vmdk("seal", path).MustReturn(0);
        CommandRun.Vmdk([1, 2, 3], null, "write", path, "--offset", "3M").MustReturn(0);
        CommandResult run = CommandRun.Vmdk("verify", path).MustReturn(1);
        Assert.Contains("bytes 3145728 to 4194303 (1048576): written\n", run.Output,
            StringComparison.Ordinal);
        Assert.Contains("VMDK7305 warning: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("the CID of disk.vmdk was ", run.Output, StringComparison.Ordinal);
        CommandRun.Vmdk("seal", path).MustReturn(5);
        CommandRun.Vmdk("seal", path, "--replace").MustReturn(0);
        CommandRun.Vmdk("verify", path).MustReturn(0);
    }

    [Fact]
    public void TouchedFilesAreToldAndReturn0()
    {
        string path = Disk();
        CommandRun.Vmdk("seal", path).MustReturn(0);
        Tool.Run("touch", folder.File("disk-flat.vmdk")).MustSucceed();
        CommandResult run = CommandRun.Vmdk("verify", path).MustReturn(0);
        Assert.Contains("VMDK7308 info: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("as sealed on ", run.Output, StringComparison.Ordinal);
        JsonElement change = CommandRun.Vmdk("verify", path, "--json").Json().GetProperty("fileChanges")[0];
        Assert.Equal("disk-flat.vmdk", change.GetProperty("name").GetString());
        Assert.Equal("modified", change.GetProperty("kind").GetString());
    }

    [Fact]
    public void ScarsReturn3OnlyWhenTheyAreKept()
    {
        string path = Disk();
        using (FileStream file = File.OpenWrite(folder.File("disk-flat.vmdk"))) { file.SetLength(3 << 20); }
        CommandRun.Vmdk("seal", path).MustReturn(4);
        CommandResult run = CommandRun.Vmdk("seal", path, "--keep-scars").MustReturn(3);
        Assert.Contains("  bytes 3145728 to 4194303 (1048576)\n", run.Output, StringComparison.Ordinal);
        CommandRun.Vmdk("verify", path).MustReturn(0);
        using (FileStream file = File.OpenWrite(folder.File("disk-flat.vmdk"))) { file.SetLength(2 << 20); }
        CommandRun.Vmdk("verify", path).MustReturn(3);
    }

    [Fact]
    public void SealsThatCannotBeUsedAreRefused()
    {
        string path = Disk(), small = folder.NewDisk("small.vmdk", 1 << 20, "monolithicFlat");
        CommandRun.Vmdk("verify", path).MustReturn(2);
        CommandRun.Vmdk("seal", small).MustReturn(0);
        Assert.Contains("VMDK7302",
            CommandRun.Vmdk("verify", path, "--seal", small + ".seal").MustReturn(5).Error,
            StringComparison.Ordinal);
        Assert.Contains("VMDK7300", CommandRun.Vmdk("verify", path, "--seal", path).MustReturn(4).Error,
            StringComparison.Ordinal);
        CommandRun.Vmdk("seal", path, "--chunk", "3M").MustReturn(63);
        CommandRun.Vmdk("seal", path, "--chunk", "much").MustReturn(2);
    }

    [Fact]
    public void AChainThatDoesNotOpenReturns10WithItsTraces()
    {
        string bottom = Disk(), top = folder.File("top.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", top).MustSucceed();
        CommandRun.Vmdk("seal", top).MustReturn(0);
        Tool.Run("qemu-io", "-f", "vmdk", "-c", "write -P 1 0 512", bottom).MustSucceed();
        CommandResult run = CommandRun.Vmdk("verify", top).MustReturn(10);
        Assert.Contains("VMDK7002", run.Output, StringComparison.Ordinal);
        Assert.Contains("  disk.vmdk: cid was ", run.Output, StringComparison.Ordinal);
        CommandRun.Vmdk("verify", bottom).MustReturn(2);
    }

    [Fact]
    public void AnInterruptionLeavesNoSeal()
    {
        string path = Disk();
        using var error = new MemoryStream();
        Assert.Equal(130, VmdkCommand.Run(
            ["seal", path, "--whole"], Stream.Null, Stream.Null, error, null,
            new CancellationToken(canceled: true)));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    private static (long Start, long Length, string? Kind) RangeOf(JsonElement range) =>
        (range.GetProperty("start").GetInt64(), range.GetProperty("length").GetInt64(),
            range.GetProperty("kind").GetString());

    private static string ModeOf(string path) =>
        Tool.Run("stat", "-c", "%a", path).MustSucceed().Output.Trim();

    // Four chunks, the second of which is zero.
    private string Disk()
    {
        string path = folder.NewDisk("disk.vmdk", 4 << 20, "monolithicFlat");
        byte[] content = ChainRecipe.Numbered(8192);
        content.AsSpan(1 << 20, 1 << 20).Clear();
        File.WriteAllBytes(folder.File("disk-flat.vmdk"), content);
        return path;
    }
}
