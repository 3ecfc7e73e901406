using System.Text.Json;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary>The verbs <c>vmdk snapshot</c>: help, dry runs, reports, exit codes.</summary>
public sealed class SnapshotVerbTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly string vmx;

    public SnapshotVerbTests()
    {
        folder.NewDisk("vm.vmdk", 4 << 20, CreateTypes.MonolithicFlat);
        folder.NewDisk("vm_1.vmdk", 4 << 20, CreateTypes.MonolithicSparse);
        vmx = folder.Write("vm.vmx", "scsi0:0.fileName = \"vm.vmdk\"\nscsi0:1.fileName = \"vm_1.vmdk\"\n");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TheGroupAloneShowsItsVerbs()
    {
        CommandResult run = CommandRun.Vmdk("snapshot").MustReturn(2);
        Assert.Empty(run.Output);
        Assert.StartsWith("usage: vmdk snapshot VERB ...\n", run.Error, StringComparison.Ordinal);
        Assert.Equal(run.Error, CommandRun.Vmdk("snapshot", "--help").MustReturn(0).Output);
        Assert.Contains("See: vmdk snapshot --help", CommandRun.Vmdk("snapshot", "undo").MustReturn(2).Error,
            StringComparison.Ordinal);
        Assert.Contains("See: vmdk snapshot delete --help", CommandRun.Vmdk("snapshot", "delete", vmx)
            .MustReturn(2).Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("list")]
    [InlineData("revert")]
    [InlineData("delete")]
    [InlineData("consolidate")]
    public void EachVerbHasHelpAndAPlaceInTheManualAndTheCompletion(string verb)
    {
        string[] lines = CommandRun.Vmdk("snapshot", verb, "--help").MustReturn(0).Output.TrimEnd('\n')
            .Split('\n');
        Assert.InRange(lines.Length, 4, 24);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 120));
        Assert.StartsWith($"usage: vmdk snapshot {verb} ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith($"  vmdk snapshot {verb}", lines[^1], StringComparison.Ordinal);
        Assert.Contains($".SS vmdk snapshot {verb} ", CommandRun.Vmdk("man").Output,
            StringComparison.Ordinal);
        Assert.Contains($"'snapshot {verb}') options=", CommandRun.Vmdk("completion", "bash").Output,
            StringComparison.Ordinal);
        Assert.Contains($"'snapshot {verb}') options=", CommandRun.Vmdk("completion", "zsh").Output,
            StringComparison.Ordinal);
        Assert.Contains($" -a {verb} ", CommandRun.Vmdk("completion", "fish").Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void CompletionKnowsTheSecondWord()
    {
        string script = folder.Write("completion", CommandRun.Vmdk("completion", "bash").MustReturn(0)
            .Output);
        ToolResult run = Tool.Run("bash", "-c",
            "source \"$0\"; COMP_WORDS=(vmdk snap) COMP_CWORD=1; _vmdk; echo \"${COMPREPLY[@]}\"; "
            + "COMP_WORDS=(vmdk snapshot co) COMP_CWORD=2; _vmdk; echo \"${COMPREPLY[@]}\"; "
            + "COMP_WORDS=(vmdk snapshot create --form) COMP_CWORD=3; _vmdk; echo \"${COMPREPLY[@]}\"; "
            + "COMP_WORDS=(vmdk create --si) COMP_CWORD=2; _vmdk; echo \"${COMPREPLY[@]}\"", script)
            .MustSucceed();
        Assert.Equal("snapshot\nconsolidate\n--format\n--size\n", run.Output);
        Tool.Run("shellcheck", "--shell=bash", script).MustSucceed();
    }

    [Fact]
    public void ADryRunChangesNothingAndTheRunDoesWhatItSaid()
    {
        string[] files = [.. Directory.EnumerateFiles(folder.Path)];
        JsonElement plan = CommandRun.Vmdk("snapshot", "create", "--json", "--dry-run", vmx).MustReturn(0)
            .Json();
        Assert.Equal(files, Directory.EnumerateFiles(folder.Path));
        JsonElement done = CommandRun.Vmdk("snapshot", "create", "--json", vmx).MustReturn(0).Json();
        Assert.False(plan.GetProperty("isDone").GetBoolean());
        Assert.True(done.GetProperty("isDone").GetBoolean());
        Assert.Equal("snapshot create", done.GetProperty("verb").GetString());
        Assert.Equal(vmx, done.GetProperty("headAfter").GetString());
        Assert.Equal(plan.GetProperty("steps").GetRawText(), done.GetProperty("steps").GetRawText());
        Assert.Equal(["new-delta", "new-delta", "edit-dictionary", "edit-dictionary", "freeze"],
            done.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("what").GetString()));
    }

    [Fact]
    public void WhatIsThrownAwayIsSaidWithItsBytes()
    {
        CommandRun.Vmdk("snapshot", "create", "--name", "a", vmx).MustReturn(0);
        long lengthBytes = new FileInfo(folder.File("vm-000001.vmdk")).Length;
        string said = CommandRun.Vmdk("snapshot", "revert", "--dry-run", vmx).MustReturn(0).Output;
        Assert.Contains($"throw away vm-000001.vmdk ({lengthBytes} bytes)", said, StringComparison.Ordinal);
        Assert.Contains("vm-000002.vmdk on vm.vmdk", said, StringComparison.Ordinal);
    }

    [Fact]
    public void TheListIsForPeopleAndPrograms()
    {
        CommandRun.Vmdk("snapshot", "create", "--name", "one", "--description", "first\nof all", vmx)
            .MustReturn(0);
        CommandRun.Vmdk("snapshot", "create", "--name", "two", vmx).MustReturn(0);
        string text = CommandRun.Vmdk("snapshot", "list", folder.Path).MustReturn(0).Output;
        Assert.Contains("2 snapshots", text, StringComparison.Ordinal);
        Assert.Contains("*   2 \"two\"", text, StringComparison.Ordinal);
        Assert.Contains("scsi0:1 runs from vm_1-000002.vmdk", text, StringComparison.Ordinal);
        JsonElement json = CommandRun.Vmdk("snapshot", "list", "--json", vmx).MustReturn(0).Json();
        Assert.Equal("snapshot-list", json.GetProperty("report").GetString());
        Assert.Equal("first\nof all", json.GetProperty("snapshots")[0].GetProperty("description")
            .GetString());
        Assert.True(json.GetProperty("snapshots")[1].GetProperty("isCurrent").GetBoolean());
        File.Delete(folder.File("vm-000001.vmdk"));
        CommandRun.Vmdk("snapshot", "list", vmx).MustReturn(10);
        File.WriteAllText(
            folder.File("vm.vmsd"), "snapshot0.uid = \"1\"\nsnapshot0.disk0.fileName = \"gone.vmdk\"\n");
        File.WriteAllText(vmx, "scsi0:1.fileName = \"vm_1-000002.vmdk\"\n");
        CommandRun.Vmdk("snapshot", "list", vmx).MustReturn(1);
    }

    [Fact]
    public void RefusalsHaveTheirExitCodes()
    {
        CommandRun.Vmdk("snapshot", "create", folder.File("nothing.vmdk")).MustReturn(2);
        CommandRun.Vmdk("snapshot", "create", folder.File("vm-flat.vmdk")).MustReturn(5);
        CommandRun.Vmdk("snapshot", "revert", vmx).MustReturn(5);
        CommandRun.Vmdk("snapshot", "create", "--format", "seSparse", vmx).MustReturn(2);
        File.Delete(folder.File("vm_1.vmdk"));
        CommandRun.Vmdk("snapshot", "create", vmx).MustReturn(10);
        Assert.Contains("nothing to do", CommandRun.Vmdk("snapshot", "consolidate", folder.File("vm.vmdk"))
            .MustReturn(0).Output,
            StringComparison.Ordinal);
        folder.Write("vm-000001.vmdk", "x");
        folder.Write("second.vmx", "scsi0:0.fileName = \"vm.vmdk\"\n");
        CommandRun.Vmdk("snapshot", "create", folder.Path).MustReturn(5);
    }

    // The head is in use: the holder is named, and nothing is begun.
    [Fact]
    public void AHeldDiskIsLocked()
    {
        using (Palimpsest.Core.Platform.LocalHost.Instance.LockForWriting(folder.File("vm_1.vmdk")))
        {
            CommandRun.Vmdk("snapshot", "create", vmx).MustReturn(11);
        }
        Assert.False(File.Exists(folder.File("palimpsest-change.json")));
        CommandRun.Vmdk("snapshot", "create", vmx).MustReturn(0);
    }
}
