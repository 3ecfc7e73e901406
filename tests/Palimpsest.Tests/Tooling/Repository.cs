namespace Palimpsest.Tests.Tooling;

/// <summary>The working tree the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Full path of its root.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>Full path of a file named from the root.</summary>
    internal static string File(string relativePath) => Path.Combine(Root, relativePath);

    /// <summary>
    /// Files below a folder that match a pattern, as paths from the root with <c>/</c>; build products are
    /// left out.
    /// </summary>
    internal static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(File(folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "artifacts" or ".git"))
            .Order(StringComparer.Ordinal);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder
            is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Palimpsest.slnx")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException("the tests run outside a working tree of the project");
    }
}
