using System.CommandLine;
using System.Text.Json;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary>
/// <c>vmdk map</c>: which bytes are data, zeros or holes, in which layer, and where on the host.
/// </summary>
internal static class MapVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The disk." };
        Option<string> output = OutputFormat.Create("json: the array of qemu-img map.");
        Option<long> start = new("--start-offset")
        {
            HelpName = "N",
            Description = "First byte.",
            CustomParser = ByteSize.Parse,
        };
        Option<long?> length = new("--max-length")
        {
            HelpName = "N",
            Description = "At most so many bytes.",
            CustomParser = result => ByteSize.Parse(result),
        };
        return new VerbCommand(
            "map", "List what is data, zero or hole, its layer, and where it lies on the host.",
            session => Run(session, session.Get(disk), session.Get(output) == "json", session.Get(start),
                session.Get(length)),
            "vmdk map web01-000002.vmdk", "vmdk map --json web01.vmdk")
        {
            Arguments = { disk },
            Options = { output, start, length },
        };
    }

    private static int Run(Session session, string path, bool isQemuShape, long start, long? maxLength)
    {
        using Disk disk = session.OpenDisk(path);
        if (start > disk.CapacityBytes)
        {
            throw new UsageException(
                $"the disk has {disk.CapacityBytes} bytes; byte {start} lies behind its end");
        }
        long length = Math.Min(maxLength ?? long.MaxValue, disk.CapacityBytes - start);
        IEnumerable<MapEntry> entries = MapReport.Entries(disk.Reader, start, length, session.Cancellation);
        if (isQemuShape || session.IsJson) { WriteJson(session, disk, isQemuShape, entries); }
        else if (!session.IsQuiet) { MapText.Write(session.Output, disk, entries); }
        return ExitCodes.Fine;
    }

    private static void WriteJson(Session session, Disk disk, bool isQemuShape, IEnumerable<MapEntry> entries)
    {
        bool isRaw = disk.Links[0].Format == LinkFormat.Raw;
        using (var json = new Utf8JsonWriter(session.OutputStream))
        {
            if (isQemuShape) { MapReport.WriteQemu(json, isRaw, entries); }
            else
            {
                MapReport.Write(json, disk.Path, isRaw, [.. disk.Links.Select(link => link.Path)],
                    FindingReport.From(disk.Findings.Items), disk.CapacityBytes, entries);
            }
        }
        session.OutputStream.Write("\n"u8);
    }
}
