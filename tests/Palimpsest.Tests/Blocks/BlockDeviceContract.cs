using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Xunit;

namespace Palimpsest.Tests.Blocks;

/// <summary>What holds for every <see cref="IBlockDevice"/> beside what holds for every reader.</summary>
public abstract class BlockDeviceContract : BlockReaderContract
{
    /// <summary>A fresh device, and the bytes it shows.</summary>
    protected abstract IBlockDevice CreateDevice(out byte[] content);

    /// <inheritdoc/>
    protected sealed override IBlockReader Create(out byte[] content) => CreateDevice(out content);

    [Fact]
    public void What_was_written_is_read()
    {
        using IBlockDevice device = CreateDevice(out byte[] content);
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            (int offset, int length) = RangeIn(content.Length, random);
            random.NextBytes(content.AsSpan(offset, length));
            device.Write(offset, content.AsSpan(offset, length));
            if (i % 50 == 49) { device.Flush(); }
        }
        AssertContent(device, content);
        AssertRuns(device, content);
    }

    [Theory]
    [InlineData(ZeroMode.MayPunch)]
    [InlineData(ZeroMode.KeepAllocated)]
    [InlineData(ZeroMode.OnlyIfFast)]
    public void What_was_zeroed_reads_as_zeros(ZeroMode mode)
    {
        using IBlockDevice device = CreateDevice(out byte[] content);
        var random = new Random(4);
        for (int i = 0; i < 100; i++)
        {
            (int offset, int length) = RangeIn(content.Length, random);
            try
            {
                device.WriteZeroes(offset, length, mode);
                content.AsSpan(offset, length).Clear();
            }
            catch (BlockException error) when (mode == ZeroMode.OnlyIfFast)
            {
                // Then nothing was done, which the comparison below sees.
                Assert.Equal(BlockErrorKind.Unsupported, error.Kind);
            }
            AssertContent(device, content);
            (offset, length) = RangeIn(content.Length, random);
            random.NextBytes(content.AsSpan(offset, length));
            device.Write(offset, content.AsSpan(offset, length));
        }
        AssertContent(device, content);
        AssertRuns(device, content);
    }

    [Fact]
    public void What_was_discarded_reads_as_before_or_as_zeros()
    {
        using IBlockDevice device = CreateDevice(out byte[] content);
        var random = new Random(5);
        for (int i = 0; i < 50; i++)
        {
            (int offset, int length) = RangeIn(content.Length, random);
            device.Discard(offset, length);
            byte[] after = ReadAll(device);
            for (int place = 0; place < after.Length; place++)
            {
                bool isInside = place >= offset && place < offset + length;
                if (after[place] != content[place] && !(isInside && after[place] == 0))
                {
                    Assert.Fail($"foreign byte at {place}");
                }
            }
            content = after;
            (offset, length) = RangeIn(content.Length, random);
            random.NextBytes(content.AsSpan(offset, length));
            device.Write(offset, content.AsSpan(offset, length));
        }
        AssertContent(device, content);
        AssertRuns(device, content);
    }

    [Fact]
    public void Changes_outside_of_it_are_the_callers_mistake_and_change_nothing()
    {
        using IBlockDevice device = CreateDevice(out byte[] content);
        long length = device.Length;
        byte[] two = [0xEE, 0xEE];
        foreach (long offset in (long[])[-1, length - 1, length, length + 1, long.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Write(offset, two));
            Assert.Throws<ArgumentOutOfRangeException>(
                () => device.WriteZeroes(offset, 2, ZeroMode.MayPunch));
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Discard(offset, 2));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => device.WriteZeroes(0, -1, ZeroMode.MayPunch));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Discard(0, -1));
        AssertContent(device, content);
    }

    [Fact]
    public void Changing_nothing_is_allowed_at_both_ends()
    {
        using IBlockDevice device = CreateDevice(out byte[] content);
        foreach (long offset in (long[])[0, device.Length])
        {
            device.Write(offset, []);
            device.WriteZeroes(offset, 0, ZeroMode.KeepAllocated);
            device.WriteZeroes(offset, 0, ZeroMode.OnlyIfFast);
            device.Discard(offset, 0);
        }
        device.Flush();
        device.Flush();
        AssertContent(device, content);
    }

    [Fact]
    public async Task Threads_may_write_to_different_places_at_once()
    {
        using IBlockDevice device = CreateDevice(out byte[] content);
        const int ThreadCount = 4;

        // Sector by sector in turn, so that several threads meet in every grain.
        await Task.WhenAll(Enumerable.Range(0, ThreadCount).Select(thread => Task.Run(() =>
        {
            byte[] sector = new byte[512];
            for (int offset = thread * 512; offset + 512 <= content.Length; offset += ThreadCount * 512 * 3)
            {
                Array.Fill(sector, (byte)(1 + thread + (offset / 512 % 200)));
                device.Write(offset, sector);
                sector.CopyTo(content, offset);
            }
        })));
        AssertContent(device, content);
        AssertRuns(device, content);
    }

    private static byte[] ReadAll(IBlockReader reader)
    {
        byte[] bytes = new byte[reader.Length];
        reader.Read(0, bytes);
        return bytes;
    }

    private static void AssertContent(IBlockReader reader, byte[] content)
    {
        byte[] found = ReadAll(reader);
        int common = found.AsSpan().CommonPrefixLength(content);
        Assert.True(common == content.Length, $"byte {common} differs");
    }
}
