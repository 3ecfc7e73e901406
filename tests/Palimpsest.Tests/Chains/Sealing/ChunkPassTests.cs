using System.Collections.Concurrent;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains.Sealing;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Formats.Vmdk.StreamOptimized;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Sealing;

/// <summary>One read of a disk: what is read, what is not, and the hash of the whole beside it.</summary>
public sealed class ChunkPassTests
{
    private const int Chunk = 64 << 10;

    [Fact]
    public void HolesAreNotReadAndCountAsZeros()
    {
        byte[] content = Content(40 * Chunk, out List<(long, long)> holes);
        var read = new ConcurrentDictionary<long, bool>();
        var sparse = new ArrayReader(content) { OnRead = offset => read[offset / Chunk] = true };
        sparse.Holes.AddRange(holes);
        ChunkTable fromHoles = Hash(sparse, Chunk), fromZeros = Hash(new ArrayReader(content), Chunk);
        Assert.Equal(fromZeros.Root(), fromHoles.Root());
        Assert.Equal(fromZeros.Ranges(), fromHoles.Ranges());
        Assert.Equal(
            Enumerable.Range(0, 40).Where(index => !holes.Exists(hole =>
                hole.Item1 <= (long)index * Chunk && hole.Item2 >= (index + 1L) * Chunk)),
            read.Keys.Order().Select(index => (int)index));
        Assert.True(fromHoles.Sum(ChunkKind.Zero).Count > 10);
    }

    [Theory]
    [InlineData(0, Chunk)]
    [InlineData(512, Chunk)]
    [InlineData(40 * Chunk, Chunk)]
    [InlineData((40 * Chunk) + 1536, 4096)]
    [InlineData((40 * Chunk) + 1536, 2 << 20)]
    public void TheHashOfTheWholeIsThatOfSha256sum(int lengthBytes, int chunkBytes)
    {
        byte[] content = Content(lengthBytes, out List<(long, long)> holes);
        var reader = new ArrayReader(content);
        reader.Holes.AddRange(holes);
        var table = new ChunkTable(lengthBytes, chunkBytes);
        string? whole = new ChunkPass(reader, table)
            .RunWithWholeHash(null, TestContext.Current.CancellationToken);
        string expected = Tool.RunWithInput(content, "sha256sum").MustSucceed().Output[..64];
        Assert.Equal(expected, whole);
        Assert.Equal(Hash(new ArrayReader(content), chunkBytes).Root(), table.Root());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AScarStopsTheReadUnlessItIsKept(bool isWhole)
    {
        byte[] content = Content(20 * Chunk, out _);
        var reader = new ArrayReader(content) { UnreadableAt = (5 * Chunk) + 700 };
        var table = new ChunkTable(content.Length, Chunk);
        BlockException error = Assert.Throws<BlockException>(() => Run(new ChunkPass(reader, table)));
        Assert.Equal(BlockErrorKind.Io, error.Kind);
        Run(new ChunkPass(reader, table) { KeepsScars = true });
        ChunkTable sound = Hash(new ArrayReader(content), Chunk);
        for (int index = 0; index < table.Count; index++)
        {
            Assert.Equal(index == 5, table.KindOf(index) == ChunkKind.Unreadable);
            if (index != 5) { Assert.True(table.DigestOf(index).SequenceEqual(sound.DigestOf(index))); }
        }

        void Run(ChunkPass pass)
        {
            if (!isWhole) { pass.Run(null, TestContext.Current.CancellationToken); }
            else { Assert.Null(pass.RunWithWholeHash(null, TestContext.Current.CancellationToken)); }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AnInterruptionStopsIt(bool isWhole)
    {
        byte[] content = Content(40 * Chunk, out _);
        using var interruption = new CancellationTokenSource();
        var reader = new ArrayReader(content)
        {
            OnRead = offset =>
            {
                if (offset >= 20 * Chunk) { interruption.Cancel(); }
            },
        };
        var pass = new ChunkPass(reader, new ChunkTable(content.Length, Chunk));
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            if (isWhole) { pass.RunWithWholeHash(null, interruption.Token); }
            else { pass.Run(null, interruption.Token); }
        });
    }

    [Fact]
    public void ProgressEndsAtTheWholeLength()
    {
        byte[] content = Content((40 * Chunk) + 512, out List<(long, long)> holes);
        var reader = new ArrayReader(content);
        reader.Holes.AddRange(holes);
        var progress = new LastProgress();
        new ChunkPass(reader, new ChunkTable(content.Length, Chunk))
            .Run(progress, TestContext.Current.CancellationToken);
        Assert.Equal(content.Length, progress.DoneBytes);
    }

    // Data and zeros in pieces that begin and end anywhere; some of the zeros are holes.
    private static byte[] Content(int lengthBytes, out List<(long Start, long End)> holes)
    {
        var random = new Random(RandomCases.Seed);
        byte[] content = new byte[lengthBytes];
        random.NextBytes(content);
        holes = [];
        for (int start = random.Next(3 * Chunk); start < lengthBytes;)
        {
            int end = Math.Min(lengthBytes, start + 512 + random.Next(5 * Chunk));
            content.AsSpan(start, end - start).Clear();
            if (random.Next(5) > 0) { holes.Add((start, end)); }
            start = end + 512 + random.Next(2 * Chunk);
        }
        return content;
    }

    private static ChunkTable Hash(IBlockReader reader, int chunkBytes)
    {
        var table = new ChunkTable(reader.Length, chunkBytes);
        new ChunkPass(reader, table).Run(null, TestContext.Current.CancellationToken);
        return table;
    }

    private sealed class LastProgress : IProgress<CopyProgress>
    {
        private long doneBytes;

        internal long DoneBytes => doneBytes;

        public void Report(CopyProgress value)
        {
            long seen = Interlocked.Read(ref doneBytes);
            while (value.DoneBytes > seen)
            {
                seen = Interlocked.CompareExchange(ref doneBytes, value.DoneBytes, seen);
            }
        }
    }
}
