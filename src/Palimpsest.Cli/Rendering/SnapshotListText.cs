using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>
/// Prints the snapshots of a machine or a disk: the list as a tree, then each disk's links.
/// </summary>
internal static class SnapshotListText
{
    private const int MaximumNameColumn = 44, MaximumIndent = 16;

    /// <summary>The whole report.</summary>
    public static void Write(TextOutput output, SnapshotListReport report)
    {
        output.Write(PathText.Shown(report.Machine ?? report.Path), TextStyle.Strong).Write(": ");
        output.WriteLine(report.List is null
            ? "no list of snapshots" : SizeText.Count(report.Snapshots.Count, "snapshot")
            + (report.NeedsConsolidation ? ", links are left to be merged" : ""));
        WriteSnapshots(output, report.Snapshots);
        foreach (SnapshotDiskReport disk in report.Disks) { WriteDisk(output, disk); }
        if (report.Findings.Count > 0)
        {
            output.EndLine();
            FindingText.Write(output, report.Findings);
        }
    }

    private static void WriteSnapshots(TextOutput output, IReadOnlyList<SnapshotReport> snapshots)
    {
        int column = ColumnOf(snapshots.Select(snapshot => LabelOf(snapshot).Length));
        foreach (SnapshotReport snapshot in snapshots)
        {
            output.Write(snapshot.IsCurrent ? "* " : "  ", TextStyle.Good)
                .Write(LabelOf(snapshot).PadRight(column), snapshot.IsCurrent
                ? TextStyle.Strong : TextStyle.Plain);
            output.Write(snapshot.CreatedUtc is { } time ? "  " + TimeText.Short(time) : "");
            foreach (SnapshotLinkReport link in snapshot.Disks)
            {
                output.Write($"  {(link.Node is null ? "" : link.Node + " ")}{link.FileName}");
                if (!link.Exists) { output.Write(" (missing)", TextStyle.Bad); }
                else if (!link.IsAncestor) { output.Write(" (branch)", TextStyle.Dim); }
            }
            output.EndLine();
            if (!string.IsNullOrEmpty(snapshot.Description))
            {
                output.Write(new string(' ', Math.Min(snapshot.Depth * 2, MaximumIndent) + 4))
                    .WriteLine(snapshot.Description, TextStyle.Dim);
            }
        }
        if (snapshots.Any(snapshot => snapshot.IsCurrent))
        {
            output.WriteLine("* the machine stands on this one", TextStyle.Dim);
        }
    }

    private static string LabelOf(SnapshotReport snapshot) =>
        new string(' ', Math.Min(snapshot.Depth * 2, MaximumIndent)) + $"{snapshot.Uid} \"{snapshot.Name}\"";

    private static void WriteDisk(TextOutput output, SnapshotDiskReport disk)
    {
        output.EndLine();
        output.Write(disk.Node is null ? "disk" : disk.Node, TextStyle.Strong).Write(" runs from ")
            .Write(disk.Head, TextStyle.Strong);
        if (disk.Problem is { } problem) { output.Write(": ").Write(problem, TextStyle.Bad); }
        output.EndLine();
        int column = ColumnOf(disk.Links.Select(link => link.Name.Length));
        foreach (MomentReport link in disk.Links)
        {
            output.Write("  ").Write(link.Name.PadRight(column));
            output.Write($"  {(link.TimeUtc is { } time ? TimeText.Short(time) : "no data"),-20}");
            output.Write($"  CID {link.ContentId ?? "?",-8}  {SizeText.Short(link.LengthBytes),-9}  ");
            output.WriteLine(StateOf(link), link.IsHead ? TextStyle.Good : TextStyle.Plain);
        }
    }

    private static string StateOf(MomentReport link)
    {
        string state = link.IsHead ? "running" : link.IsFrozen ? "frozen" : "left";
        if (link.Snapshots.Count > 0) { state += " by " + string.Join(", ", link.Snapshots); }
        if (!link.IsInChain) { state += $", a branch of {link.Parent}"; }
        return link is { IsFrozen: true, IsHead: false, IsReadOnly: false } ? state
            + ", writable" : state;
    }

    private static int ColumnOf(IEnumerable<int> lengths) =>
        Math.Min(MaximumNameColumn, lengths.DefaultIfEmpty().Max());
}
