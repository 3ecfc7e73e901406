using System.Text.Json;
using Palimpsest.Core.Blocks;

namespace Palimpsest.Core.Reports;

/// <summary>A run of a disk, as long as it is: neighbours of equal status are one.</summary>
/// <param name="Start">Byte offset in the disk.</param>
/// <param name="Run">What it is.</param>
public readonly record struct MapEntry(long Start, BlockRun Run)
{
    /// <summary><c>data</c>, <c>zero</c>, <c>hole</c> or <c>unreadable</c>.</summary>
    public string Kind => Run.Kind switch
    {
        RunKind.Data => "data",
        RunKind.Zero => "zero",
        RunKind.Hole => "hole",
        _ => "unreadable",
    };

    /// <summary>
    /// True when some layer has a place for it: everything but a hole that no layer answers for. A hole of
    /// the host in a flat file has one.
    /// </summary>
    public bool IsPresent => Run.Kind != RunKind.Hole || Run.File is not null;
}

/// <summary>
/// The map of a disk, run by run, never held in memory as a whole: a disk may have millions of runs.
/// </summary>
public static class MapReport
{
    /// <summary>All runs of a range, neighbours merged.</summary>
    public static IEnumerable<MapEntry> Entries(
        IBlockReader reader, long offset, long length, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        BlockRange.Check(offset, length, reader.Length);
        long end = offset + length;
        MapEntry? pending = null;
        while (offset < end)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRun run = reader.GetRun(offset, end - offset);
            if (pending is { } open && open.Run.Continues(run))
            {
                pending = open with { Run =
                    open.Run with { LengthBytes = open.Run.LengthBytes + run.LengthBytes } };
            }
            else
            {
                if (pending is { } done) { yield return done; }
                pending = new MapEntry(offset, run);
            }
            offset += run.LengthBytes;
        }
        if (pending is { } last) { yield return last; }
    }

    /// <summary>
    /// Writes one run with the keys of <c>qemu-img map --output=json</c>, and <c>filename</c> where there is
    /// an offset.
    /// <paramref name="isRaw"/> says that the disk is a raw image, whose holes QEMU counts differently from
    /// those in a flat extent.
    /// </summary>
    public static void WriteQemu(Utf8JsonWriter json, in MapEntry entry, bool isRaw)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        WriteSharedFields(json, entry, isRaw);
        if (entry.Run.File is { } file)
        {
            json.WriteNumber("offset", entry.Run.HostOffset);
            json.WriteString("filename", file.Path);
        }
        if (entry.Run.Kind == RunKind.Unreadable) { json.WriteBoolean("unreadable", true); }
        json.WriteEndObject();
    }

    /// <summary>Writes the whole map as one document: QEMU's keys, and kind, layer and host range.</summary>
    public static void Write(
        Utf8JsonWriter json, string path, bool isRaw, IReadOnlyList<string> layers,
        IReadOnlyList<FindingReport> findings,
        long capacityBytes, IEnumerable<MapEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(entries);
        json.WriteStartObject();
        json.WriteString("schema", ReportSchema.Version);
        json.WriteString("report", "map");
        json.WriteString("path", path);
        json.WriteNumber("capacityBytes", capacityBytes);
        json.WriteStartArray("layers");
        foreach (string layer in layers) { json.WriteStringValue(layer); }
        json.WriteEndArray();
        json.WritePropertyName("findings");
        JsonSerializer.Serialize(json, findings, ReportJson.Default.IReadOnlyListFindingReport);
        json.WriteStartArray("runs");
        foreach (MapEntry entry in entries)
        {
            json.WriteStartObject();
            WriteSharedFields(json, entry, isRaw);
            json.WriteString("kind", entry.Kind);
            if (entry.Run.File is { } file)
            {
                json.WriteNumber("offset", entry.Run.HostOffset);
                json.WriteString("filename", file.Path);
            }
            json.WriteEndObject();
            FlushWhenLarge(json);
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Writes only QEMU's array.</summary>
    public static void WriteQemu(Utf8JsonWriter json, bool isRaw, IEnumerable<MapEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(entries);
        json.WriteStartArray();
        foreach (MapEntry entry in entries)
        {
            WriteQemu(json, entry, isRaw);
            FlushWhenLarge(json);
        }
        json.WriteEndArray();
        json.Flush();
    }

    private static void WriteSharedFields(Utf8JsonWriter json, in MapEntry entry, bool isRaw)
    {
        RunKind kind = entry.Run.Kind;
        bool isHostHole = kind == RunKind.Hole && entry.Run.File is not null;
        json.WriteNumber("start", entry.Start);
        json.WriteNumber("length", entry.Run.LengthBytes);
        json.WriteNumber("depth", entry.Run.Depth);
        json.WriteBoolean("present", entry.IsPresent);
        json.WriteBoolean("zero", entry.Run.ReadsAsZero);
        json.WriteBoolean("data", kind is RunKind.Data or RunKind.Unreadable || (isHostHole && !isRaw));
    }

    private static void FlushWhenLarge(Utf8JsonWriter json)
    {
        const int LargeBytes = 32 << 10;
        if (json.BytesPending >= LargeBytes) { json.Flush(); }
    }
}
