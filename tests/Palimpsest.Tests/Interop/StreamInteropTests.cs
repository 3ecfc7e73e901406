using System.Security.Cryptography;
using System.Text;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Formats.Vmdk.StreamOptimized;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>Streams of other tools read by us, and ours read by them.</summary>
public sealed class StreamInteropTests : IDisposable
{
    private const string SampleContent = "a3bcf05f07a1c06a3380eeca8571f0efb2b85afafa1e21662b8cad436d1f7727";
    private readonly string folder = Directory.CreateTempSubdirectory("stream-interop-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_sample_of_VMware_gives_its_content()
    {
        string path = Samples.Find("vmdk/streamOptimized.vmdk");
        var findings = new FindingList();
        using StreamOptimizedReader reader = Open(path, findings);
        Assert.Empty(findings.Items);
        Assert.Equal(10_485_760, reader.Length);
        Assert.Equal(SampleContent, HashOf(reader, 1 << 20));
        Assert.Equal(SampleContent, HashOf(reader, 5000));
        Assert.Equal(52, CheckIsQuiet(path).GrainCount);
    }

    [Fact]
    public void Of_the_sample_cut_anywhere_only_true_bytes_are_read()
    {
        string sample = Samples.Find("vmdk/streamOptimized.vmdk");
        byte[] whole = File.ReadAllBytes(sample);
        using StreamOptimizedReader intact = Open(sample, new FindingList());
        var disk = new byte[intact.Length];
        intact.Read(0, disk);
        var buffer = new byte[intact.GrainBytes];
        for (int length = 600; length < whole.Length; length += 3571)
        {
            string path = Path.Combine(folder, "cut.vmdk");
            File.WriteAllBytes(path, whole[..length]);
            using StreamOptimizedReader cut = Open(path, new FindingList());
            for (long offset = 0; offset < cut.Length; offset += buffer.Length)
            {
                try
                {
                    cut.Read(offset, buffer);
                    Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan((int)offset, buffer.Length)));
                }
                catch (BlockException error)
                {
                    Assert.Equal(BlockErrorKind.Corrupt, error.Kind);
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3 * 512)]
    public void A_stream_of_qemu_gives_the_disk_it_was_made_from(int tailBytes)
    {
        string raw = Path.Combine(folder, "disk.raw"), stream = Path.Combine(folder, "disk.vmdk");
        MakeDisk(raw, (70L << 20) + tailBytes);
        Tool.Run(
            "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, stream)
            .MustSucceed();
        var findings = new FindingList();
        using StreamOptimizedReader reader = Open(stream, findings);
        Assert.Empty(findings.Items);
        Assert.Equal(new FileInfo(raw).Length, reader.Length);
        Assert.Equal(HashOf(raw), HashOf(reader, 1 << 20));
        Assert.Equal(RunKind.Hole, reader.GetRun(50L << 20, 1 << 20).Kind);
        CheckIsQuiet(stream);
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(3 * 512, 1)]
    public void qemu_reads_and_checks_a_stream_of_ours(int tailBytes, int level)
    {
        string raw = Path.Combine(folder, "disk.raw"), stream = Path.Combine(folder, "disk.vmdk");
        string back = Path.Combine(folder, "back.raw");
        MakeDisk(raw, (70L << 20) + tailBytes);
        byte[] disk = File.ReadAllBytes(raw);
        string descriptor = "# Disk DescriptorFile\nversion=1\nCID=1f2e3d4c\nparentCID=ffffffff\n"
            + "createType=\"streamOptimized\"\n\n# Extent description\n"
            + $"RW {disk.Length / 512} SPARSE \"disk.vmdk\"\n\n# The Disk Data Base\n#DDB\n\n"
            + "ddb.adapterType = \"lsilogic\"\n";
        using (HostFile file = LocalFile.Open(stream, HostAccess.CreateNew))
        {
            new StreamOptimizedWriter(file, disk.Length, Encoding.ASCII.GetBytes(descriptor),
                new StreamWriteOptions { Level = level })
                .Write(new ArrayReader(disk), null, TestContext.Current.CancellationToken);
        }
        Assert.Contains("No errors were found",
            Tool.Run("qemu-img", "check", "-f", "vmdk", stream).MustSucceed().Output);
        Assert.Contains("streamOptimized",
            Tool.Run("qemu-img", "info", "-f", "vmdk", stream).MustSucceed().Output);
        Tool.Run("qemu-img", "convert", "-f", "vmdk", "-O", "raw", stream, back).MustSucceed();
        Assert.Equal(HashOf(raw), HashOf(back));
    }

    /// <summary>Text, noise and holes, with a partial last grain.</summary>
    private static void MakeDisk(string path, long length)
    {
        var random = new Random(5);
        var block = new byte[300_000];
        using FileStream file = File.Create(path);
        file.SetLength(length);
        for (long at = 0; at < length; at += 1 << 20)
        {
            if (at >= 48L << 20 && at < 60L << 20) { continue; }
            random.NextBytes(block);
            bool isText = random.Next(3) > 0;
            for (int i = 0; isText && i < block.Length; i++) { block[i] = (byte)('a' + (block[i] & 7)); }
            file.Position = at;
            file.Write(block.AsSpan(0, (int)Math.Min(block.Length, length - at)));
        }
    }

    private static StreamOptimizedReader Open(string path, FindingList findings) =>
        StreamOptimizedReader.Open(LocalFile.Open(path, HostAccess.Read), findings);

    private static StreamCheckResult CheckIsQuiet(string path)
    {
        var findings = new FindingList();
        using HostFile file = LocalFile.Open(path, HostAccess.Read);
        StreamCheckResult result =
            StreamOptimizedCheck.Run(file, findings, null, TestContext.Current.CancellationToken);
        Assert.Empty(findings.Items);
        return result;
    }

    private static string HashOf(StreamOptimizedReader reader, int chunkBytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[chunkBytes];
        for (long offset = 0; offset < reader.Length; offset += chunkBytes)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(chunkBytes, reader.Length - offset));
            reader.Read(offset, part);
            hash.AppendData(part);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string HashOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
