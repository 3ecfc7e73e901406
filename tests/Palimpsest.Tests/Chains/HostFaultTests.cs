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
/// The host fails at the N-th call, once or from then on, for every N, or runs full. What fails is said by a
/// <see cref="BlockException"/>; what succeeded is there afterwards; the tables stay sound.
/// </summary>
public sealed class HostFaultTests
{
    public static TheoryData<string, bool, string, bool> Faults
    {
        get
        {
            var data = new TheoryData<string, bool, string, bool>();
            foreach (string kind in (string[])[CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse,
                CreateTypes.VmfsSparse])
            {
                foreach (bool isDelta in (bool[])[false, true])
                {
                    if (isDelta && kind == CreateTypes.MonolithicFlat) { continue; }
                    foreach (HostOperation operation in Enum.GetValues<HostOperation>())
                    {
                        data.Add(kind, isDelta, operation.ToString(), false);
                        data.Add(kind, isDelta, operation.ToString(), true);
                    }
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_call_that_fails_is_told_and_loses_nothing_else(
        string kind, bool isDelta, string operation, bool isForever)
    {
        int number = 1;
        while (FailsAt(kind, isDelta, Enum.Parse<HostOperation>(operation), number, isForever)) { number++; }
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicSparse, false)]
    [InlineData(CreateTypes.MonolithicSparse, true)]
    [InlineData(CreateTypes.VmfsSparse, false)]
    [InlineData(CreateTypes.VmfsSparse, true)]
    public void A_full_host_is_told_and_loses_nothing(string kind, bool isDelta)
    {
        for (int room = 0; room < 300_000; room += 20_000)
        {
            var work = new Workload(kind, isDelta);
            work.Host.RoomBytes = work.Host.Files.Sum(file => work.Host.Get(file).Length + 4096L) + room;
            work.Run();
            work.Host.RoomBytes = long.MaxValue;
            work.AssertKept($"{kind}, {room} bytes of room");
        }
    }

    // True when the fault was reached, so that a later one may be too.
    private static bool FailsAt(string kind, bool isDelta, HostOperation operation, int number,
        bool isForever)
    {
        var work = new Workload(kind, isDelta);
        work.Host.FailAt(operation, number, isForever);
        long before = work.Host.CountOf(operation);
        work.Run();
        work.Host.Heal();
        work.AssertKept($"{kind}, {operation} {number} fails{(isForever ? " for good" : "")}");
        return work.Host.CountOf(operation) - before >= number;
    }

    /// <summary>Twelve changes of a disk, and which of its sectors are certain afterwards.</summary>
    private sealed class Workload
    {
        private const int SectorCount = 600;
        private readonly string path;
        private readonly Random random = new(RandomCases.Seed);
        private readonly byte[] content;
        private readonly HashSet<int> uncertain = [];
        private bool isClosed;

        internal Workload(string kind, bool isDelta)
        {
            var recipe = new DiskRecipe(Host, random);
            path = isDelta
                ? recipe.Delta(kind, "disk-000001",
                    recipe.Base(CreateTypes.MonolithicFlat, "disk", SectorCount))
                : recipe.Base(kind, "disk", SectorCount);
            using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = Host });
            content = new byte[disk.CapacityBytes];
            disk.Reader.Read(0, content);
        }

        internal SimulatedHost Host { get; } = new();

        internal void Run()
        {
            Disk disk;
            try
            {
                disk = DiskRecipe.OpenForWriting(Host, path);
            }
            catch (Exception error) when (error is BlockException or ImageException)
            {
                // Tables that cannot be read are refused like damaged ones.
                isClosed = true;
                return;
            }
            for (int i = 0; i < 12; i++)
            {
                int sectors = random.Next(1, 60), first = random.Next(SectorCount - sectors);
                byte[] bytes = new byte[sectors * 512];
                random.NextBytes(bytes);
                Attempt(() => disk.Device!.Write(first * 512L, bytes), first, bytes);
                if (i % 4 == 1)
                {
                    Attempt(() => disk.Device!.WriteZeroes(0, 16384, ZeroMode.MayPunch), 0, new byte[16384]);
                }
                if (i % 4 == 3) { Attempt(disk.Device!.Flush, 0, []); }
            }
            isClosed = Attempt(disk.Dispose, 0, []);
        }

        internal void AssertKept(string what)
        {
            using Disk disk = Disk.Open(path, new DiskOpenOptions { Host = Host });
            foreach (LinkExtent extent in disk.Links[0].Extents) { AssertSound(extent, what); }

            // When closing failed, what was not flushed may be lost; that it opens and is sound was all that
            // is promised.
            if (!isClosed) { return; }
            byte[] found = new byte[content.Length];
            disk.Reader.Read(0, found);
            for (int sector = 0; sector < SectorCount; sector++)
            {
                if (uncertain.Contains(sector)) { continue; }
                Span<byte> expected = content.AsSpan(sector * 512, 512);
                if (!expected.SequenceEqual(found.AsSpan(sector * 512, 512)))
                {
                    Assert.Fail($"{what}: sector {sector} is lost");
                }
            }
        }

        // A change that failed may have been made in part; one that returned afterwards makes its sectors
        // certain again.
        private bool Attempt(Action change, int firstSector, byte[] bytes)
        {
            IEnumerable<int> sectors = Enumerable.Range(firstSector, bytes.Length / 512);
            try
            {
                change();
                bytes.CopyTo(content, firstSector * 512);
                uncertain.ExceptWith(sectors);
                return true;
            }
            catch (BlockException error)
            {
                Assert.Contains(error.Kind, (BlockErrorKind[])[BlockErrorKind.Io, BlockErrorKind.NoSpace]);
                uncertain.UnionWith(sectors);
                return false;
            }
        }

        private void AssertSound(LinkExtent extent, string what)
        {
            if (extent.Line.Type is not (ExtentType.Sparse or ExtentType.VmfsSparse)) { return; }
            using HostFile file = Host.Open(extent.Path!, HostAccess.Read);
            var findings = new FindingList();
            if (extent.Line.Type == ExtentType.Sparse) { HostedSparseCheck.Run(file, findings); }
            else { CowdCheck.Run(file, findings); }
            Finding? damage = findings.Items.FirstOrDefault(finding =>
                finding.Severity >= Severity.Error
                && (isClosed || finding.Code != SparseFindings.TablesDiffer)
                && (isClosed || finding.Code != SparseFindings.DirectoriesDiffer));
            Assert.True(damage is null, $"{what}: {damage}");
        }
    }
}
