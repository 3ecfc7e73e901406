using System.Buffers.Binary;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk.StreamOptimized;

/// <summary>The full check: quiet on good files, and every kind of damage has its name.</summary>
public sealed class StreamCheckTests
{
    private const int Grain = StreamRecipe.GrainBytes;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Good_files_have_no_findings(bool isStream)
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        (StreamCheckResult result, FindingList findings) =
            Check(isStream ? recipe.BuildStream() : recipe.BuildRandomAccess());
        Assert.Empty(findings.Items);
        Assert.Equal(new StreamCheckResult(10, 0, 0), result);
    }

    [Fact]
    public void Damaged_grains_are_counted_and_told_in_order()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] bytes = recipe.BuildStream();
        foreach (int grain in (int[])[1535, 5, 512]) { bytes[recipe.MarkerOffsets[grain] + 300] ^= 0x40; }
        (StreamCheckResult result, FindingList findings) = Check(bytes);
        Assert.Equal(new StreamCheckResult(10, 3, (2 * Grain) + (28 * 512)), result);
        Assert.All(findings.Items, finding => Assert.Equal(StreamFindings.DamagedGrain, finding.Code));
        Assert.Equal(((int[])[5, 512, 1535]).Select(grain => (long?)recipe.MarkerOffsets[grain]),
            findings.Items.Select(finding => finding.OffsetBytes));
    }

    [Fact]
    public void An_entry_that_forgot_its_grain_is_told()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] bytes = recipe.BuildStream();
        bytes.AsSpan(recipe.TableOffsets[0] + (6 * 4), 4).Clear();
        (_, FindingList findings) = Check(bytes);
        Finding finding = Assert.Single(findings.Items);
        Assert.Equal((StreamFindings.OrphanGrain, (long?)recipe.MarkerOffsets[6]),
            (finding.Code, finding.OffsetBytes));
    }

    [Fact]
    public void An_entry_that_leads_to_another_grain_is_told()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] bytes = recipe.BuildStream();
        BinaryPrimitives.WriteInt32LittleEndian(
            bytes.AsSpan(recipe.TableOffsets[0] + (6 * 4)), recipe.MarkerOffsets[5] / 512);
        (StreamCheckResult result, FindingList findings) = Check(bytes);
        Assert.Equal(new StreamCheckResult(10, 1, Grain), result);
        Assert.Equal([StreamFindings.DamagedGrain, StreamFindings.TableDisagrees],
            findings.Items.Select(finding => finding.Code));
    }

    [Fact]
    public void A_cut_file_of_either_dialect_tells_what_is_lost()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] front = recipe.BuildRandomAccess();
        (StreamCheckResult result, FindingList findings) =
            Check(front[..(recipe.MarkerOffsets[1100] + 2000)]);

        // Grain 1100 is cut in its data, the entry of grain 1535 leads out of the file.
        Assert.Equal(new StreamCheckResult(9, 1, Grain + (28 * 512)), result);
        Assert.Equal([StreamFindings.Truncated, StreamFindings.DamagedGrain, StreamFindings.DamagedGrain],
            findings.Items.Select(finding => finding.Code));
        byte[] stream = recipe.BuildStream();
        (result, findings) = Check(stream[..(recipe.MarkerOffsets[1100] + 2000)]);
        Assert.Equal(new StreamCheckResult(8, 0, (recipe.CapacitySectors * 512) - (701L * Grain)), result);
        Assert.Equal(StreamFindings.Truncated, Assert.Single(findings.Items).Code);
    }

    [Fact]
    public void Tables_that_name_more_grains_than_fit_end_the_check()
    {
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[] bytes = recipe.BuildStream();
        int marker = recipe.MarkerOffsets[0] / 512;
        foreach (int table in recipe.TableOffsets)
        {
            for (int entry = 0; entry < 512; entry++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(table + (entry * 4)), marker);
            }
        }
        Assert.True(bytes.Length / 512 < 3 * 512);
        (_, FindingList findings) = Check(bytes);
        Assert.Contains(findings.Items, finding => finding.Message.Contains("can hold"));
    }

    [Fact]
    public void Random_damage_anywhere_is_an_answer_and_never_another_exception()
    {
        var random = new Random(23);
        StreamRecipe recipe = StreamReaderTests.ThreeTables();
        byte[][] originals = [recipe.BuildStream(), StreamReaderTests.ThreeTables().BuildRandomAccess()];
        var buffer = new byte[Grain];
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = [.. originals[round % 2]];
            for (int change = 0; change <= round % 5; change++)
            {
                // Half of the changes go where structure is: header, footer, tables, markers.
                int at = random.Next(4) switch
                {
                    0 => random.Next(80),
                    1 => bytes.Length - 1 - random.Next(8192),
                    2 => random.Next(bytes.Length / 512) * 512 + random.Next(16),
                    _ => random.Next(bytes.Length),
                };
                bytes[at] = (byte)random.Next(256);
            }
            try
            {
                using StreamOptimizedReader reader = StreamRecipe.Open(bytes);
                for (long grain = 0; grain < 1100; grain += 5)
                {
                    if ((grain + 1) * Grain > reader.Length) { break; }
                    reader.GetRun(grain * Grain, Grain);
                    try { reader.Read(grain * Grain, buffer); }
                    catch (BlockException) { }
                }
                Check(bytes);
            }
            catch (ImageException)
            {
                // Refused by name: an answer too.
            }
        }
    }

    private static (StreamCheckResult Result, FindingList Findings) Check(byte[] bytes)
    {
        var findings = new FindingList();
        using HostFile file = StreamRecipe.AsFile(bytes);
        return (StreamOptimizedCheck.Run(file, findings, null, TestContext.Current.CancellationToken),
            findings);
    }
}
