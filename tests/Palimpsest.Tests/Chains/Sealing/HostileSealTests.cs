using System.Text;
using System.Text.RegularExpressions;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Sealing;

/// <summary>Seals that were damaged or made to harm: refused by name, in bounded memory.</summary>
public sealed class HostileSealTests : IDisposable
{
    private const string Path = "disk.vmdk.seal";
    private static readonly byte[] Sound = MakeSeal().ToBytes().ToArray();
    private readonly TempFolder folder = new();

    public static TheoryData<string, string, string> Edits => new()
    {
        // (pattern, replacement, code)
        { "^.*$", "", "VMDK7300" },
        { "^.*$", "[]", "VMDK7300" },
        { "^.*$", "{}", "VMDK7300" },
        { "^.*$", "null", "VMDK7300" },
        { "^.*$", "{\"schema\":\"palimpsest-seal/1\"}", "VMDK7300" },
        { "^.*$", "{\"schema\":null}", "VMDK7300" },
        { "^.*$", "{\"schema\":\"\\ud800\"}", "VMDK7300" },
        { "palimpsest-seal/1", "palimpsest-seal/2", "VMDK7303" },
        { "palimpsest-seal/1", "palimpsest/1", "VMDK7300" },
        { "\"schema\"", "\"Schema\"", "VMDK7300" },
        { "\"chunkBytes\": 4096", "\"chunkBytes\": 4097", "VMDK7300" },
        { "\"chunkBytes\": 4096", "\"chunkBytes\": 0", "VMDK7300" },
        { "\"chunkBytes\": 4096", "\"chunkBytes\": -4096", "VMDK7300" },
        { "\"chunkBytes\": 4096", "\"chunkBytes\": 8192", "VMDK7300" },
        { "\"chunkBytes\": 4096", "\"chunkBytes\": 1e99", "VMDK7300" },
        { "\"chunkBytes\": 4096", "\"chunkBytes\": \"4096\"", "VMDK7300" },
        { "\"capacityBytes\": 40960", "\"capacityBytes\": -1", "VMDK7300" },
        { "\"capacityBytes\": 40960", "\"capacityBytes\": 40961", "VMDK7300" },
        { "\"capacityBytes\": 40960", "\"capacityBytes\": 36864", "VMDK7300" },
        { "\"capacityBytes\": 40960", "\"capacityBytes\": 9223372036854775807", "VMDK7300" },
        { "\"capacityBytes\": 40960", "\"capacityBytes\": 99999999999999999999", "VMDK7300" },
        { "\"first\": 3", "\"first\": 2", "VMDK7300" },
        { "\"first\": 3", "\"first\": 4", "VMDK7300" },
        { "\"first\": 3", "\"first\": -3", "VMDK7300" },
        { "\"first\": 3", "\"first\": 9223372036854775807", "VMDK7300" },
        { "\"count\": 3", "\"count\": 2", "VMDK7300" },
        { "\"count\": 3", "\"count\": 0", "VMDK7300" },
        { "\"count\": 4", "\"count\": 5", "VMDK7300" },
        { "\"count\": 4", "\"count\": 2147483647", "VMDK7300" },
        { "\"count\": 4", "\"count\": 4294967300", "VMDK7300" },
        { "\"kind\": \"zero\"", "\"kind\": \"ones\"", "VMDK7300" },
        { "\"kind\": \"zero\"", "\"kind\": null", "VMDK7300" },
        { "\"kind\": \"zero\"", "\"kind\": \"data\"", "VMDK7300" },
        { "\"kind\": \"unreadable\"", "\"kind\": \"zero\"", "VMDK7301" },
        { "\"kind\": \"zero\"", "\"kind\": \"zero\", \"sha256\": [\"00\"]", "VMDK7300" },
        { "\"sha256\": \\[\\s*\"..", "\"sha256\": [\"", "VMDK7300" },
        { "\"sha256\": \\[\\s*\"..", "\"sha256\": [\"zz", "VMDK7300" },
        { "\"sha256\": \\[", "\"sha256\": [{}, ", "VMDK7300" },
        { "\"sha256\": \\[", "\"sha256\": [null, ", "VMDK7300" },
        { "\"sha256\": \\[\\s*\"", "\"sha256\": [\"\\\\u0030", "VMDK7300" },
        { "\"root\": \"..", "\"root\": \"zz", "VMDK7301" },
        { "\"root\": \"[^\"]*\"", "\"root\": null", "VMDK7300" },
        { "\"root\": \"[^\"]*\",", "", "VMDK7300" },
        { "\"root\": \"", "\"root\": \"0\", \"root\": \"", "VMDK7300" },
        { "\"links\": \\[", "\"links\": [null, ", "VMDK7300" },
        { "\"links\": \\[", "\"links\": [[[[[[[[[[[[[[", "VMDK7300" },
        { "\"links\": \\[.*\\],\\s*\"chunks\"", "\"links\": [], \"chunks\"", "VMDK7300" },
        { "\"files\": \\[", "\"files\": [null, ", "VMDK7300" },
        { "\"files\": \\[.*?\\]", "\"files\": null", "VMDK7300" },
        { "\"modifiedUtc\": \"[^\"]*\"", "\"modifiedUtc\": \"yesterday\"", "VMDK7300" },
        { "\"chunks\": \\[", "\"chunks\": [null, ", "VMDK7300" },
        { "\"chunks\": \\[.*\\]", "\"chunks\": []", "VMDK7300" },
        { "\\}\\s*$", "} {}", "VMDK7300" },
        { "\\}\\s*$", "", "VMDK7300" },
    };

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WhatWasWrittenIsReadBack()
    {
        Seal seal = MakeSeal(), read = Seal.Parse(Sound, Path, new FindingList());
        Assert.Equal(seal.Root, read.Root);
        Assert.Equal(seal.Chunks.Ranges(), read.Chunks.Ranges());
        Assert.Equal(Sound, read.ToBytes().ToArray());
        Assert.Equal([(0, 3), (3, 4), (7, 1), (8, 2)],
            read.Chunks.Ranges().Select(range => (range.First, range.Count)));
    }

