using System.Diagnostics;
using System.Globalization;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>A file's body on its host, beside what stat, filefrag and fallocate say and do.</summary>
public sealed class HostBodyInteropTests : IDisposable
{
    private const int Megabyte = 1 << 20;
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Identity_and_sizes_are_those_of_stat()
    {
        string path = folder.WriteHole("disk-flat.vmdk", 8 * Megabyte);
        Write(path, 3 * Megabyte, 65536);
        Tool.Run("chmod", "640", path).MustSucceed();
        Tool.Run("ln", path, folder.File("second-name")).MustSucceed();
        HostBody body = HostBody.Of(path);
        string[] expected = Tool.Run("stat", "-c", "%Hd %Ld %i %h %a %u %g %s %b", path).MustSucceed()
            .Output.Trim().Split(' ');
        HostIdentity identity = body.Identity!;
        object[] found =
        [
            identity.DeviceMajor, identity.DeviceMinor, identity.Inode, identity.LinkCount,
            Convert.ToString(identity.Mode, 8), identity.User, identity.Group, body.ApparentBytes,
                body.AllocatedBytes! / 512,
        ];
        Assert.Equal(expected, found.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)!));
        string typeName = Tool.Run("stat", "-f", "-c", "%T", path).MustSucceed().Output.Trim();
        Assert.Equal(typeName == "ext2/ext3" ? "ext2/3/4" : typeName, body.FileSystemName);
    }

    [Fact]
    public void Thin_lazy_and_eager_are_told_apart()
    {
        string thin = folder.WriteHole("thin", 4 * Megabyte);
        Write(thin, Megabyte, Megabyte);
        string lazy = folder.File("lazy");
        Tool.Run("fallocate", "-l", "4M", lazy).MustSucceed();
        Write(lazy, Megabyte, Megabyte);
        string eager = folder.File("eager");
        Tool.Run("dd", "if=/dev/zero", $"of={eager}", "bs=1M", "count=4", "conv=fsync").MustSucceed();

        AssertZeroing(ZeroingKind.Absent, 3 * Megabyte, 0, Megabyte, thin);
        AssertZeroing(ZeroingKind.Lazy, 0, 3 * Megabyte, Megabyte, lazy);
        AssertZeroing(ZeroingKind.Eager, 0, 0, 4 * Megabyte, eager);
    }

    [Fact]
    public void What_waits_in_memory_over_an_unwritten_extent_is_no_promise_of_zeros()
    {
        string path = folder.File("fresh");
        Tool.Run("fallocate", "-l", "4M", path).MustSucceed();
        using LocalFile file = LocalFile.Open(path, HostAccess.ReadWrite);
        file.Write(2 * Megabyte, Enumerable.Repeat((byte)7, Megabyte).ToArray());
        AssertZeroing(ZeroingKind.Lazy, 0, 3 * Megabyte, Megabyte, path);
    }

    [Fact]
    public void Extents_are_those_of_filefrag()
    {
        string path = folder.WriteHole("pieces", 64 * Megabyte);
        for (int i = 0; i < 600; i++) { Write(path, i * 2L * 32768, 32768, isFlushed: i == 599); }
        PhysicalMap? map = HostBody.Of(path).Physical;
        Assert.SkipWhen(map is null, "the file system of the temporary folder has no FIEMAP");

        // "   0:        0..       7:    8683520..   8683527:      8:             last,eof", blocks of 512
        // bytes.
        string output = Tool.Run("filefrag", "-b512", "-e", "-s", path).MustSucceed().Output;
        (long, long, long)[] expected =
            [.. output.Split('\n').Select(line => line.Split(':', StringSplitOptions.TrimEntries))
            .Where(parts => parts.Length >= 5 && int.TryParse(parts[0], out _))
            .Select(parts => (First(parts[1]) * 512, First(parts[2]) * 512, long.Parse(parts[3]) * 512))];
        Assert.Equal(expected.Length, map.Count);
        Assert.True(map.IsComplete);
        Assert.Equal(expected.Sum(extent => extent.Item3), map.MappedBytes);
        Assert.Equal(expected.Take(PhysicalMap.ListLimit),
            map.First.Select(extent => (extent.FileOffset, extent.DeviceOffset, extent.LengthBytes)));
    }

    [Fact]
    public void Holes_are_where_they_were_made()
    {
        string path = folder.WriteHole("holes", 4 * Megabyte);
        Write(path, Megabyte, Megabyte);
        HostRunMap runs = HostBody.Of(path).Runs;
        HostRun[] expected =
        [
            new(0, Megabyte, true), new(Megabyte, Megabyte, false), new(2 * Megabyte, 2 * Megabyte, true),
        ];
        Assert.Equal(expected, runs.First);
        Assert.Equal((Megabyte, 3L * Megabyte, 1, 2),
            (runs.DataBytes, runs.HoleBytes, runs.DataCount, runs.HoleCount));
    }

    [Fact]
    public void Locks_of_VMware_and_of_other_processes_are_seen()
    {
        string path = folder.WriteHole("disk-flat.vmdk", Megabyte);
        Directory.CreateDirectory(path + ".lck");
        File.WriteAllText(path + ".lck/M12345.lck", "");
        ProcessStartInfo start = Tool.Start("qemu-io", ["-f", "raw", path]);
        using Process process = Process.Start(start)!;

        // Its answer to a command says that the image is open, and so locked.
        process.StandardInput.WriteLine("length");
        process.StandardInput.Flush();
        process.StandardOutput.ReadLine();
        HostBody body = HostBody.Of(path);
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.Equal([path + ".lck/M12345.lck"], body.VmwareLocks);
        Assert.Equal([$"qemu-io (pid {process.Id})"], body.LockHolders);
        Assert.Empty(HostBody.Of(path).LockHolders);
    }

    [Fact]
    public void What_is_no_file_is_refused()
    {
        Assert.Equal(BlockErrorKind.Refused,
            Assert.Throws<BlockException>(() => HostBody.Of(folder.Path)).Kind);
        Assert.Equal(BlockErrorKind.NotFound,
            Assert.Throws<BlockException>(() => HostBody.Of(folder.File("no"))).Kind);
    }

    private static long First(string range) =>
        long.Parse(range.Split("..", StringSplitOptions.TrimEntries)[0]);

    private static void Write(string path, long offset, int length, bool isFlushed = true)
    {
        using LocalFile file = LocalFile.Open(path, HostAccess.ReadWrite);
        file.Write(offset, Enumerable.Repeat((byte)0xA5, length).ToArray());
        if (isFlushed) { file.Flush(); }
    }

    private static void AssertZeroing(ZeroingKind kind, long absent, long lazy, long eager, string path)
    {
        HostBody body = HostBody.Of(path);
        Assert.SkipWhen(body.Physical is null && lazy > 0,
            "the file system of the temporary folder has no FIEMAP");
        Assert.Equal((kind, absent, lazy, eager),
            (body.Zeroing.Kind, body.Zeroing.AbsentBytes, body.Zeroing.LazyBytes, body.Zeroing.EagerBytes));
    }
}
