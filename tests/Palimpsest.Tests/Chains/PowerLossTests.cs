using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>
/// The power goes at every change of the host that writing a disk makes; unflushed changes are kept, lost, or
/// torn sector by sector. After each the disk opens, its tables are sound, and what was flushed is there.
/// </summary>
public sealed class PowerLossTests
{
    private const int TornVariants = 4;

    /// <summary>What a cut may leave behind; everything else is damage.</summary>
    private static readonly FindingCode[] Harmless =
    [
        SparseFindings.NotClosed, SparseFindings.NotClosedButSound, SparseFindings.Leaked,
        SparseFindings.TablesDiffer,
        SparseFindings.DirectoriesDiffer, SparseFindings.ZeroEntryUnannounced, CowdFindings.NotClosed,
        CowdFindings.NotClosedButSound, CowdFindings.Leaked,
    ];

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, false)]
    [InlineData(CreateTypes.TwoGbMaxExtentFlat, false)]
    [InlineData(CreateTypes.MonolithicSparse, false)]
    [InlineData(CreateTypes.MonolithicSparse, true)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, false)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, true)]
    [InlineData(CreateTypes.VmfsSparse, false)]
    [InlineData(CreateTypes.VmfsSparse, true)]
    public void Writing_a_disk_survives_a_cut_anywhere(string kind, bool isDelta)
    {
        for (int round = 0; round < 3; round++)
        {
            int seed = RandomCases.Seed + round;
            var random = new Random(seed);
            var host = new SimulatedHost();
            var recipe = new DiskRecipe(host, random);
            string path = isDelta
                ? recipe.Delta(kind, "disk-000001", recipe.Base(CreateTypes.MonolithicFlat, "disk", 1200))
                : recipe.Base(kind, "disk", 1200);
            uint oldId = ContentIdOf(host, path);
            HostJournal journal = host.Record();
            SectorHistory history = WriteAtRandom(host, path, journal, random);
            for (int cut = 0; cut <= journal.Count; cut++)
            {
                foreach ((CutVariant variant, int tear) in Variants())
                {
                    string what =
                        $"{kind}, PALIMPSEST_SEED={seed}, cut {cut} of {journal.Count}, {variant} {tear}";
                    AssertSurvives(journal.HostAfterCut(cut, variant, tear), path, oldId, history, cut, what);
                }
            }
        }
    }

    [Fact]
    public void Replacing_a_file_leaves_the_old_or_the_new()
    {
        const string Path = "/vm/disk.vmdk";
        byte[] before = Enumerable.Repeat((byte)'o', 3000).ToArray(),
            after = Enumerable.Repeat((byte)'n', 2000).ToArray();
        var host = new SimulatedHost();
        host.Put(Path, before);
        HostJournal journal = host.Record();
        AtomicFile.Replace(host, Path, after);
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int tear) in Variants())
            {
                byte[] found = journal.HostAfterCut(cut, variant, tear).Get(Path);
                bool isOld = found.AsSpan().SequenceEqual(before),
                    isNew = found.AsSpan().SequenceEqual(after);
                Assert.True(isOld || isNew, $"cut {cut}, {variant}: {found.Length} bytes");
                Assert.True(cut < journal.Count || isNew, "the replacement returned, and is not durable");
            }
        }
    }

    [Theory]
    [InlineData(nameof(HostOperation.Write))]
    [InlineData(nameof(HostOperation.Flush))]
    [InlineData(nameof(HostOperation.Rename))]
    public void A_replacement_that_fails_leaves_the_old_and_nothing_else(string operationName)
    {
        var operation = Enum.Parse<HostOperation>(operationName);
        const string Path = "/vm/disk.vmdk";
        for (int number = 1; ; number++)
        {
            var host = new SimulatedHost();
            host.Put(Path, [1, 2, 3]);
            host.FailAt(operation, number, isForever: false);
            try
            {
                AtomicFile.Replace(host, Path, [4, 5]);
                Assert.True(number > 1);
                return;
            }
            catch (BlockException error)
            {
                Assert.Equal(BlockErrorKind.Io, error.Kind);

                // The last flush is the folder's, behind the rename: the new file is there, and not certain
                // to stay.
                bool isRenamed = host.CountOf(HostOperation.Rename) > 0 && operation == HostOperation.Flush;
                Assert.Equal(isRenamed ? [4, 5] : [1, 2, 3], host.Get(Path));
                Assert.Equal([Path], host.Files);
            }
        }
    }

    private static IEnumerable<(CutVariant Variant, int Tear)> Variants()
    {
        yield return (CutVariant.Keep, 0);
        yield return (CutVariant.Drop, 0);
        for (int tear = 0; tear < TornVariants; tear++) { yield return (CutVariant.Tear, tear); }
    }

    private static SectorHistory WriteAtRandom(SimulatedHost host, string path, HostJournal journal,
        Random random)
    {
        Disk disk = DiskRecipe.OpenForWriting(host, path);
        byte[] initial = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, initial);
        var history = new SectorHistory(initial, journal);
        for (int i = 0; i < 20; i++)
        {
            int sectors = random.Next(1, 40), offset = random.Next((initial.Length / 512) - sectors) * 512;
            byte[] bytes = new byte[sectors * 512];
            bool isZero = random.Next(4) == 0;
            if (!isZero) { random.NextBytes(bytes); }
            history.Begin(offset, bytes);
            if (isZero) { disk.Device!.WriteZeroes(offset, bytes.Length, ZeroMode.MayPunch); }
            else { disk.Device!.Write(offset, bytes); }
            if (random.Next(5) == 0) { disk.Device!.Flush(); history.Flushed(); }
        }
        disk.Dispose();
        return history;
    }

    private static void AssertSurvives(
        SimulatedHost host, string path, uint oldId, SectorHistory history, int cut, string what)
    {
        using (Disk disk = OpenAfterCut(host, path, what))
        {
            history.AssertAllowed(disk.Reader, cut, what);
            bool isNewId = disk.Links[0].Descriptor!.ContentId != oldId;
            Assert.True(isNewId || history.IsInitial(disk.Reader), $"{what}: new content under the old CID");
            foreach (LinkExtent extent in disk.Links[0].Extents) { AssertSound(host, extent, what); }
        }
        using Disk mended = OpenAfterCut(host, path, what + ", repaired");
        history.AssertAllowed(mended.Reader, cut, what + ", repaired");
    }

    private static Disk OpenAfterCut(SimulatedHost host, string path, string what)
    {
        try
        {
            return Disk.Open(path, new DiskOpenOptions { Host = host });
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            throw new InvalidOperationException($"{what}: {error.Message}", error);
        }
    }

    private static void AssertSound(SimulatedHost host, LinkExtent extent, string what)
    {
        if (extent.Line.Type is not (ExtentType.Sparse or ExtentType.VmfsSparse)) { return; }
        var findings = new FindingList();
        using HostFile file = host.Open(extent.Path!, HostAccess.Read);
        if (extent.Line.Type == ExtentType.Sparse) { HostedSparseCheck.Run(file, findings); }
        else { CowdCheck.Run(file, findings); }
        Finding? damage = findings.Items.FirstOrDefault(finding => !Harmless.Contains(finding.Code));
        Assert.True(damage is null, $"{what}: {damage}");
        AssertRepairable(host, extent, what);
    }

    // What a cut left is mended without loss, and then the extent is as if it had been closed.
    private static void AssertRepairable(SimulatedHost host, LinkExtent extent, string what)
    {
        using HostFile file = host.Open(extent.Path!, HostAccess.ReadWrite);
        bool isHosted = extent.Line.Type == ExtentType.Sparse;
        IReadOnlyList<PlannedWrite> plan = isHosted
            ? HostedSparseRepair.Plan(file, new FindingList()) : CowdRepair.Plan(file, new FindingList());
        foreach (PlannedWrite write in plan) { file.Write(write.OffsetBytes, write.Bytes); }
        var findings = new FindingList();
        bool isSound = isHosted
            ? HostedSparseCheck.Run(file, findings).IsSound : CowdCheck.Run(file, findings).IsSound;
        bool isMended = isSound && findings.Worst is null or Severity.Info;
        Assert.True(isMended, $"{what}: after the repair: {string.Join(", ", findings.Items)}");
    }

    private static uint ContentIdOf(SimulatedHost host, string path)
    {
        using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = host });
        return disk.Links[0].Descriptor!.ContentId!.Value;
    }
}
