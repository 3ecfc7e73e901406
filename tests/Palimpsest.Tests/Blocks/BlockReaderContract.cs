using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Xunit;

namespace Palimpsest.Tests.Blocks;

/// <summary>What holds for every <see cref="IBlockReader"/>, whatever it is made of.</summary>
public abstract class BlockReaderContract : IDisposable
{
    private readonly List<IDisposable> owned = [];

    /// <summary>Byte ranges that cannot be read.</summary>
    protected virtual IReadOnlyList<(long Offset, long Length)> Scars => [];

    /// <summary>A fresh reader, and the bytes it has to show (scars excepted).</summary>
    protected abstract IBlockReader Create(out byte[] content);

    public void Dispose()
    {
        owned.Reverse();
        foreach (IDisposable each in owned) { each.Dispose(); }
        GC.SuppressFinalize(this);
    }

    /// <summary>Disposes <paramref name="resource"/> when the test is over, last in first out.</summary>
    protected T Own<T>(T resource)
        where T : IDisposable
    {
        owned.Add(resource);
        return resource;
    }

    [Fact]
    public void Its_length_is_that_of_its_content()
    {
        using IBlockReader reader = Create(out byte[] content);
        Assert.Equal(content.Length, reader.Length);
    }

    [Fact]
    public void It_reads_any_range()
    {
        using IBlockReader reader = Create(out byte[] content);
        var random = new Random(1);
        byte[] buffer = new byte[content.Length];
        for (int i = 0; i < 300; i++)
        {
            (int offset, int length) = RangeIn(content.Length, random);
            if (IsScarred(offset, length))
            {
                var error = Assert.Throws<BlockException>(
                    () => reader.Read(offset, buffer.AsSpan(0, length)));
                Assert.Contains(error.Kind, (BlockErrorKind[])[BlockErrorKind.Io, BlockErrorKind.OutOfRange]);
                continue;
            }
            reader.Read(offset, buffer.AsSpan(0, length));
            Assert.True(content.AsSpan(offset, length).SequenceEqual(buffer.AsSpan(0, length)),
                $"{length} at {offset}");
        }
    }

    [Fact]
    public void It_reads_its_ends_and_nothing_at_all()
    {
        using IBlockReader reader = Create(out byte[] content);
        byte[] one = new byte[1];
        if (!IsScarred(0, 1)) { reader.Read(0, one); Assert.Equal(content[0], one[0]); }
        if (!IsScarred(content.Length - 1, 1))
        {
            reader.Read(content.Length - 1, one);
            Assert.Equal(content[^1], one[0]);
        }
        reader.Read(0, []);
        reader.Read(content.Length, []);
    }

    [Fact]
    public void Arguments_outside_of_it_are_the_callers_mistake()
    {
        using IBlockReader reader = Create(out _);
        long length = reader.Length;
        byte[] two = new byte[2];
        foreach (long offset in (long[])[-1, length - 1, length, length + 1, long.MaxValue, long.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(offset, two));
            Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetRun(offset, 2));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(length + 1, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetRun(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetRun(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetRun(0, length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetRun(1, long.MaxValue));
    }

    [Fact]
    public void Its_runs_cover_it_exactly_and_agree_with_its_bytes()
    {
        using IBlockReader reader = Create(out byte[] content);
        AssertRuns(reader, content);
    }

    [Fact]
    public void A_run_asked_for_anywhere_is_part_of_the_same_picture()
    {
        using IBlockReader reader = Create(out byte[] content);
        var kinds = new RunKind[content.Length];
        for (long offset = 0; offset < reader.Length;)
        {
            BlockRun run = reader.GetRun(offset, reader.Length - offset);
            kinds.AsSpan((int)offset, (int)run.LengthBytes).Fill(run.Kind);
            offset += run.LengthBytes;
        }
        var random = new Random(2);
        for (int i = 0; i < 300; i++)
        {
            (int offset, int length) = RangeIn(content.Length, random);
            if (length == 0) { continue; }
            BlockRun run = reader.GetRun(offset, length);
            Assert.InRange(run.LengthBytes, 1, length);
            Assert.True(kinds.AsSpan(offset, (int)run.LengthBytes).IndexOfAnyExcept(run.Kind) < 0);
        }
    }

    [Fact]
    public async Task Threads_may_read_at_once()
    {
        using IBlockReader reader = Create(out byte[] content);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            byte[] buffer = new byte[content.Length];
            for (int i = 0; i < 100; i++)
            {
                (int offset, int length) = RangeIn(content.Length, random);
                if (IsScarred(offset, length)) { continue; }
                reader.Read(offset, buffer.AsSpan(0, length));
                Assert.True(content.AsSpan(offset, length).SequenceEqual(buffer.AsSpan(0, length)));
                if (length > 0) { reader.GetRun(offset, length); }
            }
        })));
    }

    [Fact]
    public void What_was_read_before_is_read_again_without_allocating()
    {
        using IBlockReader reader = Create(out byte[] content);
        byte[] buffer = new byte[512];
        int step = Math.Max(512, content.Length / 7);
        for (int offset = 0; offset + buffer.Length <= content.Length; offset += step)
        {
            if (IsScarred(offset, buffer.Length)) { continue; }
            long allocated = long.MaxValue;

            // The least of several rounds: a collection that other tests cause in between is counted to this
            // thread.
            for (int round = 0; round < 10 && allocated > 0; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 50; i++)
                {
                    reader.Read(offset, buffer);
                    reader.GetRun(offset, buffer.Length);
                }
                allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
            }
            Assert.Equal(0, allocated);
        }
    }

    /// <summary>Walks all runs and holds each against the content.</summary>
    protected void AssertRuns(IBlockReader reader, byte[] content)
    {
        byte[] buffer = new byte[content.Length];
        long offset = 0;
        while (offset < reader.Length)
        {
            long asked = reader.Length - offset;
            BlockRun run = reader.GetRun(offset, asked);
            Assert.InRange(run.LengthBytes, 1, asked);
            Span<byte> bytes = content.AsSpan((int)offset, (int)run.LengthBytes);
            Assert.Equal(run.Kind == RunKind.Unreadable, IsScarred(offset, run.LengthBytes));
            if (run.ReadsAsZero)
            {
                Assert.True(bytes.IndexOfAnyExcept((byte)0) < 0, $"{run.Kind} at {offset} is not zero");
            }
            if (run is { Kind: RunKind.Data, File: { } file })
            {
                Span<byte> stored = buffer.AsSpan(0, bytes.Length);
                file.Read(run.HostOffset, stored);
                Assert.True(bytes.SequenceEqual(stored),
                    $"the run at {offset} is not at {run.HostOffset} of the file");
            }
            offset += run.LengthBytes;
        }
        Assert.Equal(reader.Length, offset);
    }

    /// <summary>A random range, ends and empty ones included.</summary>
    protected static (int Offset, int Length) RangeIn(int total, Random random)
    {
        int limit = random.Next(4) switch { 0 => 16, 1 => 1024, 2 => 70_000, _ => total };
        int length = random.Next(Math.Min(limit, total) + 1);
        if (random.Next(2) == 0) { length -= length % 512; }
        int offset = random.Next(total - length + 1);
        if (random.Next(2) == 0) { offset -= offset % 512; }
        return random.Next(10) switch
        {
            0 => (0, length),
            1 => (total - length, length),
            _ => (offset, length),
        };
    }

    private bool IsScarred(long offset, long length) =>
        length > 0 && Scars.Any(scar => scar.Offset < offset + length && scar.Offset + scar.Length > offset);
}