    [Theory]
    [MemberData(nameof(Edits))]
    public void ASealThatContradictsItselfIsRefusedByName(string pattern, string replacement, string code)
    {
        string text = Encoding.UTF8.GetString(Sound);
        string edited = new Regex(pattern, RegexOptions.Singleline).Replace(text, replacement, 1);
        Assert.NotEqual(text, edited);
        AssertRefused(Encoding.UTF8.GetBytes(edited), code);
    }

    [Fact]
    public void FieldsThatAreNotKnownAreNoReason()
    {
        string text = Encoding.UTF8.GetString(Sound);
        string more = text
            .Replace("\"links\"", "\"later\": {\"a\": [1]}, \"links\"", StringComparison.Ordinal)
            .Replace("\"first\"", "\"later\": {\"a\": [1]}, \"first\"", StringComparison.Ordinal);
        Assert.Equal(MakeSeal().Root, Seal.Parse(Encoding.UTF8.GetBytes(more), Path, new FindingList()).Root);
    }

    [Fact]
    public void EveryCutAndEveryFlippedBitIsRefusedOrHarmless()
    {
        var random = new Random(RandomCases.Seed);
        for (int length = 0; length < Sound.Length; length += 7)
        {
            AssertRefused(Sound[..length], "VMDK7300");
        }
        string root = MakeSeal().Root;
        for (int i = 0; i < RandomCases.Count(3000); i++)
        {
            byte[] bytes = (byte[])Sound.Clone();
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            }
            try
            {
                // What else may change is told by name: times, names, sizes of files.
                Assert.Equal(root, Seal.Parse(bytes, Path, new FindingList()).Root);
            }
            catch (ImageException refusal)
            {
                Assert.Contains(refusal.Reason.Code.Id,
                    (string[])["VMDK7300", "VMDK7301", "VMDK7303"]);
            }
        }
    }

    [Fact]
    public void MillionsOfObjectsAreNotTakenIn()
    {
        var text = new StringBuilder(Encoding.UTF8.GetString(Sound));
        text.Replace("\"links\": [", "\"links\": ["
            + string.Concat(Enumerable.Repeat("{\"name\":\"\",\"contentId\":null,\"files\":[]},", 600_000)));
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(bytes, "VMDK7300");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void AFileThatIsTooLargeIsNotRead()
    {
        string path = folder.WriteHole("huge.seal", 1L << 40);
        ImageException refusal = Assert.Throws<ImageException>(
            () => Seal.Load(LocalHost.Instance, path, new FindingList()));
        Assert.Equal(SealFindings.NotASeal, refusal.Reason.Code);
    }

    private static void AssertRefused(byte[] bytes, string code)
    {
        ImageException refusal = Assert.Throws<ImageException>(
            () => Seal.Parse(bytes, Path, new FindingList()));
        Assert.True(refusal.Reason.Code.Id == code, refusal.Message);
    }

    private static Seal MakeSeal()
    {
        const int ChunkBytes = 4096;
        byte[] content = new byte[10 * ChunkBytes];
        var random = new Random(4);
        random.NextBytes(content.AsSpan(0, 3 * ChunkBytes));
        random.NextBytes(content.AsSpan(8 * ChunkBytes, 1 * ChunkBytes));
        content[^1] = 1;
        using var reader = new Formats.Vmdk.StreamOptimized.ArrayReader(content);
        var chunks = new ChunkTable(content.Length, ChunkBytes);
        new ChunkPass(reader, chunks).Run(null, default);
        chunks.SetUnreadable(7);
        var file = new SealedFile(
            "disk-flat.vmdk", content.Length, DateTime.UnixEpoch, 40960, 99, "0444", "0644");
        return new Seal
        {
            DiskName = "disk.vmdk",
            SealedUtc = new DateTime(2025, 1, 2, 3, 4, 5, DateTimeKind.Utc),
            Chunks = chunks,
            Root = chunks.Root(),
            Links = [new SealedLink("disk.vmdk", [file with { Name = "disk.vmdk" }, file], "12345678")],
        };
    }
}
