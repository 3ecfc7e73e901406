using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Changes;

/// <summary>
/// The power goes, or the process is killed, while a descriptor is replaced, by itself or for the new content id that
/// the first write brings: it is the old or the new, and a child never reads a parent that was written to.
/// </summary>
public sealed class DescriptorCutTests
{
    private const string Extent = DiskRecipe.Folder + "disk.vmdk";

    // The area has 20 sectors.
    [Theory]
    [InlineData(400, 400)]
    [InlineData(400, 1500)]
    [InlineData(1500, 400)]
    [InlineData(500, 520)]
    [InlineData(1023, 1025)]
    [InlineData(5000, 5000)]
    [InlineData(4600, 4607)]
    [InlineData(5119, 5120)]
    [InlineData(10_240, 9000)]
    [InlineData(300, 5100)]
    [InlineData(5100, 300)]
    public void An_embedded_descriptor_is_the_old_or_the_new(int oldBytes, int newBytes)
    {
        byte[] before = Text('o', oldBytes), after = Text('n', newBytes);
        var host = new SimulatedHost();
        using (HostFile file = host.Open(Extent, HostAccess.CreateNew))
        {
            HostedSparseFile.Create(file, new HostedSparseCreation
            {
                CapacityBytes = 1 << 20, EmbeddedDescriptor = before,
            });
        }
        byte[] wholeBefore = host.Get(Extent);
        new CutEverywhere(host)
        {
            Name = $"embedded descriptor of {oldBytes} bytes replaced by one of {newBytes}",
            Operation = other =>
            {
                using HostFile file = other.Open(Extent, HostAccess.ReadWrite);
                EmbeddedDescriptor.Replace(file, after);
            },
            AssertInvariant = other =>
            {
                byte[] found = TextIn(other);
                Assert.True(found.AsSpan().SequenceEqual(before) || found.AsSpan().SequenceEqual(after),
                    Encoding.ASCII.GetString(found));
            },
            AssertFinal = other =>
            {
                Assert.Equal(after, TextIn(other));

                // Nothing else of the file changed. What was behind its end when the power went may have stayed there.
                byte[] whole = other.Get(Extent)[..wholeBefore.Length];
                wholeBefore.AsSpan(Sector.Bytes, 20 * Sector.Bytes).CopyTo(whole.AsSpan(Sector.Bytes));
                Assert.Equal(wholeBefore, whole);
            },
            RecoveryStride = 1,
        }.Run();
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, false)]
    [InlineData(CreateTypes.Vmfs, true)]
    [InlineData(CreateTypes.MonolithicSparse, false)]
    [InlineData(CreateTypes.MonolithicSparse, true)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, false)]
    [InlineData(CreateTypes.VmfsSparse, true)]
    public void A_child_never_reads_a_parent_that_was_written_to(string kind, bool hasTracking)
    {
        var scene = new ChainScene(RandomCases.Seed, kind, CreateTypes.VmfsSparse);
        string parent = scene.Paths[0];
        if (hasTracking) { AddTracking(scene.Host, parent); }
        byte[] written = new byte[3 * Sector.Bytes];
        new Random(RandomCases.Seed).NextBytes(written);
        byte[] after = [.. scene.Contents[parent]];
        written.CopyTo(after, 40 * Sector.Bytes);
        new CutEverywhere(scene.Host)
        {
            Name = $"first write to {kind}{(hasTracking ? ", with change tracking" : "")}",
            Operation = host => Write(host, parent, written),
            AssertInvariant = host =>
            {
                scene.AssertOneOfOrRefused(host, scene.Head, scene.Head);
                AssertWrittenOrNot(host, parent, scene.Contents[parent], after);
            },
            AssertFinal = host =>
            {
                Assert.True(ChainScene.Read(host, parent).AsSpan().SequenceEqual(after));
                Assert.Throws<ImageException>(() => ChainScene.Read(host, scene.Head));
                using Disk disk = Disk.Open(parent, ChainScene.On(host));
                Assert.Null(disk.Links[0].Descriptor!.ChangeTrackPath);
            },
            RecoveryStride = 2,
        }.Run();
    }

    private static byte[] Text(char letter, int length)
    {
        var text = new StringBuilder("# Disk DescriptorFile\nversion=1\n");
        while (text.Length < length) { text.Append(letter, Math.Min(60, length - text.Length - 1)).Append('\n'); }
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    // The text as whoever opens the disk finds it.
    private static byte[] TextIn(SimulatedHost host)
    {
        using HostFile file = host.Open(Extent, HostAccess.Read);
        var findings = new FindingList();
        EmbeddedDescriptorArea area = HostedSparseLayout.Load(file, findings)!.EmbeddedDescriptor!.Value;
        byte[] bytes = new byte[area.LengthBytes];
        file.Read(area.OffsetBytes, bytes);
        int end = Array.IndexOf(bytes, (byte)0);
        return end < 0 ? bytes : bytes[..end];
    }

    private static void AddTracking(SimulatedHost host, string path)
    {
        Link link = LinkProbe.Read(host, path, new FindingList());
        var editor = new DescriptorEditor(link.Descriptor!);
        editor.Set("changeTrackPath", "disk-ctk.vmdk");
        DescriptorStore.Write(host, link.DescriptorPlace!, editor.ToBytes());
    }

    // As a user does: what a cut left of the tables is repaired before the disk is written to again.
    private static void Write(SimulatedHost host, string path, byte[] bytes)
    {
        Disk disk;
        try
        {
            disk = DiskRecipe.OpenForWriting(host, path);
        }
        catch (ImageException error) when (error.Reason.Code == SparseFindings.NotClosedAndDamaged)
        {
            DiskRepair.Apply(DiskRepair.Plan(path, ChainScene.On(host), new RepairOptions()));
            disk = DiskRecipe.OpenForWriting(host, path);
        }
        using (disk) { disk.Device!.Write(40 * Sector.Bytes, bytes); disk.Device.Flush(); }
    }

    // Sector by sector: a guest's own writes are its own to order.
    private static void AssertWrittenOrNot(SimulatedHost host, string path, byte[] before, byte[] after)
    {
        byte[] found = ChainScene.Read(host, path);
        for (int at = 0; at < found.Length; at += Sector.Bytes)
        {
            ReadOnlySpan<byte> sector = found.AsSpan(at, Sector.Bytes);
            Assert.True(sector.SequenceEqual(before.AsSpan(at, Sector.Bytes))
                || sector.SequenceEqual(after.AsSpan(at, Sector.Bytes)), $"sector {at / Sector.Bytes}");
        }
    }
}
