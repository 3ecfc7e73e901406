using Palimpsest.Core.Chains;
using Palimpsest.Tests.Chains;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>
/// Clones on a file system with reflinks (XFS, Btrfs): filefrag says that the storage is shared. The
/// temporary folder is tried; <c>PALIMPSEST_REFLINK_FOLDER</c> names another.
/// </summary>
public sealed class ReflinkInteropTests : IDisposable
{
    private readonly string folder;

    public ReflinkInteropTests() => folder = Directory.CreateDirectory(Path.Combine(
        Environment.GetEnvironmentVariable("PALIMPSEST_REFLINK_FOLDER") ?? Path.GetTempPath(),
        $"palimpsest-test-{Guid.NewGuid():n}")).FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("monolithicFlat", 70 << 20)]
    [InlineData("monolithicFlat", (1 << 20) + (512 * 3))]
    [InlineData("vmfs", 3 << 20)]
    public void AFlatCloneSharesItsStorage(string kind, int lengthBytes)
    {
        byte[] content = ChainRecipe.Numbered(lengthBytes / 512);
        content.AsSpan(128 << 10, 512 << 10).Clear();
        string raw = Path.Combine(folder, "content.raw"), trial = Path.Combine(folder, "trial"),
            source = Path.Combine(folder, "source.vmdk"), clone = Path.Combine(folder, "clone.vmdk");
        File.WriteAllBytes(raw, content);
        Assert.SkipUnless(Tool.Run("cp", "--reflink=always", raw, trial).ExitCode == 0,
            "the temporary folder's file system has no reflinks (PALIMPSEST_REFLINK_FOLDER names another)");
        CommandRun.Vmdk("convert", "-O", kind, raw, source).MustReturn(0);
        Assert.Contains("shared", Extents("source-flat.vmdk"), StringComparison.Ordinal);
        CommandRun.Vmdk("clone", source, clone).MustReturn(0);
        Assert.All(Extents("clone-flat.vmdk").Split('\n')
            .Where(line => line.Contains(':') && char.IsDigit(line.Trim()[0])),
            line => Assert.Contains("shared", line, StringComparison.Ordinal));
        Assert.Equal(content, ChainRecipe.ReadAll(clone));

        // What is written to the one is not seen in the other.
        CommandRun.Vmdk([1, 2, 3], null, "write", "--offset", "0", clone).MustReturn(0);
        Assert.Equal(content, ChainRecipe.ReadAll(source));
    }

    private string Extents(string name) =>
        Tool.Run("filefrag", "-v", Path.Combine(folder, name)).MustSucceed().Output;
}
