using System.Text;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints how far the layers of a disk have moved away from its base.</summary>
internal static class DriftText
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>Each layer with its picture, then reads, base and costs.</summary>
    public static void Write(TextOutput output, DriftReport report)
    {
        output.Write(report.Path, TextStyle.Strong).WriteLine(
            $": {SizeText.Count(report.LinkCount, "layer")}, {SizeText.Short(report.CapacityBytes)}; "
            + LimitOf(report));
        foreach (DriftLayerReport layer in report.Layers) { WriteLayer(output, layer, report); }
        InfoText.WriteRow(output, "", $"each of the {CellCountOf(report)} cells is "
            + $"{SizeText.Short(report.CellBytes)} of the disk; dim where nothing of it is visible");
        WriteDepths(output, report);
        if (report.LinkCount > 1) { WriteMerge(output, report); }
        output.EndLine();
        FindingText.Write(output, report.Findings, report.DroppedFindings);
    }

    private static int CellCountOf(DriftReport report) => report.Layers[0].Cells.Count;

    private static string LimitOf(DriftReport report) => report.LinksLeft >= 0
        ? $"VMware allows {report.LinksLeft} more" : $"VMware allows {-report.LinksLeft} fewer";

    private static void WriteLayer(TextOutput output, DriftLayerReport layer, DriftReport report)
    {
        InfoText.WriteLabel(output, $"layer {layer.Depth}");
        output.Write(PathText.Beside(layer.Path, report.Path), TextStyle.Strong);
        if (layer.CreateType is { } type) { output.Write($", {type}"); }
        if (layer.BegunUtc is { } begun) { output.Write($", begun {TimeText.Short(begun)}"); }
        if (layer.ModifiedUtc is { } written) { output.Write($", last written {TimeText.Short(written)}"); }
        output.EndLine();
        foreach (ChainFreezeReport frozen in layer.FrozenBy)
        {
            InfoText.WriteRow(output, "", $"frozen by {ChainTree.SnapshotOf(frozen)}");
        }
        string held = $"{SizeText.Short(layer.DataBytes)} stored";
        if (layer.ZeroBytes > 0) { held += $", {SizeText.Short(layer.ZeroBytes)} zero"; }
        held += $"; {SizeText.Short(layer.VisibleBytes)} visible, {SizeText.Short(layer.HiddenBytes)} hidden";
        InfoText.WriteRow(output, "", held);
        if (layer.UnreadableBytes > 0)
        {
            InfoText.WriteLabel(output, "");
            output.WriteLine($"{SizeText.Exact(layer.UnreadableBytes)} cannot be read", TextStyle.Bad);
        }
        if (layer.Commit is { } commit)
        {
            InfoText.WriteRow(output, "", $"commit to its parent: {TextOf(commit)}");
        }
        WritePicture(output, layer, report);
    }

    private static string TextOf(DriftCostReport cost) =>
        $"{SizeText.Short(cost.BytesToWrite)} to write, {SizeText.Short(cost.RoomBytes)} of room";

    // Neighbouring cells of one style are written together, or each would carry its own colour.
    private static void WritePicture(TextOutput output, DriftLayerReport layer, DriftReport report)
    {
        InfoText.WriteLabel(output, "");
        output.Write("|", TextStyle.Dim);
        var pending = new StringBuilder();
        bool isHidden = false;
        for (int cell = 0; cell < layer.Cells.Count; cell++)
        {
            bool isCellHidden = layer.VisibleCells[cell] == 0;
            if (isCellHidden != isHidden) { WritePart(output, pending, isHidden); }
            isHidden = isCellHidden;
            long cellBytes = Math.Min(report.CellBytes, report.CapacityBytes - (cell * report.CellBytes));
            pending.Append(BlockFor(layer.Cells[cell], cellBytes));
        }
        WritePart(output, pending, isHidden);
        output.WriteLine("|", TextStyle.Dim);
    }

    private static void WritePart(TextOutput output, StringBuilder pending, bool isHidden)
    {
        output.Write(pending.ToString(), isHidden ? TextStyle.Dim : TextStyle.Plain);
        pending.Clear();
    }

    // Anything at all shows, and only what is full looks full.
    private static char BlockFor(long bytes, long cellBytes) => bytes == 0 ? ' '
        : bytes >= cellBytes ? Blocks[^1]
        : Blocks[(int)((double)bytes / cellBytes * (Blocks.Length - 1))];

    private static void WriteDepths(TextOutput output, DriftReport report)
    {
        long data = report.Depths.Sum(depth => depth.DataBytes);
        string label = "reads";
        foreach (DriftDepthReport depth in report.Depths)
        {
            if (depth.DataBytes + depth.ZeroBytes == 0) { continue; }
            string share = data > 0 ? $" ({100.0 * depth.DataBytes / data:0.0}%)" : "";
            string zero = depth.ZeroBytes > 0 ? $", {SizeText.Short(depth.ZeroBytes)} zero" : "";
            InfoText.WriteRow(output, label,
                $"at depth {depth.Depth}: {SizeText.Short(depth.DataBytes)}{share}{zero}");
            label = "";
        }
        string mean = report.MeanDepth is { } value ? $"mean depth {value:0.00}; " : "";
        InfoText.WriteRow(output, label, $"{mean}{SizeText.Short(report.UnansweredBytes)} stored nowhere");
    }

    private static void WriteMerge(TextOutput output, DriftReport report)
    {
        string percent = report.SupersededPercent is { } share ? $" ({share:0.0}%)" : "";
        InfoText.WriteRow(output, "base", $"{SizeText.Short(report.SupersededBytes)}{percent} of its "
            + $"{SizeText.Short(report.Layers[^1].DataBytes)} superseded; layers above answer for "
            + $"{SizeText.Short(report.CoveredBytes)}");
        string freed = report.FreedBytes is { } bytes ? $"; gives back {SizeText.Short(bytes)}" : "";
        InfoText.WriteRow(output, "all", $"merged into the base: {TextOf(report.Consolidation!)}{freed}");
    }
}
