using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints the story of a disk.</summary>
internal static class StoryText
{
    private const int ListedPartitions = 32;

    /// <summary>
    /// What it is, its layers, its partitions, its files on the host, the findings, and what to do next.
    /// </summary>
    public static void Write(TextOutput output, StoryReport story)
    {
        InfoText.WriteShape(output, story.Disk);
        InfoText.WriteLayers(output, story.Disk);
        if (story.Partitions is { } table) { WritePartitions(output, table); }
        foreach (HostFileReport file in DataFilesOf(story)) { WriteHostFile(output, file, story.Disk.Path); }
        output.EndLine();
        FindingText.Write(output, story.Disk.Findings, story.Disk.DroppedFindings);
        output.Write("next: ", TextStyle.Dim).WriteLine(story.Disk.NextCommand, TextStyle.Strong);
    }

    // A descriptor's own body is of no interest; JSON has it.
    private static IEnumerable<HostFileReport> DataFilesOf(StoryReport story)
    {
        var data = story.Disk.Links.SelectMany(link => link.Extents).Select(extent => extent.Path)
            .ToHashSet();
        return story.HostFiles.Where(file => data.Contains(file.Path));
    }

    private static void WritePartitions(TextOutput output, PartitionTableReport table)
    {
        string text = table.Scheme switch
        {
            "none" => table.FileSystem is { } whole
                ? $"no table; the whole disk looks like {whole}" : "no table",
            "mbr" => "master boot record",
            "gpt" => "GUID table",
            "hybrid" => "GUID table, with a boot record that names partitions too",
            _ => "the sector that would tell cannot be read",
        };
        if (table.DiskIdentifier is { } id) { text += $", disk {id}"; }
        if (table.Scheme is not ("none" or "unreadable") && table.Partitions.Count == 0)
        {
            text += ", no partitions";
        }
        InfoText.WriteRow(output, "partitions", text);
        foreach (PartitionReport partition in table.Partitions.Take(ListedPartitions))
        {
            string line = $"p{partition.Number} {SizeText.Short(partition.Length)} at byte {partition.Start}"
                + $", {partition.Type}";
            if (partition.Name is { } name) { line += $" \"{name}\""; }
            if (partition.FileSystem is { } fileSystem) { line += $", looks like {fileSystem}"; }
            InfoText.WriteRow(output, "", partition.IsActive ? line + ", active" : line);
        }
        if (table.Partitions.Count > ListedPartitions)
        {
            InfoText.WriteRow(output, "", $"and {table.Partitions.Count - ListedPartitions} more");
        }
    }

    private static void WriteHostFile(TextOutput output, HostFileReport file, string diskPath)
    {
        string text = PathText.Beside(file.Path, diskPath);
        if (file.Error is { } error)
        {
            InfoText.WriteRow(output, "host", $"{text}: {error}");
            return;
        }
        text += $": {SizeText.Short(file.ApparentBytes)}";
        if (file.AllocatedBytes is { } stored) { text += $", {SizeText.Short(stored)} allocated"; }
        if (file.Inode is { } inode) { text += $", inode {inode}"; }
        if (file.FileSystem is { } fileSystem) { text += $" on {fileSystem}"; }
        if (file.LinkCount is > 1 and { } names) { text += $", {names} names"; }
        InfoText.WriteRow(output, "host", text);
        if (file.Holes > 0 || file.Physical is not null) { InfoText.WriteRow(output, "", BodyOf(file)); }
        foreach (string holder in file.LockHolders) { InfoText.WriteRow(output, "", $"locked by {holder}"); }
        foreach (string path in file.VmwareLocks)
        {
            InfoText.WriteRow(output, "", $"VMware lock {PathText.Shown(path)}");
        }
    }

    private static string BodyOf(HostFileReport file)
    {
        var parts = new List<string>();
        if (file.Holes > 0)
        {
            parts.Add($"{SizeText.Count(file.Holes, "hole")} of {SizeText.Short(file.HoleBytes)}");
        }
        if (file.Physical is { } physical)
        {
            parts.Add(SizeText.Count(physical.ExtentCount, "physical extent"));
            if (physical.SharedBytes > 0)
            {
                parts.Add($"{SizeText.Short(physical.SharedBytes)} shared with other files");
            }
        }
        if (file.Zeroing is { } zeroing) { parts.Add(ZeroesOf(zeroing)); }
        return string.Join("; ", parts);
    }

    private static string ZeroesOf(ZeroingReport zeroing)
    {
        string text = zeroing.Kind switch
        {
            "absent" => $"thin: {SizeText.Short(zeroing.AbsentBytes)} have no storage",
            "lazy" => $"lazily zeroed: {SizeText.Short(zeroing.LazyBytes)} are promised to be zero",
            _ => "eager: all of it was written",
        };
        return zeroing.IsEstimate && zeroing.Kind != "eager" ? text + ", about" : text;
    }
}
