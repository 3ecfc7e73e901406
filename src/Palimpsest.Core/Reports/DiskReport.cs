using System.Text.Json.Serialization;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Reports;

/// <summary>
/// What a disk is: its shape, its layers, its files and what was found. The report of <c>info</c>.
/// </summary>
public sealed record DiskReport
{
    /// <summary>See <see cref="ReportSchema.Version"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Schema { get; init; } = ReportSchema.Version;

    /// <summary><c>disk</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Report { get; init; } = "disk";

    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>What it is, in one phrase for people.</summary>
    public required string What { get; init; }

    /// <summary><c>vmdk</c>, <c>raw</c>, or null when the file could not be recognised.</summary>
    public string? Format { get; init; }

    /// <summary>True when the disk opens with its whole chain.</summary>
    public required bool Opens { get; init; }

    /// <summary><c>createType</c> of the head, as written.</summary>
    public string? CreateType { get; init; }

    /// <summary>Size of the guest's disk in bytes; null when it is not known.</summary>
    public long? CapacityBytes { get; init; }

    /// <summary>Bytes the host stores for all files of all links; null when it does not say.</summary>
    public long? AllocatedBytes { get; init; }

    /// <summary><c>ddb.adapterType</c>, from the head or the nearest ancestor that has it.</summary>
    public string? AdapterType { get; init; }

    /// <summary>The geometry that the descriptor declares.</summary>
    public GeometryReport? Geometry { get; init; }

    /// <summary><c>ddb.uuid</c>.</summary>
    public string? Uuid { get; init; }

    /// <summary><c>ddb.virtualHWVersion</c>.</summary>
    public string? HardwareVersion { get; init; }

    /// <summary>True when the descriptor says so; it is a word, and the host body tells the truth.</summary>
    public bool? ThinProvisioned { get; init; }

    /// <summary>The links, head first, base last, as far as they were found.</summary>
    public required IReadOnlyList<LinkReport> Links { get; init; }

    /// <summary>Everything found.</summary>
    public required IReadOnlyList<FindingReport> Findings { get; init; }

    /// <summary>How many findings more there were than a report holds.</summary>
    public long DroppedFindings { get; init; }

    /// <summary>The exit code that belongs to the findings.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The next safe command; it changes nothing.</summary>
    public required string NextCommand { get; init; }

    /// <summary>The report of a disk that was looked at.</summary>
    public static DiskReport From(DiskInspection inspection, IHost? host = null)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        host ??= LocalHost.Instance;
        Link? head = inspection.Links.Count > 0 ? inspection.Links[0] : null;
        IReadOnlyList<Finding> findings = inspection.Findings.Items;
        LinkReport[] links =
            [.. inspection.Links.Select((link, depth) => LinkReport.From(link, depth, host))];
        return new DiskReport
        {
            Path = inspection.Path,
            What = DiskPhrase.For(inspection),
            Format = head is null ? null : head.Format == LinkFormat.Raw ? "raw" : "vmdk",
            Opens = inspection.Disk is not null,
            CreateType = head?.Descriptor?.CreateType,
            CapacityBytes = inspection.Disk?.CapacityBytes
            ?? (links.Length > 0 ? links[0].CapacityBytes : null),
            AllocatedBytes = SumOfAllocated(links),
            AdapterType = Database(inspection.Links, "adapterType"),
            Geometry = inspection.Links.Select(link => link.Descriptor).OfType<VmdkDescriptor>()
                .Select(DiskGeometry.From).FirstOrDefault(geometry => geometry is not null) is { } found
                ? GeometryReport.From(found) : null,
            Uuid = Database(inspection.Links, "uuid"),
            HardwareVersion = Database(inspection.Links, "virtualHWVersion"),
            ThinProvisioned = head?.Descriptor?.Database("thinProvisioned") is { } thin ? thin == "1" : null,
            Links = links,
            Findings = FindingReport.From(findings),
            DroppedFindings = inspection.Findings.DroppedCount,
            ExitCode = FindingReport.ExitCodeOf(findings),
            NextCommand = NextStep.For(inspection),
        };
    }

    private static string? Database(IReadOnlyList<Link> links, string key) =>
        links.Select(link => link.Descriptor?.Database(key)).FirstOrDefault(value => value is not null);

    private static long? SumOfAllocated(IEnumerable<LinkReport> links)
    {
        long sum = 0;
        var counted = new HashSet<string>(StringComparer.Ordinal);
        foreach (FileReport file in links.SelectMany(link => link.Files))
        {
            if (file.AllocatedBytes is not { } bytes) { return null; }
            if (counted.Add(file.Path)) { sum += bytes; }
        }
        return counted.Count == 0 ? null : sum;
    }
}

/// <summary>Cylinders, heads and sectors per track.</summary>
public sealed record GeometryReport(long Cylinders, int Heads, int SectorsPerTrack)
{
    internal static GeometryReport From(DiskGeometry geometry) =>
        new(geometry.Cylinders, geometry.Heads, geometry.SectorsPerTrack);
}
