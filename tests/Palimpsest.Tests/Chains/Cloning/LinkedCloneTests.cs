using System.Security.Cryptography;
using System.Text.Json;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Cloning;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Interop;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Cloning;

/// <summary>
/// Linked clones: a delta elsewhere, a parent that nobody changes any more, and a record of who stands on it.
/// </summary>
public sealed class LinkedCloneTests : IDisposable
{
    private static readonly DiskOpenOptions Outside = new() { AllowOutside = true };
    private readonly TempFolder folder = new();
    private readonly string home, away;

    public LinkedCloneTests()
    {
        home = Directory.CreateDirectory(folder.File("home")).FullName;
        away = Directory.CreateDirectory(folder.File("away")).FullName;
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("monolithicFlat", "monolithicSparse")]
    [InlineData("monolithicSparse", "monolithicSparse")]
    [InlineData("twoGbMaxExtentFlat", "twoGbMaxExtentSparse")]
    [InlineData("twoGbMaxExtentSparse", "twoGbMaxExtentSparse")]
    [InlineData("vmfs", "vmfsSparse")]
    [InlineData("vmfsSparse", "vmfsSparse")]
    public void ACloneSuitsItsBaseAndReadsItsContent(string baseKind, string cloneKind)
    {
        byte[] content = ChainRecipe.Numbered(4096);
        string source = NewBase(baseKind, content), clone = Path.Combine(away, "web02.vmdk");
        LinkedCloneResult result = Clone(source, clone);
        Assert.Equal(cloneKind, result.Kind);
        Assert.Equal(source, result.ParentHint);
        using (Disk disk = Disk.Open(clone, Outside))
        {
            Assert.Equal(content, ReadAll(disk));
            Assert.Equal(cloneKind, disk.Links[0].Descriptor!.CreateType);
            Assert.NotEqual(disk.Links[1].Descriptor!.ContentId, disk.Links[0].Descriptor!.ContentId);
        }

        // QEMU says whether such a chain is one.
        Assert.Equal(content, SparseQemu.ToRaw(clone));
        Assert.Equal([clone], File.ReadAllLines(source + ".clones"));
        Assert.All(result.FrozenPaths, path => Assert.Equal(0, HostBody.Of(path).Identity!.Mode & 0x92));
        Assert.Equal(Directory.GetFiles(home, "*.vmdk").Order(), result.FrozenPaths.Order());
    }

    [Theory]
    [InlineData("monolithicSparse")]
    [InlineData("twoGbMaxExtentSparse")]
    public void WhatIsWrittenToACloneStaysInIt(string kind)
    {
        byte[] content = ChainRecipe.Numbered(4096);
        string source = NewBase("monolithicFlat", content), clone = Path.Combine(away, "web02.vmdk");
        Clone(source, clone, kind);
        SparseQemu.Io(clone, "write -P 0x5A 1M 64k");
        CommandRun.Vmdk([1, 2, 3], null, "write", "--allow-outside", "--offset", "0", clone).MustReturn(0);
        byte[] changed = [.. content];
        changed.AsSpan(1 << 20, 64 << 10).Fill(0x5A);
        ((ReadOnlySpan<byte>)[1, 2, 3]).CopyTo(changed);
        Assert.Equal(changed, SparseQemu.ToRaw(clone));
        Assert.Equal(content, ChainRecipe.ReadAll(source));
    }

    [Fact]
    public void ACloneBesideItsParentNamesItShortAndNeedsNoRecord()
    {
        byte[] content = ChainRecipe.Numbered(64);
        string source = NewBase("monolithicFlat", content), clone = Path.Combine(home, "web02.vmdk");
        LinkedCloneResult result = Clone(source, clone);
        Assert.Equal("web01.vmdk", result.ParentHint);
        Assert.Null(result.RecordPath);
        Assert.False(File.Exists(source + ".clones"));
        Assert.Equal(content, ChainRecipe.ReadAll(clone));
        CommandRun.Vmdk([1], null, "write", "--offset", "0", source).MustReturn(ExitCodes.Refused);
    }

