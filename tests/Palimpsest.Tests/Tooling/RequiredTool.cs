using Xunit;

namespace Palimpsest.Tests.Tooling;

/// <summary>
/// Foreign tools decide whether we are right, so their absence must not pass for a success: with
/// <c>CI=true</c> a missing one fails the test, elsewhere it skips the test with its reason.
/// </summary>
internal static class RequiredTool
{
    /// <summary>True where nothing may be skipped.</summary>
    internal static bool IsCi => Environment.GetEnvironmentVariable("CI") is "true" or "1";

    /// <summary>
    /// Full path of a program on <c>PATH</c> (a path is taken as it is); skips or fails the test without it.
    /// </summary>
    internal static string Find(string program)
    {
        if (TryFind(program) is { } path) { return path; }
        Missing($"{program} is not installed (./test installs it on Debian as root)");
        throw new FileNotFoundException(program);
    }

    /// <summary>Full path of a program on <c>PATH</c>, or null.</summary>
    internal static string? TryFind(string program)
    {
        if (program.Contains('/')) { return File.Exists(program) ? program : null; }
        string folders = Environment.GetEnvironmentVariable("PATH") ?? "";
        return folders.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    /// <summary>Skips the test for something this machine lacks, or fails it in CI.</summary>
    internal static void Missing(string reason)
    {
        Assert.False(IsCi, reason);
        Assert.Skip(reason);
    }
}
