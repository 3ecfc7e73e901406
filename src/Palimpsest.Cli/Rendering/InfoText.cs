using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints what a disk is.</summary>
internal static class InfoText
{
    private const int LabelColumn = 11;

    /// <summary>The whole report.</summary>
    public static void Write(TextOutput output, DiskReport report)
    {
        WriteShape(output, report);
        WriteLayers(output, report);
        output.EndLine();
        FindingText.Write(output, report.Findings, report.DroppedFindings);
    }

    /// <summary>What it is, how large, for which adapter.</summary>
    public static void WriteShape(TextOutput output, DiskReport report)
    {
        output.Write(report.Path, TextStyle.Strong).Write(": ").WriteLine(report.What);
        if (report.CapacityBytes is { } capacity) { WriteRow(output, "capacity", SizeText.Exact(capacity)); }
        if (report.AllocatedBytes is { } allocated)
        {
            WriteRow(output, "stored", $"{SizeText.Exact(allocated)} on the host");
        }
        if (report.AdapterType is { } adapter)
        {
            WriteRow(output, "adapter", report.HardwareVersion is { } version
                ? $"{adapter}, virtual hardware version {version}" : adapter);
        }
        if (report.Geometry is { } shape)
        {
            WriteRow(output, "geometry", $"{SizeText.Count(shape.Cylinders, "cylinder")}, "
                + $"{SizeText.Count(shape.Heads, "head")}, "
                + $"{SizeText.Count(shape.SectorsPerTrack, "sector")} per track");
        }
        if (report.Uuid is { } uuid) { WriteRow(output, "uuid", uuid); }
    }

    /// <summary>The links, head first, with their extents.</summary>
    public static void WriteLayers(TextOutput output, DiskReport report)
    {
        foreach (LinkReport link in report.Links)
        {
            string name = report.Links.Count == 1 ? "layer" : $"layer {link.Depth}";
            output.Write(name.PadRight(LabelColumn), TextStyle.Dim)
                .Write(PathText.Beside(link.Path, report.Path), TextStyle.Strong);
            if (link.CreateType is { } type) { output.Write($", {type}"); }
            if (link.ContentId is { } id) { output.Write($", CID {id}"); }
            if (link.ParentContentId is { } parent) { output.Write($", parent CID {parent}"); }
            output.EndLine();
            foreach (ExtentReport extent in link.Extents) { WriteExtent(output, extent, link, report.Path); }
            if (link.ParentFileNameHint is { } hint) { WriteRow(output, "", $"over {hint}"); }
        }
    }

    /// <summary>A label and its value.</summary>
    public static void WriteRow(TextOutput output, string label, string value)
    {
        WriteLabel(output, label);
        output.WriteLine(value);
    }

    /// <summary>A label, before a value that has styles of its own.</summary>
    public static void WriteLabel(TextOutput output, string label) =>
        output.Write(label.PadRight(LabelColumn), TextStyle.Dim);

    private static void WriteExtent(TextOutput output, ExtentReport extent, LinkReport link, string diskPath)
    {
        string text = $"{extent.Access} {extent.Type} {SizeText.Short(extent.LengthBytes)}";
        if (link.Extents.Count > 1 && extent.VirtualOffset is { } start) { text += $" from byte {start}"; }
        if (extent.Path is { } path) { text += $" in {PathText.Beside(path, diskPath)}"; }
        else if (extent.Name is { } name) { text += $" in {name}"; }
        if (extent.FileOffset is > 0 and { } offset) { text += $" at byte {offset}"; }
        if (extent.GrainBytes is { } grain) { text += $", grains of {SizeText.Short(grain)}"; }
        FileReport? file = link.Files.FirstOrDefault(file => file.Path == extent.Path);
        if (file?.AllocatedBytes is { } stored) { text += $", {SizeText.Short(stored)} stored"; }
        WriteRow(output, "", text);
    }
}
