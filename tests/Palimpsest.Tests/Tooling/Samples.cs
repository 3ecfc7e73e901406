using Xunit;

namespace Palimpsest.Tests.Tooling;

/// <summary>
/// Images that other tools made, kept outside of the repository: <c>PALIMPSEST_SAMPLES</c> names their
/// folder; without it, <c>shared/samples</c> in a folder above.
/// </summary>
internal static class Samples
{
    /// <summary>
    /// Path of a sample, such as <c>vmdk/vmfs_thick.vmdk</c>; skips the test where it is not there.
    /// </summary>
    internal static string Find(string name)
    {
        string path = Path.Combine(Folder() ?? "", name);
        Assert.SkipUnless(File.Exists(path),
            $"the sample {name} is not there (PALIMPSEST_SAMPLES names its folder)");
        return path;
    }

    private static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("PALIMPSEST_SAMPLES") is { } named) { return named; }
        for (DirectoryInfo? up = new(AppContext.BaseDirectory); up is not null; up = up.Parent)
        {
            string candidate = Path.Combine(up.FullName, "shared", "samples");
            if (Directory.Exists(candidate)) { return candidate; }
        }
        return null;
    }
}
