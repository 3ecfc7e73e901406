using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary>
/// <c>vmdk DISK</c>: the whole story of a disk, or of every disk in a folder. It never writes.
/// </summary>
internal static class StoryVerb
{
    /// <summary>Tells it.</summary>
    public static int Run(Session session, string path)
    {
        if (Directory.Exists(path))
        {
            FolderReport folder = FolderReport.Of(path, session.OpenOptions);
            session.Print(folder, () => ReportJson.Default.FolderReport, FolderText.Write);
            return folder.ExitCode;
        }
        if (!File.Exists(path) && path.IndexOfAny(['/', '.']) < 0)
        {
            throw new UsageException($"there is no verb and no file \"{path}\". See: vmdk --help");
        }
        using DiskInspection inspection = Disk.Inspect(path, session.OpenOptions);
        StoryReport story = StoryReport.From(inspection);
        session.Print(story, () => ReportJson.Default.StoryReport, StoryText.Write);
        return story.Disk.ExitCode;
    }
}
