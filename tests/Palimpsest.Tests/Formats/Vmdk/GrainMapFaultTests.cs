using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>
/// A table or directory that the host cannot read is the host's error, told with its place, and is asked for
/// again the next time.
/// </summary>
public sealed class GrainMapFaultTests
{
    private const string Path = "/vm/d.vmdk";
    private const int GrainBytes = 65536;

    // Of an extent up to 32 MiB without a descriptor: directory at sector 6, its only table at 7.
    private const long HostedTable = 7 * 512, HostedDirectory = 6 * 512;

    [Fact]
    public void ATableThatFailsOnceIsReadFromItsCopyOrAgain()
    {
        SimulatedHost host = HostWithHosted(out byte[] content);
        using HostedSparseReader reader =
            HostedSparseReader.Open(host.Open(Path, HostAccess.Read), new FindingList());
        host.FailAt(HostOperation.Read, 1, isForever: false);
        AssertReads(reader, content);
    }

    [Fact]
    public void ATableThatFailsIsTheHostsErrorAndIsNotRemembered()
    {
        SimulatedHost host = HostWithHosted(out byte[] content);
        using HostedSparseReader reader =
            HostedSparseReader.Open(host.Open(Path, HostAccess.Read), new FindingList());
        host.FailAt(HostOperation.Read, 1, isForever: true);
        AssertFails(() => reader.Read(0, new byte[512]), HostedTable);
        AssertFails(() => reader.Read(0, new byte[512]), HostedTable);
        Assert.Equal(RunKind.Unreadable, reader.GetRun(0, content.Length).Kind);
        host.Heal();
        Assert.Equal(RunKind.Data, reader.GetRun(0, content.Length).Kind);
        AssertReads(reader, content);
    }

    [Fact]
    public void ADirectoryThatFailsIsTheHostsErrorAndIsNotRemembered()
    {
        SimulatedHost host = HostWithHosted(out byte[] content);
        using HostFile file = host.Open(Path, HostAccess.Read);
        var map = new GrainMap(file, HostedSparseLayout.Load(file, new FindingList())!.Geometry);
        host.FailAt(HostOperation.Read, 1, isForever: true);
        AssertFails(() => map.Read(0, new byte[512]), HostedDirectory);
        AssertFails(() => map.PointersOf(0), HostedDirectory);
        host.Heal();
        byte[] found = new byte[content.Length];
        map.Read(0, found);
        Assert.Equal(content, found);
        Assert.Equal((7u, 2u), map.PointersOf(0));
    }

    [Fact]
    public void ACowdTableThatFailsIsTheHostsErrorAndIsNotRemembered()
    {
        var host = new SimulatedHost();
        using (HostFile file = host.Open(Path, HostAccess.CreateNew))
        {
            CowdFile.Create(file, new CowdCreation { CapacityBytes = 1 << 20 });
        }
        using (CowdDevice device = CowdDevice.Open(
            host.Open(Path, HostAccess.ReadWrite), new FindingList(), false))
        {
            device.Write(0, new byte[] { 1, 2, 3 });
        }
        using CowdReader reader = CowdReader.Open(host.Open(Path, HostAccess.Read), new FindingList());
        host.FailAt(HostOperation.Read, 1, isForever: true);
        BlockException error = Assert.Throws<BlockException>(() => reader.Read(0, new byte[3]));
        Assert.Equal((BlockErrorKind.Io, Path), (error.Kind, error.Path));
        host.Heal();
        AssertReads(reader, [1, 2, 3]);
    }

    [Fact]
    public void AWriteUnderATableThatFailsIsTheHostsErrorAndWorksLater()
    {
        SimulatedHost host = HostWithHosted(out _);
        using HostedSparseDevice device = HostedSparseDevice.Open(
            host.Open(Path, HostAccess.ReadWrite), new FindingList(), false);
        byte[] bytes = [9, 8, 7];
        host.FailAt(HostOperation.Read, 1, isForever: true);
        BlockException error = Assert.Throws<BlockException>(() => device.Write(3 * GrainBytes, bytes));
        Assert.Equal((BlockErrorKind.Io, Path), (error.Kind, error.Path));
        host.Heal();
        device.Write(3 * GrainBytes, bytes);
        byte[] found = new byte[3];
        device.Read(3 * GrainBytes, found);
        Assert.Equal(bytes, found);
    }

    private static void AssertFails(Action read, long hostOffset)
    {
        BlockException error = Assert.Throws<BlockException>(read);
        Assert.Equal((BlockErrorKind.Io, Path, hostOffset), (error.Kind, error.Path, error.OffsetBytes!.Value));
    }

    private static void AssertReads(IBlockReader reader, byte[] content)
    {
        byte[] found = new byte[content.Length];
        reader.Read(0, found);
        Assert.Equal(content, found);
    }

    private static SimulatedHost HostWithHosted(out byte[] content)
    {
        var host = new SimulatedHost();
        using (HostFile file = host.Open(Path, HostAccess.CreateNew))
        {
            HostedSparseFile.Create(file, new HostedSparseCreation { CapacityBytes = 8 << 20 });
        }
        content = new byte[GrainBytes];
        new Random(11).NextBytes(content);
        using HostedSparseDevice device = HostedSparseDevice.Open(
            host.Open(Path, HostAccess.ReadWrite), new FindingList(), false);
        device.Write(0, content);
        return host;
    }
}
