using System.Text;
using System.Text.RegularExpressions;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.ChainRepairing;
using Palimpsest.Core.Chains.Changes;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Chains.Graph;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.ChainRepairing;

/// <summary>
/// Broken chains that QEMU made, put together again; QEMU says whether the content is right.
/// </summary>
public sealed class ChainRepairTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void What_a_killed_commit_of_qemu_leaves_is_mended(int sizeLimitMiB)
    {
        using var folder = new TempFolder();
        (string bottom, string top, string want) = MakeChain(folder);

        // The base grows by what is committed until the limit, where the signal ends the process.
        Tool.Run("sh", "-c", $"ulimit -c 0; ulimit -f {(2 + sizeLimitMiB) * 2048}; "
            + $"exec qemu-img commit -q -f vmdk '{top}'");
        Assert.NotEqual(0, Tool.Run("qemu-img", "compare", "-f", "vmdk", "-F", "raw", top, want).ExitCode);
        ParentProposal proposal = Assert.Single(Plan(folder.Path).Proposals);
        Assert.Equal(bottom, proposal.Chosen!.Link.Path);
        Assert.Equal(ParentGrade.Certain, proposal.Grade);
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(0);
        Qemu("compare", "-f", "vmdk", "-F", "raw", top, want);
    }

    [Fact]
    public void A_commit_that_was_killed_behind_its_first_write_is_likely_and_needs_to_be_accepted()
    {
        using var folder = new TempFolder();
        (string bottom, string top, string want) = MakeChain(folder);
        SetContentId(bottom, "0badcafe");
        byte[] before = File.ReadAllBytes(top);
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(10);
        Assert.Equal(before, File.ReadAllBytes(top));
        string text = CommandRun.Vmdk("chain", "repair", folder.Path, "--dry-run").MustReturn(10).Output;
        Assert.Contains("likely, a.vmdk", text, StringComparison.Ordinal);
        CommandRun.Vmdk("chain", "repair", "--accept", folder.Path);
        Qemu("compare", "-f", "vmdk", "-F", "raw", top, want);
        CommandRun.Vmdk("chain", "repair", "--undo", top + ".undo-1").MustReturn(0);
        Assert.Equal(before, File.ReadAllBytes(top));
    }

    [Fact]
    public void A_base_that_was_written_to_after_a_finished_commit_is_never_certain()
    {
        using var folder = new TempFolder();
        (string bottom, string top, _) = MakeChain(folder);
        Qemu("commit", "-q", "-f", "vmdk", top);
        Assert.Equal(ParentGrade.Likely, Assert.Single(Plan(folder.Path).Proposals).Grade);

        // In a grain that the delta holds too.
        Scribble(bottom, "write -q -P 250 3931k 20k");
        Assert.NotEqual(ParentGrade.Certain, Assert.Single(Plan(folder.Path).Proposals).Grade);
    }

    [Fact]
    public void The_bytes_alone_find_the_right_one_of_two_bases()
    {
        using var folder = new TempFolder();
        (string bottom, string top, string want) = MakeChain(folder);
        string other = folder.File("other.vmdk");
        Qemu("create", "-q", "-f", "vmdk", other, "32M");
        Scribble(other, "write -q -P 77 0 32M");
        SetContentId(bottom, "11111111");
        SetContentId(other, "22222222");
        SetHint(top, "other.vmdk");
        ParentProposal proposal = Assert.Single(Plan(folder.Path).Proposals);
        Assert.Equal(ParentGrade.Likely, proposal.Grade);
        Assert.Equal(bottom, proposal.Chosen!.Link.Path);
        Assert.True(proposal.Candidates[1].Has(EvidenceKind.CopyOnWrite, EvidenceSide.Against));
        CommandRun.Vmdk("chain", "repair", folder.Path, "--accept");
        Qemu("compare", "-f", "vmdk", "-F", "raw", top, want);
    }

    [Fact]
    public void A_renamed_parent_is_found_by_its_content_id_through_two_links()
    {
        using var folder = new TempFolder();
        (string bottom, string top, _) = MakeChain(folder);
        string head = folder.File("c.vmdk"), want = folder.File("head.raw");
        Qemu("create", "-q", "-f", "vmdk", "-b", top, "-F", "vmdk", head);
        Scribble(head, "write -q -P 9 20M 100k");
        Qemu("convert", "-f", "vmdk", "-O", "raw", head, want);
        File.Move(bottom, folder.File("old name of a.vmdk"));
        File.Move(top, folder.File("b2.vmdk"));
        ChainRepairPlan plan = Plan(folder.Path);
        Assert.Equal([ParentGrade.Certain, ParentGrade.Certain],
            plan.Proposals.Select(proposal => proposal.Grade));
        CommandRun.Vmdk("chain", "repair", head).MustReturn(0);
        Qemu("compare", "-f", "vmdk", "-F", "raw", head, want);
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(0);
    }

    [Fact]
    public void A_parent_that_is_not_there_stays_open()
    {
        using var folder = new TempFolder();
        (string bottom, string top, _) = MakeChain(folder);
        string other = folder.File("other.vmdk");
        Qemu("create", "-q", "-f", "vmdk", other, "32M");
        Scribble(other, "write -q -P 77 0 32M");
        File.Delete(bottom);
        byte[] before = File.ReadAllBytes(top);
        CommandRun.Vmdk("chain", "repair", folder.Path, "--accept").MustReturn(10);
        Assert.Equal(before, File.ReadAllBytes(top));
        Assert.Equal(ParentGrade.Open, Assert.Single(Plan(folder.Path).Proposals).Grade);
    }

    [Fact]
    public void Two_that_fit_alike_and_another_capacity_stay_open()
    {
        using var folder = new GraphFolder();
        folder.Link("a.vmdk", "aaaaaaaa");
        folder.Link("b.vmdk", "aaaaaaaa");
        folder.Link("d.vmdk", "dddddddd", "gone.vmdk", "aaaaaaaa");
        folder.Link("small.vmdk", "cccccccc", sectors: 4);
        folder.Link("e.vmdk", "eeeeeeee", "small.vmdk", "cccccccc");
        ChainRepairPlan plan = Plan(folder.Path);
        Assert.Equal([ParentGrade.Open, ParentGrade.Open], plan.Proposals.Select(proposal => proposal.Grade));
        string text = CommandRun.Vmdk("chain", "repair", folder.Path, "--accept").MustReturn(10).Output;
        Assert.Contains(ChainRepairFindings.CapacityDiffers.Id, text, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.undo*"));
    }

    [Fact]
    public void The_bytes_overrule_a_content_id()
    {
        using var folder = new TempFolder();
        (string bottom, string top, _) = MakeChain(folder);
        string other = folder.File("other.vmdk");
        Qemu("create", "-q", "-f", "vmdk", other, "32M");
        Scribble(other, "write -q -P 77 0 32M");
        SetContentId(other, ContentIdOf(bottom));
        SetContentId(bottom, "11111111");
        SetHint(top, "none.vmdk");
        Assert.Equal(ParentGrade.Open, Assert.Single(Plan(folder.Path).Proposals).Grade);
    }

    [Fact]
    public void A_loop_is_opened_where_the_content_id_says_so()
    {
        using var folder = new GraphFolder();
        folder.Link("base.vmdk", "aaaaaaaa");
        folder.Link("one.vmdk", "bbbbbbbb", "two.vmdk", "aaaaaaaa");
        folder.Link("two.vmdk", "cccccccc", "one.vmdk", "bbbbbbbb");
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(0);
        Assert.Contains("\"base.vmdk\"", File.ReadAllText(folder.File("one.vmdk")), StringComparison.Ordinal);
        CommandRun.Vmdk("chain", "repair", folder.File("two.vmdk")).MustReturn(0);
    }

    [Fact]
    public void Hostile_folders_are_survived()
    {
        using var folder = new GraphFolder();
        string evil = "evil\u001b[31m\"name.vmdk";
        folder.Link(evil, "aaaaaaaa");
        folder.Link("up.vmdk", "12121212", "../../etc/passwd", "aaaaaaaa");
        folder.Link("self.vmdk", "13131313", "self.vmdk", "13131313");
        folder.Link("none.vmdk", "14141414", "", "99999999");
        folder.Link("bad.vmdk", "15151515", "gone.vmdk", "aaaaaaaa",
            extent: "RW 8 SPARSE \"gone-s001.vmdk\"");
        folder.Write("junk.vmdk", [1, 2, 3]);
        folder.Write("x.vmsd", "snapshot0.uid = \"1\"\nsnapshot0.parent = \"1\"\n"
            + "snapshot0.disk0.fileName = \"up.vmdk\"\n");
        Dictionary<string, byte[]> before = Contents(folder.Path);
        string text = CommandRun.Vmdk("chain", "repair", folder.Path, "--accept").MustReturn(10).Output;
        Assert.DoesNotContain('\u001b', text);
        Assert.Equal(before, Contents(folder.Path));
        for (int i = 0; i < 300; i++) { folder.Link($"d{i}.vmdk", "16161616", "gone.vmdk", "17171717"); }
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(5);
    }

    [Fact]
    public void It_waits_for_an_unfinished_change_and_for_vmware()
    {
        using var folder = new GraphFolder();
        folder.Link("a.vmdk", "aaaaaaaa");
        string delta = folder.Link("d.vmdk", "dddddddd", "gone.vmdk", "aaaaaaaa");
        folder.Write(ChangeFile.Name, "{");
        Assert.ThrowsAny<Exception>(() => Plan(folder.Path));
        File.Delete(folder.File(ChangeFile.Name));
        Directory.CreateDirectory(delta + ".lck");
        File.WriteAllText(delta + ".lck/M1.lck", "");
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(11);
        Directory.Delete(delta + ".lck", recursive: true);
        ChainRepairPlan plan = Plan(folder.Path);
        File.AppendAllText(delta, "# changed\n");
        Assert.Equal(LockFindings.ChangedMeanwhile,
            Assert.Throws<ImageException>(() => ChainRepair.Apply(plan)).Reason.Code);
        CommandRun.Vmdk("chain", "repair", folder.Path).MustReturn(0);
        File.AppendAllText(delta, "# changed again\n");
        CommandRun.Vmdk("chain", "repair", "--undo", delta + ".undo-1").MustReturn(5);
    }

    private static ChainRepairPlan Plan(string path) =>
        ChainRepair.Plan(path, new DiskOpenOptions(), false, CancellationToken.None);

    // A base with different bytes in every 512, half full, and a delta with small writes all over.
    private static (string Bottom, string Top, string Want) MakeChain(TempFolder folder)
    {
        string bottom = folder.File("a.vmdk"), top = folder.File("b.vmdk"), want = folder.File("want.raw"),
            source = folder.File("source.bin");
        byte[] bytes = new byte[16 << 20];
        new Random(RandomCases.Seed).NextBytes(bytes);
        File.WriteAllBytes(source, bytes);
        using (FileStream raw = File.OpenWrite(source)) { raw.SetLength(32 << 20); }
        Qemu("convert", "-f", "raw", "-O", "vmdk", source, bottom);
        File.Delete(source);
        Qemu("create", "-q", "-f", "vmdk", "-b", bottom, "-F", "vmdk", top);
        Scribble(top, [.. Enumerable.Range(0, 40).Select(i => $"write -q -P {i + 1} {i * 393}k 5k"),
            .. Enumerable.Range(0, 60).Select(i => $"write -q -P {i + 101} {17000 + (i * 193)}k 9k")]);
        Qemu("convert", "-f", "vmdk", "-O", "raw", top, want);
        return (bottom, top, want);
    }

    private static Dictionary<string, byte[]> Contents(string folder) =>
        Directory.GetFiles(folder).ToDictionary(file => file, File.ReadAllBytes);

    private static void Qemu(params string[] arguments) => Tool.Run("qemu-img", arguments).MustSucceed();

    private static void Scribble(string path, params string[] commands) => Tool.Run("qemu-io",
        [.. commands.SelectMany(command => (string[])["-c", command]), "-f", "vmdk", path]).MustSucceed();

    private static string ContentIdOf(string path) =>
        Regex.Match(Encoding.Latin1.GetString(File.ReadAllBytes(path), 0, 4096), "\nCID=([0-9a-f]{1,8})")
            .Groups[1].Value;

    private static void SetContentId(string path, string id) =>
        Edit(path, "\nCID=[0-9a-f]{1,8}", "\nCID=" + id);

    private static void SetHint(string path, string name) =>
        Edit(path, "parentFileNameHint=\"[^\"]*\"", $"parentFileNameHint=\"{name}\"");

    // In the embedded descriptor, NUL behind it.
    private static void Edit(string path, string pattern, string replacement)
    {
        byte[] bytes = File.ReadAllBytes(path);
        string text = Encoding.Latin1.GetString(bytes, 512, 20 * 512);
        string edited = Regex.Replace(text, pattern, replacement).TrimEnd('\0').PadRight(20 * 512, '\0');
        Encoding.Latin1.GetBytes(edited).CopyTo(bytes, 512);
        DateTime times = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, times);
    }
}
