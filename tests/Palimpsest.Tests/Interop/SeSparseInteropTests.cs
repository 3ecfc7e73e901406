using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Tests.Formats.Vmdk;
using Palimpsest.Tests.Formats.Vmdk.SeSparse;
using Xunit;

namespace Palimpsest.Tests.Interop;

public sealed class SeSparseInteropTests
{
    [Theory]
    [InlineData(41)]
    [InlineData(42)]
    public void QemuReadsTheSameBytes(int seed)
    {
        const long Capacity = 40L << 20;
        using var scratch = new SparseScratch();
        SeSparseSample.Write(scratch, "x-sesparse.vmdk", Capacity, seed);
        File.WriteAllText(scratch["x.vmdk"], $"""
            # Disk DescriptorFile
            version=1
            CID=12345678
            parentCID=ffffffff
            createType="seSparse"

            # Extent description
            RW {Capacity / 512} SESPARSE "x-sesparse.vmdk"

            # The Disk Data Base
            #DDB

            ddb.adapterType = "lsilogic"

            """);
        using var reader = SeSparseReader.Open(scratch.OpenRead("x-sesparse.vmdk"), new FindingList());
        Assert.True(SparseQemu.ToRaw(scratch["x.vmdk"]).AsSpan().SequenceEqual(
            SparseScratch.ReadAll(reader)));
    }
}
