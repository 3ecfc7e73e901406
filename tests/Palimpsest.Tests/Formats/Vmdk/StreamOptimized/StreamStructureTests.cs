using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>The structures lie where the format's README says.</summary>
public sealed class StreamStructureTests
{
    [Fact]
    public void Marker_fields_lie_where_the_table_says()
    {
        Assert.Equal(16, Unsafe.SizeOf<StreamMarker>());
        Assert.Equal(StreamMarker.SizeBytes, Unsafe.SizeOf<StreamMarker>());
        Assert.Equal(0, OffsetOf<StreamMarker>(nameof(StreamMarker.Value)));
        Assert.Equal(8, OffsetOf<StreamMarker>(nameof(StreamMarker.Size)));
        Assert.Equal(12, OffsetOf<StreamMarker>(nameof(StreamMarker.Type)));
        Assert.Equal(12, StreamMarker.GrainDataOffset);
    }

    [Theory]
    [InlineData(nameof(SparseHeader.Magic), 0)]
    [InlineData(nameof(SparseHeader.Version), 4)]
    [InlineData(nameof(SparseHeader.Flags), 8)]
    [InlineData(nameof(SparseHeader.Capacity), 12)]
    [InlineData(nameof(SparseHeader.GrainSize), 20)]
    [InlineData(nameof(SparseHeader.DescriptorOffset), 28)]
    [InlineData(nameof(SparseHeader.DescriptorSize), 36)]
    [InlineData(nameof(SparseHeader.TableEntries), 44)]
    [InlineData(nameof(SparseHeader.RedundantDirectoryOffset), 48)]
    [InlineData(nameof(SparseHeader.DirectoryOffset), 56)]
    [InlineData(nameof(SparseHeader.OverHead), 64)]
    [InlineData(nameof(SparseHeader.UncleanShutdown), 72)]
    [InlineData(nameof(SparseHeader.SingleEndLineChar), 73)]
    [InlineData(nameof(SparseHeader.CompressAlgorithm), 77)]
    public void Header_fields_lie_where_the_specification_says(string field, int offset) =>
        Assert.Equal(offset, OffsetOf<SparseHeader>(field));

    private static int OffsetOf<T>(string property) =>
        (int)Marshal.OffsetOf<T>($"<{property}>k__BackingField");
}
