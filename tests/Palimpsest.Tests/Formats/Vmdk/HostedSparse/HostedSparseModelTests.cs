using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.HostedSparse;

public sealed class HostedSparseModelTests
{
    // Not whole grains, more than one table.
    private const long Capacity = (40L << 20) + (3 * 512);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void DeviceIsWhatWasWritten(int seed, bool hasParent)
    {
        using var scratch = new SparseScratch();
        using (var file = scratch.Create("m.vmdk"))
        {
            HostedSparseFile.Create(file, new HostedSparseCreation { CapacityBytes = Capacity });
        }
        var model = new SparseModel(Capacity, seed);
        for (int session = 0; session < 4; session++)
        {
            using (var device = HostedSparseDevice.Open(scratch.OpenWrite("m.vmdk"), new FindingList(),
                hasParent))
            {
                for (int step = 0; step < 250; step++)
                {
                    model.Step(device, hasParent);
                    Assert.True(model.Agrees(device));
                }
                Assert.Equal(model.Content, SparseScratch.ReadAll(device));
            }
            var findings = new FindingList();
            using var reader = HostedSparseReader.Open(scratch.OpenRead("m.vmdk"), findings);
            Assert.Empty(findings.Items);
            Assert.Equal(model.Content, SparseScratch.ReadAll(reader));
            AssertRunsTellTheTruth(reader, model.Content);
        }
    }

    private static void AssertRunsTellTheTruth(HostedSparseReader reader, byte[] content)
    {
        for (long offset = 0; offset < reader.Length;)
        {
            BlockRun run = reader.GetRun(offset, reader.Length - offset);
            Assert.InRange(run.LengthBytes, 1, reader.Length - offset);
            Span<byte> expected = content.AsSpan((int)offset, (int)run.LengthBytes);
            if (run.ReadsAsZero)
            {
                Assert.Equal(-1, expected.IndexOfAnyExcept((byte)0));
            }
            else
            {
                Assert.Equal(RunKind.Data, run.Kind);
                byte[] stored = new byte[run.LengthBytes];
                run.File!.Read(run.HostOffset, stored);
                Assert.True(expected.SequenceEqual(stored));
            }
            offset += run.LengthBytes;
        }
    }
}
