using Palimpsest.Cli.Options;
using Xunit;

namespace Palimpsest.Tests.Cli;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("512", 512)]
    [InlineData("512B", 512)]
    [InlineData("1K", 1024)]
    [InlineData("512k", 524288)]
    [InlineData("64M", 67108864)]
    [InlineData("40G", 42949672960)]
    [InlineData("40GiB", 42949672960)]
    [InlineData("40 GB", 42949672960)]
    [InlineData("1.5G", 1610612736)]
    [InlineData("2T", 2199023255552)]
    [InlineData("7E", 8070450532247928832)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void SizesAreExactPowersOfTwo(string text, long bytes) =>
        Assert.Equal(bytes, ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("-1")]
    [InlineData("1X")]
    [InlineData("1GG")]
    [InlineData("1e9")]
    [InlineData("0x200")]
    [InlineData("1,5G")]
    [InlineData("1.2.3")]
    [InlineData("٣")]
    public void WhatIsNoSizeIsRefused(string text)
    {
        Assert.Null(ByteSize.TryParse(text, out string reason));
        Assert.Contains("is not a size", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8E")]
    [InlineData("9223372036854775808")]
    [InlineData("79228162514264337593543950335E")]
    public void OverflowIsRefused(string text)
    {
        Assert.Null(ByteSize.TryParse(text, out string reason));
        Assert.Contains("too large", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void FractionsOfBytesAreRefused()
    {
        Assert.Null(ByteSize.TryParse("0.3", out string reason));
        Assert.Contains("whole number", reason, StringComparison.Ordinal);
    }
}
