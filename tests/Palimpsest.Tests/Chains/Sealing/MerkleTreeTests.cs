using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Sealing;

/// <summary>
/// The root, held against its definition: every hash by <c>openssl</c>, put together top down as RFC 6962 has
/// it.
/// </summary>
public sealed class MerkleTreeTests : IDisposable
{
    private const int Chunk = 4096;
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 512)]
    [InlineData(Chunk)]
    [InlineData(2 * Chunk)]
    [InlineData((3 * Chunk) - 1024)]
    [InlineData(4 * Chunk)]
    [InlineData(5 * Chunk)]
    [InlineData((6 * Chunk) + 512)]
    public void TheRootIsThatOfRfc6962OverTheChunkHashes(int lengthBytes)
    {
        byte[] content = new byte[lengthBytes];
        new Random(lengthBytes).NextBytes(content);

        // One chunk of zeros in between, which is hashed like any other.
        if (lengthBytes > 2 * Chunk) { content.AsSpan(Chunk, Chunk).Clear(); }
        byte[][] entries = [.. content.Chunk(Chunk).Select(OpenSsl)];
        string expected = Convert.ToHexStringLower(RootOf(entries));
        Assert.Equal(expected, TableOf(content).Root());
    }

    [Fact]
    public void AnUnreadableChunkHasALeafOfItsOwn()
    {
        byte[] content = new byte[3 * Chunk];
        new Random(1).NextBytes(content);
        ChunkTable table = TableOf(content);
        table.SetUnreadable(1);
        byte[] first = OpenSsl([0, .. OpenSsl(content[..Chunk])]), missing = OpenSsl([2]),
            last = OpenSsl([0, .. OpenSsl(content[(2 * Chunk)..])]);
        byte[] expected = OpenSsl([1, .. OpenSsl([1, .. first, .. missing]), .. last]);
        Assert.Equal(Convert.ToHexStringLower(expected), table.Root());
    }

    [Theory]
    [InlineData(0L, 1L << 20)]
    [InlineData(512L, 1L << 20)]
    [InlineData(128L << 30, 1L << 20)]
    [InlineData((128L << 30) + 512, 2L << 20)]
    [InlineData(62L << 40, 512L << 20)]
    [InlineData(128L << 40, 1L << 30)]
    public void ChunksAreAsLargeAsTheirNumberNeeds(long capacityBytes, long chunkBytes)
    {
        Assert.Equal(chunkBytes, ChunkTable.ChunkBytesFor(capacityBytes));
        Assert.True(ChunkTable.IsPossible(capacityBytes, chunkBytes));
        Assert.False(ChunkTable.IsPossible(capacityBytes, chunkBytes + 512));
    }

    [Fact]
    public void KindsAreSummedUpAndRangesCoverAll()
    {
        byte[] content = new byte[(9 * Chunk) + 512];
        content[0] = content[Chunk] = content[^1] = 1;
        ChunkTable table = TableOf(content);
        table.SetUnreadable(4);
        Assert.Equal(
            [
                new ChunkRange(0, 2, ChunkKind.Data), new ChunkRange(2, 2, ChunkKind.Zero),
                new ChunkRange(4, 1, ChunkKind.Unreadable), new ChunkRange(5, 4, ChunkKind.Zero),
                new ChunkRange(9, 1, ChunkKind.Data),
            ],
            table.Ranges());
        Assert.Equal((3, (2 * Chunk) + 512L), table.Sum(ChunkKind.Data));
        Assert.Equal((6, 6L * Chunk), table.Sum(ChunkKind.Zero));
        Assert.Equal((1, (long)Chunk), table.Sum(ChunkKind.Unreadable));
    }

    private static ChunkTable TableOf(byte[] content)
    {
        using var reader = new Formats.Vmdk.StreamOptimized.ArrayReader(content);
        var table = new ChunkTable(content.Length, Chunk);
        new ChunkPass(reader, table).Run(null, TestContext.Current.CancellationToken);
        return table;
    }

    private byte[] RootOf(ReadOnlySpan<byte[]> entries)
    {
        if (entries.Length == 0) { return OpenSsl([]); }
        if (entries.Length == 1) { return OpenSsl([0, .. entries[0]]); }
        int split = 1;
        while (split * 2 < entries.Length) { split *= 2; }
        return OpenSsl([1, .. RootOf(entries[..split]), .. RootOf(entries[split..])]);
    }

    private byte[] OpenSsl(byte[] bytes)
    {
        string path = folder.Write("bytes.bin", bytes);
        return Tool.Run("openssl", "dgst", "-sha256", "-binary", path).MustSucceed().OutputBytes;
    }
}
