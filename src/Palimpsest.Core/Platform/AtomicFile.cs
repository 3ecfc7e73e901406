namespace Palimpsest.Core.Platform;

/// <summary>
/// Replaces small files so that a reader, or a machine that loses power, sees the old or the new, never
/// between.
/// </summary>
public static class AtomicFile
{
    /// <summary>
    /// Suffix of the temporary file; one that is found beside a disk is left of an interrupted write and
    /// harmless.
    /// </summary>
    public const string TemporarySuffix = ".palimpsest-new";

    // Crash order: (1) the whole new content into a temporary file, (2) its flush, (3) the rename, (4) the
    // folder's flush. A cut before (3) leaves the old file, after it the new one; (4) makes which one
    // certain.

    /// <summary>Replaces, or creates, <paramref name="path"/> with <paramref name="content"/>.</summary>
    public static void Replace(IHost host, string path, ReadOnlySpan<byte> content)
    {
        string temporaryPath = path + TemporarySuffix;
        if (host.Stat(temporaryPath) is not null) { host.Delete(temporaryPath); }
        try
        {
            using (HostFile file = host.Open(temporaryPath, HostAccess.CreateNew))
            {
                file.Write(0, content);
                file.Flush();
            }
            if (host.Stat(path) is not null) { host.MatchPermissions(path, temporaryPath); }
            host.Rename(temporaryPath, path);
        }
        catch
        {
            TryDelete(host, temporaryPath);
            throw;
        }
        host.FlushFolder(HostPath.FolderOf(path));
    }

    private static void TryDelete(IHost host, string path)
    {
        try
        {
            if (host.Stat(path) is not null) { host.Delete(path); }
        }
        catch (Findings.BlockException)
        {
            // The first error is the one worth reporting; a leftover temporary file is harmless and
            // recognisable.
        }
    }
}

/// <summary>Path arithmetic on <c>/</c>-separated host paths.</summary>
public static class HostPath
{
    /// <summary>The folder a path lies in: <c>.</c> for a bare name.</summary>
    public static string FolderOf(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? "." : slash == 0 ? "/" : path[..slash];
    }

    /// <summary>The last component.</summary>
    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>A name inside a folder; an absolute name stands for itself.</summary>
    public static string Combine(string folder, string name) =>
        name.StartsWith('/') || folder is "." or "" ? name : folder.EndsWith('/')
        ? folder + name : folder + "/" + name;
}
