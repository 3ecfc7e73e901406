using System.Diagnostics;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>
/// Two real processes at one disk: the second is kept off, with the name and number of the first; ours and
/// QEMU's, both ways.
/// </summary>
public sealed class LockInteropTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly string disk, delta;

    public LockInteropTests()
    {
        disk = folder.NewDisk("disk.vmdk", 64 << 20, "monolithicSparse");
        delta = folder.File("delta.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", disk, "-F", "vmdk", delta).MustSucceed();
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void OursKeepsOursAndQemuOff()
    {
        using Process first = StartWriting(delta);
        string holder = $"vmdk (pid {first.Id})";
        AssertKeptOff(holder, [1], "write", "--offset", "0", delta);
        AssertKeptOff(holder, [], "commit", delta);
        AssertKeptOff(holder, [], "clone", "--linked", "--allow-outside", delta, folder.File("clone.vmdk"));
        Assert.False(File.Exists(folder.File("clone.vmdk")));
        ToolResult qemu = Tool.Run("qemu-io", "-f", "vmdk", "-c", "write 0 512", delta);
        Assert.Contains("lock", qemu.Output + qemu.Error, StringComparison.Ordinal);
        Finish(first);
        CommandRun.Vmdk([1], null, "write", "--offset", "0", delta).MustReturn(0);
    }

    [Fact]
    public void OursKeepsResizeOff()
    {
        string alone = folder.NewDisk("alone.vmdk", 64 << 20, "monolithicFlat");
        using Process first = StartWriting(alone);
        AssertKeptOff($"vmdk (pid {first.Id})", [], "resize", alone, "128M");
        Finish(first);
        CommandRun.Vmdk("resize", alone, "128M").MustReturn(0);
    }

    [Fact]
    public void QemuKeepsOursOff()
    {
        string alone = folder.NewDisk("alone.vmdk", 64 << 20, "monolithicSparse");
        using (Process first = StartQemu(delta))
        {
            string holder = $"qemu-io (pid {first.Id})";
            AssertKeptOff(holder, [1], "write", "--offset", "0", delta);
            AssertKeptOff(holder, [], "commit", delta);
            Finish(first);
        }
        using Process second = StartQemu(alone);
        AssertKeptOff($"qemu-io (pid {second.Id})", [], "resize", alone, "128M");
        AssertKeptOff($"qemu-io (pid {second.Id})", [], "clone", "--linked", alone,
            folder.File("clone.vmdk"));
        Finish(second);
    }

    // A machine that runs from one clone reads the base: others may be made of it meanwhile.
    [Fact]
    public void ReadersDoNotKeepACloneOff()
    {
        using Process reader = StartQemu(delta);
        CommandRun.Vmdk("clone", "--linked", disk, folder.File("clone.vmdk")).MustReturn(0);
        Finish(reader);
    }

    private static void AssertKeptOff(string holder, byte[] input, params string[] line)
    {
        CommandResult run = CommandRun.Vmdk(input, null, line).MustReturn(ExitCodes.Locked);
        Assert.Contains(holder, run.Error, StringComparison.Ordinal);
    }

    // The command reads 8 MiB before it opens the disk, and a pipe holds 64 KiB: once 12 MiB went in, it
    // holds the disk.
    private static Process StartWriting(string path)
    {
        string own = Path.Combine(AppContext.BaseDirectory, "vmdk");
        Process process = Process.Start(Tool.Start(own, ["write", "--offset", "0", path]))!;
        process.StandardInput.BaseStream.Write(new byte[12 << 20]);
        process.StandardInput.BaseStream.Flush();
        return process;
    }

    // Its answer to a command says that the image is open, and so locked.
    private static Process StartQemu(string path)
    {
        Process process = Process.Start(Tool.Start("qemu-io", ["-f", "vmdk", path]))!;
        process.StandardInput.WriteLine("length");
        process.StandardInput.Flush();
        process.StandardOutput.ReadLine();
        return process;
    }

    private static void Finish(Process process)
    {
        process.StandardInput.Close();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
