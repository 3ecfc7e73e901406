using System.Buffers.Binary;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>
/// Repairs of descriptors and tables: what changes, what stays, what is kept, and what a cut leaves.
/// </summary>
public sealed class DiskRepairTests : IDisposable
{
    private const string Rest =
        "createType=\"monolithicFlat\"\n# Extent description\nRW 8 FLAT \"d-flat.vmdk\" 0\n"
        + "\nddb.adapterType = \"ide\"\nmyKey=\"kept\"\n";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("\nversion=1\nCID=12345678\nparentCID=ffffffff\n"
        + Rest, "version=1\n\nCID=12345678\nparentCID=ffffffff\n" + Rest)]
    [InlineData("encoding=\"UTF-8\"\nversion=1\nCID=12345678\nparentCID=ffffffff\n" + Rest,
        "version=1\nencoding=\"UTF-8\"\nCID=12345678\nparentCID=ffffffff\n" + Rest)]
    [InlineData("# Disk DescriptorFile\nCID=12345678\nparentCID=ffffffff\n" + Rest,
        "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n" + Rest)]
    [InlineData("version=1\nCID=1234\nparentCID=ffffffff\n"
        + Rest, "version=1\nCID=00001234\nparentCID=ffffffff\n" + Rest)]
    [InlineData("version=1\nparentCID=ffffffff\nCID=12345678\n"
        + Rest, "version=1\nCID=12345678\nparentCID=ffffffff\n" + Rest)]
    [InlineData("version=1\nCID=12345678\nparentCID=ffffffff\n" + Rest
        + "\0stale tail", "version=1\nCID=12345678\nparentCID=ffffffff\n" + Rest)]
    [InlineData("\uFEFFversion=1\nCID=12345678\nparentCID=ffffffff\n"
        + Rest, "version=1\nCID=12345678\nparentCID=ffffffff\n" + Rest)]
    [InlineData("version=1\nCID=12345678\nparentCID=ffffffff\nRW 8 flat \"d-flat.vmdk\"\r\n",
        "version=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
        + "RW 8 flat \"d-flat.vmdk\" 0\r\n")]
    public void TheTextIsMendedAndTheOldOneKept(string before, string after)
    {
        string path = folder.Write("d.vmdk", before);
        folder.Write("d-flat.vmdk", new byte[4096]);
        RepairPlan plan = Plan(path);
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(before), File.ReadAllBytes(path));
        RepairResult result = DiskRepair.Apply(plan);
        Assert.Equal(after, File.ReadAllText(path));
        Assert.Equal(folder.File("d.vmdk.before-repair-1"), Assert.Single(result.KeptPaths));
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(before), File.ReadAllBytes(result.KeptPaths[0]));
        Assert.True(result.After.IsOpenable);
        Assert.Empty(result.After.Findings.Items);
        Assert.Empty(Plan(path).Steps);
    }

    [Fact]
    public void ALostIdIsTheOneThatChildrenExpect()
    {
        string path = folder.Write("d.vmdk", "version=1\nparentCID=ffffffff\n" + Rest);
        folder.Write("d-flat.vmdk", new byte[4096]);
        folder.Write("c1.vmdk", Child(0xcafe0001));
        DiskRepair.Apply(Plan(path));
        Assert.Contains("\nCID=cafe0001\n", File.ReadAllText(path), StringComparison.Ordinal);
        folder.Write("d.vmdk", "version=1\nparentCID=ffffffff\n" + Rest);
        folder.Write("c2.vmdk", Child(0xcafe0002));
        RepairPlan plan = Plan(path);
        Assert.Empty(plan.Steps);
        Assert.Contains(plan.Findings.Items, finding => finding.Code == RepairFindings.ContentIdUndecided);
    }

    [Fact]
    public void AChangedParentIsAcceptedOnlyOnRequest()
    {
        folder.Write("d.vmdk", "version=1\nCID=11111111\nparentCID=ffffffff\n" + Rest);
        folder.Write("d-flat.vmdk", new byte[4096]);
        string child =
            folder.Write("c.vmdk", "version=1\nCID=22222222\nparentCID=99999999\ncreateType=\"custom\"\n"
            + "parentFileNameHint=\"d.vmdk\"\nRW 8 ZERO\n");
        RepairPlan plan = Plan(child);
        Assert.Empty(plan.Steps);
        Assert.Contains(plan.Findings.Items,
            finding => finding.Code == RepairFindings.ParentContentIdUndecided);
        DiskRepair.Apply(
            DiskRepair.Plan(child, new DiskOpenOptions(), new RepairOptions { AcceptParent = true }));
        Assert.Contains("parentCID=11111111\n", File.ReadAllText(child), StringComparison.Ordinal);
    }

    [Fact]
    public void TablesAreMendedAndTakenBackByteForByte()
    {
        string path = WriteSparse();
        byte[] content = Content(path);
        DamageTables(path);
        byte[] damaged = File.ReadAllBytes(path);
        RepairPlan plan = Plan(path);
        Assert.Contains(plan.Findings.Items, finding => finding.Severity == Severity.Error);
        Assert.Equal(damaged, File.ReadAllBytes(path));
        RepairResult result = DiskRepair.Apply(plan);
        AssertSound(result.After);
        Assert.Equal(content, Content(path));
        Assert.True(new FileInfo(path)
            .Length > damaged.Length, "the lost copy of a table gets a new place at the end");
        Assert.Equal(path, DiskRepair.Undo(LocalHost.Instance, Assert.Single(result.UndoPaths)));
        Assert.Equal(damaged, File.ReadAllBytes(path));
    }

    [Fact]
    public void WhatCanBeMendedOnlyAfterwardsIsMendedInAnotherRound()
    {
        string path = WriteSparse();
        byte[] content = Content(path);
        LoseSecondTable(path);

        // As long as an entry names a grain behind the end of the file, no new table goes there.
        Patch(path, FirstTableOffset(path, directoryField: 56) + 3, 0x70);
        byte[] damaged = File.ReadAllBytes(path);
        RepairResult result = DiskRepair.Apply(Plan(path));
        AssertSound(result.After);
        Assert.Equal(content, Content(path));
        Assert.Equal(2, result.Steps.Count);
        Assert.Equal([path + ".undo-2", path + ".undo-1"], result.UndoPaths);
        foreach (string undo in result.UndoPaths) { DiskRepair.Undo(LocalHost.Instance, undo); }
        Assert.Equal(damaged, File.ReadAllBytes(path));
    }

    [Fact]
    public void APlanIsNotAppliedToAnotherState()
    {
        string path = WriteSparse();
        DamageTables(path);
        RepairPlan plan = Plan(path);
        Patch(path, plan.Steps[0].Changes[0].OffsetBytes + 3, 0x77);
        byte[] before = File.ReadAllBytes(path);
        ImageException refusal = Assert.Throws<ImageException>(() => DiskRepair.Apply(plan));
        Assert.Equal(RepairFindings.PlanOutdated, refusal.Reason.Code);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void UndoDoesNotOverwriteWhatCameLater()
    {
        string path = WriteSparse();
        DamageTables(path);
        RepairResult result = DiskRepair.Apply(Plan(path));
        Patch(path, DamagedEntryOffset(path) + 1, 0x55);
        byte[] before = File.ReadAllBytes(path);
        ImageException refusal = Assert.Throws<ImageException>(
            () => DiskRepair.Undo(LocalHost.Instance, result.UndoPaths[0]));
        Assert.Equal(RepairFindings.UndoOutdated, refusal.Reason.Code);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void HostileUndoFilesAreRefused()
    {
        string path = WriteSparse();
        DamageTables(path);
        string undo = DiskRepair.Apply(Plan(path)).UndoPaths[0];
        byte[] good = File.ReadAllBytes(undo), disk = File.ReadAllBytes(path);
        var random = new Random(3);
        for (int round = 0; round < 400; round++)
        {
            byte[] bad = [.. good];
            for (int i = 1 + random.Next(4); i > 0; i--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }
            File.WriteAllBytes(undo, bad[..(round % 2 == 0 ? bad.Length : random.Next(bad.Length))]);
            try
            {
                // Damage within the bytes that the repair overwrote cannot be seen; whatever else is, is
                // refused.
                DiskRepair.Undo(LocalHost.Instance, undo);
                File.WriteAllBytes(path, disk);
            }
            catch (ImageException)
            {
                Assert.Equal(disk, File.ReadAllBytes(path));
            }
        }
        File.WriteAllText(undo, """
            {"palimpsestUndo":1,"file":"../s.vmdk","lengthBytes":1}
            {"changes":0}

            """);
        Assert.Throws<ImageException>(() => DiskRepair.Undo(LocalHost.Instance, undo));
    }

    [Fact]
    public void ACutAtAnyChangeLeavesOldOrNewAndTheNextRunFinishes()
    {
        string path = folder.File("s.vmdk");
        bool isDone = false;
        for (int failAt = 1; !isDone; failAt++)
        {
            foreach (string old in Directory.GetFiles(folder.Path)) { File.Delete(old); }
            WriteSparse();
            byte[] content = Content(path);
            DamageTables(path);
            byte[] damaged = File.ReadAllBytes(path);
            RepairStep step = Assert.Single(Plan(path).Steps);
            var host = new FaultyHost(failAt);
            try
            {
                DiskRepair.Apply(
                    DiskRepair.Plan(path, new DiskOpenOptions { Host = host }, new RepairOptions()));
                isDone = true;
            }
            catch (BlockException)
            {
                AssertSectorsAreOldOrNew(File.ReadAllBytes(path), damaged, step.Changes);
            }
            string undo = path + ".undo-1";
            bool hasUndo = File.Exists(undo);
            Assert.True(hasUndo || damaged.AsSpan().SequenceEqual(File.ReadAllBytes(path)));
            if (hasUndo && failAt % 2 == 0)
            {
                DiskRepair.Undo(LocalHost.Instance, undo);
                Assert.Equal(damaged, File.ReadAllBytes(path));
            }
            AssertSound(DiskRepair.Apply(Plan(path)).After);
            Assert.Equal(content, Content(path));
            Assert.True(failAt < 200);
        }
    }

    [Fact]
    public void ACutInADescriptorsRepairLeavesOneOfTheTwo()
    {
        const string Before = "encoding=\"UTF-8\"\nversion=1\nCID=12345678\nparentCID=ffffffff\n" + Rest;
        const string After = "version=1\nencoding=\"UTF-8\"\nCID=12345678\nparentCID=ffffffff\n" + Rest;
        bool isDone = false;
        for (int failAt = 1; !isDone; failAt++)
        {
            foreach (string old in Directory.GetFiles(folder.Path)) { File.Delete(old); }
            string path = folder.Write("d.vmdk", Before);
            folder.Write("d-flat.vmdk", new byte[4096]);
            try
            {
                DiskRepair.Apply(DiskRepair.Plan(
                    path, new DiskOpenOptions { Host = new FaultyHost(failAt) }, new RepairOptions()));
                isDone = true;
            }
            catch (BlockException)
            {
                string text = File.ReadAllText(path);
                Assert.True(text is Before or After, text);
                Assert.True(text == Before || File.ReadAllText(path + ".before-repair-1") == Before);
            }
            DiskRepair.Apply(Plan(path));
            Assert.Equal(After, File.ReadAllText(path));
            Assert.True(failAt < 200);
        }
    }

    [Fact]
    public void ACutWhileDescribingLeavesNothingHalf()
    {
        bool isDone = false;
        for (int failAt = 1; !isDone; failAt++)
        {
            foreach (string old in Directory.GetFiles(folder.Path)) { File.Delete(old); }
            folder.Write("d-flat.vmdk", new byte[4096]);
            byte[] noise = [0x80, .. new byte[700]];
            string path = folder.Write("d.vmdk", noise);
            DescriptionProposal proposal = Describer.Propose(LocalHost.Instance, path);
            try
            {
                Describer.Write(new FaultyHost(failAt), proposal);
                isDone = true;
            }
            catch (BlockException)
            {
                byte[] text = File.ReadAllBytes(path);
                Assert.True(text.AsSpan().SequenceEqual(noise) || text.AsSpan().SequenceEqual(proposal.Text));
            }
            if (File.ReadAllBytes(path).AsSpan().SequenceEqual(noise))
            {
                Describer.Write(LocalHost.Instance, proposal);
            }
            Assert.Equal(noise, File.ReadAllBytes(path + ".before-describe-1"));
            Assert.Equal(proposal.Text, File.ReadAllBytes(path));
            Assert.True(failAt < 100);
        }
    }

    private static RepairPlan Plan(string path) =>
        DiskRepair.Plan(path, new DiskOpenOptions(), new RepairOptions());

    private static string Child(uint parentId) =>
        $"version=1\nCID=00000001\nparentCID={parentId:x8}\ncreateType=\"custom\"\n"
        + "parentFileNameHint=\"d.vmdk\"\nRW 8 ZERO\n";

    private static void AssertSound(CheckResult result) =>
        Assert.DoesNotContain(result.Findings.Items, finding => finding.Severity >= Severity.Warning);

    private static byte[] Content(string path)
    {
        using Disk disk = Disk.Open(path);
        byte[] content = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, content);
        return content;
    }

    private static void AssertSectorsAreOldOrNew(byte[] now, byte[] before, IReadOnlyList<ByteChange> changes)
    {
        byte[] old = [.. before, .. new byte[Math.Max(0, now.Length - before.Length)]], after = [.. old];
        foreach (ByteChange change in changes.Where(change => change.OffsetBytes < now.Length))
        {
            change.New.Span.CopyTo(after.AsSpan((int)change.OffsetBytes));
        }
        for (int start = 0; start < now.Length; start += 512)
        {
            ReadOnlySpan<byte> sector = now.AsSpan(start, 512);
            Assert.True(sector.SequenceEqual(old.AsSpan(start, 512))
                || sector.SequenceEqual(after.AsSpan(start, 512)));
        }
    }

    // Half of the copy of the first table is wiped, and the second one's copy is named where no file is.
    private static void DamageTables(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int redundantDirectory = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(48)) * 512;
        int firstTable = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(redundantDirectory)) * 512;
        bytes.AsSpan(firstTable, 1024).Clear();
        File.WriteAllBytes(path, bytes);
        LoseSecondTable(path);
    }

    private static void LoseSecondTable(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int redundantDirectory = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(48)) * 512;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(redundantDirectory + 4), 0x7FFFFFFF);
        File.WriteAllBytes(path, bytes);
    }

    private static long DamagedEntryOffset(string path) => FirstTableOffset(path, directoryField: 48);

    private static long FirstTableOffset(string path, int directoryField)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int directory = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(directoryField)) * 512;
        return (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(directory)) * 512;
    }

    private static void Patch(string path, long offset, byte value)
    {
        using FileStream file = File.OpenWrite(path);
        file.Position = offset;
        file.WriteByte(value);
    }

    private string WriteSparse()
    {
        const long Capacity = 64 << 20;
        string path = folder.File("s.vmdk");
        using (HostFile file = LocalHost.Instance.Open(path, HostAccess.CreateNew))
        {
            HostedSparseFile.Create(file, new HostedSparseCreation
            {
                CapacityBytes = Capacity,
                EmbeddedDescriptor =
                System.Text.Encoding.UTF8.GetBytes("# Disk DescriptorFile\nversion=1\nCID=0000abcd\n"
                    + "parentCID=ffffffff\ncreateType=\"monolithicSparse\"\n"
                    + $"RW {Capacity / 512} SPARSE \"s.vmdk\"\n"),
            });
        }
        using Disk disk = Disk.Open(path, new DiskOpenOptions { IsWritable = true });
        byte[] content = new byte[64 << 10];
        new Random(5).NextBytes(content);
        foreach (long offset in new long[] { 0, 1 << 20, 5 << 20, 40 << 20, 63 << 20 })
        {
            disk.Device!.Write(offset, content);
        }
        disk.Device!.Flush();
        return path;
    }
}
