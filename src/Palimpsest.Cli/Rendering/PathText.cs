namespace Palimpsest.Cli.Rendering;

/// <summary>Paths for people.</summary>
internal static class PathText
{
    /// <summary>Without the working folder where the file lies in it. JSON has whole paths.</summary>
    public static string Shown(string path)
    {
        string folder = Environment.CurrentDirectory;
        return folder.Length > 1 && path.Length > folder.Length + 1 && path[folder.Length] == '/'
            && path.StartsWith(folder, StringComparison.Ordinal) ? path[(folder.Length + 1)..] : path;
    }

    /// <summary>
    /// The bare name of a file in the same folder as the disk; else as <see cref="Shown"/>.
    /// </summary>
    public static string Beside(string path, string diskPath)
    {
        string whole = Path.GetFullPath(path);
        bool isBeside = Path.GetDirectoryName(whole) == Path.GetDirectoryName(Path.GetFullPath(diskPath));
        return isBeside ? Path.GetFileName(whole) : Shown(path);
    }
}