    [Fact]
    public void ACloneOfTheSameNameIsNotItsOwnParent()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64)),
            clone = Path.Combine(away, "web01.vmdk");
        Clone(source, clone);
        ChainRecipe.AssertRefused(clone, DescriptorFindings.NameOutsideFolder);
        Assert.Equal(64 * 512, ReadAll(clone).Length);
    }

    [Fact]
    public void TheParentIsNotWrittenCommittedIntoOrResizedAnyMore()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64));
        string child = Path.Combine(home, "web01-000001.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", source, "-F", "vmdk", child).MustSucceed();
        Clone(source, Path.Combine(away, "web02.vmdk"));
        string[] before = Snapshot();
        CommandRun.Vmdk([1], null, "write", "--offset", "0", source).MustReturn(ExitCodes.Refused);
        CommandRun.Vmdk("resize", source, "1G").MustReturn(ExitCodes.Refused);
        CommandResult commit = CommandRun.Vmdk("commit", child).MustReturn(ExitCodes.Refused);
        Assert.Contains("VMDK7205", commit.Error, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void ALinkThatAMachineRunsFromIsRefused()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64));
        File.WriteAllText(Path.Combine(home, "web01.vmx"),
            "scsi0.present = \"TRUE\"\nscsi0:0.present = \"TRUE\"\nscsi0:0.fileName = \"web01.vmdk\"\n");
        string[] before = Snapshot();
        CommandResult run = CommandRun.Vmdk("clone", "--linked", source, Path.Combine(away, "web02.vmdk"))
            .MustReturn(ExitCodes.Refused);
        Assert.Contains("VMDK7600", run.Error, StringComparison.Ordinal);
        Assert.Contains("vmdk snapshot create", run.Error, StringComparison.Ordinal);
        Assert.Contains("scsi0:0", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());

        // The link that a snapshot froze is free.
        File.WriteAllText(Path.Combine(home, "web01.vmx"),
            "scsi0:0.present = \"TRUE\"\nscsi0:0.fileName = \"web01-000001.vmdk\"\n");
        CommandRun.Vmdk("clone", "--linked", source, Path.Combine(away, "web02.vmdk")).MustReturn(0);
    }

    [Fact]
    public void WhatCannotBeAParentOrAName_IsRefusedBeforeAnythingChanges()
    {
        string raw = Path.Combine(home, "disk.raw"), target = Path.Combine(away, "web02.vmdk");
        File.WriteAllBytes(raw, ChainRecipe.Numbered(64));
        CommandRun.Vmdk("clone", "--linked", raw, target).MustReturn(ExitCodes.Refused);
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64));
        string quoted = Directory.CreateDirectory(folder.File("with\"quote")).FullName;
        CommandRun.Vmdk("clone", "--linked", source,
            Path.Combine(quoted, "a.vmdk")).MustReturn(ExitCodes.Refused);
        CommandRun.Vmdk("clone", "--linked", source,
            folder.File("nowhere/a.vmdk")).MustReturn(ExitCodes.Usage);
        CommandRun.Vmdk("clone", "--linked", "-O", "monolithicFlat", source,
            target).MustReturn(ExitCodes.Usage);
        CommandRun.Vmdk("clone", "--linked", source).MustReturn(ExitCodes.Usage);
        File.WriteAllText(target, "something else");
        CommandRun.Vmdk("clone", "--linked", source, target).MustReturn(ExitCodes.Refused);
        Assert.Equal("something else", File.ReadAllText(target));
        Assert.False(File.Exists(source + ".clones"));
        Assert.NotEqual(0, HostBody.Of(source).Identity!.Mode & 0x92);

        // A CID that means "no parent" would make a clone without one.
        File.WriteAllText(source,
            File.ReadAllText(source).Replace("CID=12345678", "CID=ffffffff", StringComparison.Ordinal));
        File.Delete(target);
        CommandRun.Vmdk("clone", "--linked", source, target).MustReturn(ExitCodes.Refused);
    }

    [Fact]
    public void ADryRunSaysAllAndDoesNothing()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64)),
            clone = Path.Combine(away, "web02.vmdk");
        string[] before = Snapshot();
        JsonElement plan =
            CommandRun.Vmdk("clone", "--linked", "--dry-run", "--json", source, clone).MustReturn(0).Json();
        Assert.False(plan.GetProperty("isDone").GetBoolean());
        Assert.Equal(source + ".clones", plan.GetProperty("recordFile").GetString());
        Assert.Equal(2, plan.GetProperty("frozenFiles").GetArrayLength());
        Assert.Equal(before, Snapshot());
        JsonElement done = CommandRun.Vmdk("clone", "--linked", "--json", source, clone).MustReturn(0).Json();
        Assert.Equal($"vmdk info --allow-outside {clone}", done.GetProperty("next").GetString());
        CommandRun.Vmdk("info", "--allow-outside", clone).MustReturn(0);
    }

    [Fact]
    public void TheListTellsWhoStandsOnWhatAndHow()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64));
        string fits = Path.Combine(away, "fits.vmdk"), gone = Path.Combine(away, "gone.vmdk"),
            moved = Path.Combine(away, "moved.vmdk"), broken = Path.Combine(away, "broken.vmdk"),
            outdated = Path.Combine(away, "outdated.vmdk"), child = Path.Combine(home, "web01-000001.vmdk");
        foreach (string clone in (string[])[fits, gone, moved, broken, outdated]) { Clone(source, clone,
            "vmfsSparse"); }
        Clone(source, child);
        File.Delete(gone);
        File.WriteAllText(moved,
            File.ReadAllText(moved).Replace("web01.vmdk", "other.vmdk", StringComparison.Ordinal));
        File.WriteAllText(broken, "# Disk DescriptorFile\nversion=9\n");
        File.WriteAllText(outdated, File.ReadAllText(outdated)
            .Replace("parentCID=12345678", "parentCID=87654321", StringComparison.Ordinal));
        (string, string)[] expected =
        [
            (child, "fits"), (fits, "fits"), (gone, "missing"), (moved, "elsewhere"), (broken, "unreadable"),
            (outdated, "outdated"),
        ];
        JsonElement ofDisk =
            CommandRun.Vmdk("clone", "--list", "--json", source).MustReturn(ExitCodes.Finding).Json();
        Assert.Equal(expected, StatesIn(ofDisk));
        JsonElement ofFolder =
            CommandRun.Vmdk("clone", "--list", "--json", home).MustReturn(ExitCodes.Finding).Json();
        Assert.Equal(expected, StatesIn(ofFolder));
        Assert.Equal([source, child], ofFolder.GetProperty("links").EnumerateArray()
            .Select(link => link.GetProperty("path").GetString()!).Order(StringComparer.Ordinal).Reverse());

        // From the clone's side: its chain's links, with those who share them.
        JsonElement ofClone = CommandRun.Vmdk("clone", "--list", "--json", "--allow-outside", fits)
            .MustReturn(ExitCodes.Finding).Json();
        Assert.Equal(expected, StatesIn(ofClone));
    }

    [Fact]
    public void OnlyAGoneCloneIsForgotten()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64));
        string first = Path.Combine(away, "first.vmdk"), second = Path.Combine(away, "second.vmdk");
        Clone(source, first);
        Clone(source, second);
        CommandRun.Vmdk("clone", "--forget", first, source).MustReturn(ExitCodes.Refused);
        CommandRun.Vmdk("clone", "--forget", folder.File("no.vmdk"), source).MustReturn(ExitCodes.Refused);
        File.Delete(first);
        CommandRun.Vmdk("clone", "--forget", first, source, "--dry-run").MustReturn(0);
        Assert.Equal([first, second], File.ReadAllLines(source + ".clones"));
        CommandRun.Vmdk("clone", "--forget", first, source).MustReturn(0);
        Assert.Equal([second], File.ReadAllLines(source + ".clones"));
        CommandRun.Vmdk([1], null, "write", "--offset", "0", source).MustReturn(ExitCodes.Refused);
        Directory.Delete(away, recursive: true);
        CommandRun.Vmdk("clone", "--forget", second, source).MustReturn(0);
        Assert.False(File.Exists(source + ".clones"));
    }

    [Fact]
    public void HostileRecordsAreOnlyRead()
    {
        string source = NewBase("monolithicFlat", ChainRecipe.Numbered(64)), pipe = folder.File("pipe");
        Tool.Run("mkfifo", pipe).MustSucceed();
        File.WriteAllText(source + ".clones",
            $"relative.vmdk\n../up.vmdk\n{pipe}\n/dev/zero\n/proc/self/mem\n/\n/no/such\u0001file\n"
            + $"{source}\n{source}\n\0/nul\n");
        Assert.Equal(["unreadable", "unreadable", "unreadable", "unreadable", "missing", "elsewhere"],
            StatesIn(CommandRun.Vmdk("clone", "--list", "--json",
                source).MustReturn(ExitCodes.Finding).Json())
                .Select(other => other.State));
        Assert.DoesNotContain('\u0001', CommandRun.Vmdk("clone", "--list", source).Output);
        CommandRun.Vmdk("write", "--offset", "0", source).MustReturn(ExitCodes.Refused);
        File.WriteAllText(source
            + ".clones", string.Concat(Enumerable.Range(0, 5000).Select(i => $"/c/{i}\n")));
        CommandRun.Vmdk("clone", "--list", source).MustReturn(ExitCodes.Refused);
        CommandRun.Vmdk("clone", "--linked", source,
            Path.Combine(away, "a.vmdk")).MustReturn(ExitCodes.Refused);
        File.WriteAllBytes(source + ".clones", new byte[(1 << 20) + 1]);
        CommandRun.Vmdk("clone", "--list", source).MustReturn(ExitCodes.Refused);
        Assert.Empty(Directory.GetFiles(away));
    }

    private LinkedCloneResult Clone(string source, string target, string? kind = null) => LinkedClone.Create(
        new LinkedCloneRequest { SourcePath = source, TargetPath = target, Kind = kind },
            new DiskOpenOptions(),
        TestContext.Current.CancellationToken);

    private string NewBase(string kind, byte[] content)
    {
        string path = Path.Combine(home, "web01.vmdk");
        DiskCreator.Create(new DiskCreation
        {
            Path = path, CapacityBytes = content.Length, Kind = kind, ContentId = 0x12345678,
        }, TestContext.Current.CancellationToken);
        using (Disk disk =
            Disk.Open(path, new DiskOpenOptions { IsWritable = true })) { disk.Device!.Write(0, content); }

        // Writing gave it a new one.
        if (kind != "monolithicSparse")
        {
            string text = File.ReadAllText(path);
            int at = text.IndexOf("CID=", StringComparison.Ordinal);
            File.WriteAllText(path, string.Concat(text.AsSpan(0, at), "CID=12345678", text.AsSpan(at + 12)));
        }
        return path;
    }

    // Every file with its content and permissions.
    private string[] Snapshot() => [.. Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(path =>
            $"{path} {HostBody.Of(path).Identity!.Mode} "
            + Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))))];

    private static (string Path, string State)[] StatesIn(JsonElement list) =>
        [.. list.GetProperty("links").EnumerateArray()
            .SelectMany(link => link.GetProperty("dependents").EnumerateArray())
            .Select(other =>
                (other.GetProperty("path").GetString()!, other.GetProperty("state").GetString()!))];

    private static byte[] ReadAll(string path)
    {
        using Disk disk = Disk.Open(path, Outside);
        return ReadAll(disk);
    }

    private static byte[] ReadAll(Disk disk)
    {
        byte[] bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }
}
