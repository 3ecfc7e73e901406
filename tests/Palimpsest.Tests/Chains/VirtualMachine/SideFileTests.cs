using System.Text;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Xunit;

namespace Palimpsest.Tests.Chains.VirtualMachine;

/// <summary>
/// The files beside a machine's disks: real forms, edits that keep every other byte, and hostile bytes.
/// </summary>
public sealed class SideFileTests
{
    private const string Settings =
        "\uFEFF.encoding = \"UTF-8\"\r\n# a comment = \"x\"\r\nvirtualHW.version = \"13\"\r\n"
        + "SCSI0:0.FILENAME = \"Größe und \u6F22.vmdk\"\r\nscsi0:0.present = \"TRUE\"\r\n"
        + "scsi0.virtualDev = \"PVSCSI\"\r\nscsi0:1.fileName = \"gone.vmdk\"\r\n"
        + "scsi0:1.present = \"FALSE\"\r\nide1:0.fileName = \"cd.iso\"\r\n"
        + "annotation = \"a|22quoted|22 line|0Anext|7C\"\r\nodd line\r\n";

    [Fact]
    public void DisksAreFoundWithTheirControllers()
    {
        var vmx = new VmxFile(Parse(Settings));
        VmxDisk disk = Assert.Single(vmx.Disks);
        Assert.Equal(new VmxDisk("scsi0:0", "Größe und \u6F22.vmdk", null, "pvscsi"), disk);
        Assert.Equal("scsi", disk.Bus);
        Assert.Equal(13, vmx.HardwareVersion);
    }

    [Fact]
    public void ValuesAreUnescapedAndEscaped()
    {
        DictionaryFile file = Parse(Settings);
        Assert.Equal("a\"quoted\" line\nnext|", file["annotation"]);
        Assert.Equal("x\"|\ny", Parse(Encoding.UTF8.GetString(file.With("new", "x\"|\ny").ToBytes()))["new"]);
    }

    [Fact]
    public void AnEditKeepsEveryOtherByte()
    {
        DictionaryFile file = Parse(Settings);
        Assert.Equal(Encoding.UTF8.GetBytes(Settings), file.ToBytes());
        string edited = Settings.Replace("\"13\"", "\"21\"", StringComparison.Ordinal) + "added = \"ü\"\r\n";
        Assert.Equal(edited,
            Encoding.UTF8.GetString(file.With("virtualhw.version", "21").With("added", "ü").ToBytes()));
        Assert.Equal(Settings.Replace("scsi0:1.present = \"FALSE\"\r\n", "", StringComparison.Ordinal),
            Encoding.UTF8.GetString(file.Without("scsi0:1.present").ToBytes()));
    }

    [Fact]
    public void DeclaredEncodingIsUsed()
    {
        byte[] bytes =
            [.. ".encoding = \"windows-1252\"\nscsi0:0.fileName = \"Gr"u8, 0xF6, .. "be.vmdk\"\n"u8];
        Assert.Equal("Gröbe.vmdk", DictionaryFile.Parse(bytes, "x", new FindingList())["scsi0:0.fileName"]);
    }

    // 388745 and 1991180826 are 2022-11-28 15:24:12 UTC: microseconds since 1970 in two signed halves.
    [Fact]
    public void SnapshotsHaveTheirTimesAndDisks()
    {
        var vmsd = new VmsdFile(Parse("""
            .encoding = "UTF-8"
            snapshot.lastUID = "7"
            snapshot.current = "7"
            snapshot.numSnapshots = "2"
            snapshot.needConsolidate = "TRUE"
            snapshot0.uid = "3"
            snapshot0.createTimeHigh = "388745"
            snapshot0.createTimeLow = "1991180826"
            snapshot0.displayName = "before update"
            snapshot0.numDisks = "1"
            snapshot0.disk0.fileName = "vm.vmdk"
            snapshot0.disk0.node = "scsi0:0"
            snapshot4.uid = "7"
            snapshot4.parent = "3"
            snapshot4.numDisks = "1"
            snapshot4.disk0.fileName = "vm-000001.vmdk"
            snapshot4.disk0.node = "scsi0:0"
            """));
        Assert.True(vmsd.NeedsConsolidation);
        Assert.Equal(2, vmsd.Snapshots.Count);
        VmsdSnapshot first = vmsd.Find(3)!;
        Assert.Equal(new DateTime(2022, 11, 28, 15, 24, 12, DateTimeKind.Utc),
            first.CreatedUtc!.Value.AddTicks(-(first.CreatedUtc.Value.Ticks % TimeSpan.TicksPerSecond)));
        Assert.Equal("vm.vmdk", first.Disks[0].FileName);
        Assert.Equal(3, vmsd.Find(vmsd.CurrentUid)!.ParentUid);
    }

    [Fact]
    public void TheLogIsReadLoosely()
    {
        VmwareLog log = VmwareLog.Parse("""
            2026-01-01| DISKLIB-LINK  : Opened '/vmfs/volumes/5f/a b/vm.vmdk' (0xe): vmfs, 83886080 sectors / 40 GB.
            2026-01-01| DISK: Disk "vm.vmdk" has UUID '60 00 c2 91 0a 0b 0c 0d-01 02 03 04 05 06 07 08'
            2026-01-01| something 'vm.vmdk' parentCID=aaaabbbb CID=ccccdddd
            2026-01-01| nothing of use
            """u8);
        LogFacts facts = log.Files["vm.vmdk"];
        Assert.True(log.IsFromEsxi);
        Assert.Equal(83886080, facts.SectorCount);
        Assert.Equal("vmfs", facts.TypeText);
        Assert.Equal(0xccccddddu, facts.ContentId);
        Assert.Equal(0xaaaabbbbu, facts.ParentContentId);
        Assert.Equal(3, facts.LineNumber);
    }

    [Fact]
    public void HostileBytesAreOnlyBytes()
    {
        var random = new Random(7);
        string[] seeds =
        [
            Settings, "snapshot0.uid = \"99999999999999999999\"\nsnapshot0.numDisks = \"-1\"\n"
            + "snapshotx.uid=\"1\"\n",
            "snapshot0.uid = \"1\"\nsnapshot0.numDisks = \"2147483647\"\n"
            + "snapshot0.createTimeHigh = \"2147483647\"\nsnapshot0.createTimeLow = \"-1\"\n", "Disk '"
            + new string('\'', 4000) + ".vmdk' has UUID 'zz'\n",
        ];
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(seeds[round % seeds.Length]);
            for (int i = random.Next(8); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            bytes = bytes[..random.Next(bytes.Length + 1)];
            DictionaryFile file = DictionaryFile.Parse(bytes, "hostile", new FindingList());
            Assert.Equal(bytes, file.ToBytes());
            _ = new VmxFile(file).Disks.Select(disk => disk.BareName).ToList();
            _ = new VmsdFile(file).Snapshots;
            _ = VmwareLog.Parse(bytes).Files;
        }
    }

    private static DictionaryFile Parse(string text) =>
        DictionaryFile.Parse(Encoding.UTF8.GetBytes(text), "test", new FindingList());
}
