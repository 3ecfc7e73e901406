using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.VirtualMachine;

/// <summary>What a log says of one file. Later lines win over earlier ones.</summary>
public sealed record LogFacts
{
    /// <summary>Capacity in sectors.</summary>
    public long? SectorCount { get; init; }

    /// <summary>The type word: <c>vmfs</c>, <c>vmfsSparse</c>.</summary>
    public string? TypeText { get; init; }

    /// <summary>The disk's uuid, in the form of <c>ddb.uuid</c>.</summary>
    public string? Uuid { get; init; }

    /// <summary>Content id.</summary>
    public uint? ContentId { get; init; }

    /// <summary>Content id of its parent.</summary>
    public uint? ParentContentId { get; init; }

    /// <summary>The last line that told something, counted from 1 where reading began.</summary>
    public int LineNumber { get; init; }
}

/// <summary>
/// What <c>vmware.log</c> tells about disks. Its form is not documented and differs between versions, so
/// single phrases are looked for on lines that name a <c>.vmdk</c> file, and the answer is a hint, never a
/// proof.
/// </summary>
public sealed partial class VmwareLog
{
    // Only the end of a long log is read: it is the newest.
    private const int MaximumBytes = 8 << 20;
    private const int MaximumLine = 4096, MaximumFiles = 1024, MatchMilliseconds = 250;

    private readonly Dictionary<string, LogFacts> factsOfFile = new(StringComparer.Ordinal);

    private VmwareLog()
    {
    }

    /// <summary>True when a path of a datastore appears.</summary>
    public bool IsFromEsxi { get; private set; }

    /// <summary>All facts, by bare file name.</summary>
    public IReadOnlyDictionary<string, LogFacts> Files => factsOfFile;

    /// <summary>Reads the end of a log; null, with a finding, when it cannot be read.</summary>
    public static VmwareLog? TryRead(IHost host, string path, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(findings);
        try
        {
            using HostFile file = host.Open(path, HostAccess.Read);
            int length = (int)Math.Min(file.Length, MaximumBytes);
            byte[] bytes = new byte[length];
            file.Read(file.Length - length, bytes);
            return Parse(bytes);
        }
        catch (BlockException error)
        {
            findings.Add(DescribeFindings.WitnessUnusable, path, error.Message);
            return null;
        }
    }

    /// <summary>Parses text. Never throws on bad bytes.</summary>
    public static VmwareLog Parse(ReadOnlySpan<byte> bytes)
    {
        var log = new VmwareLog();
        int lineNumber = 0;
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? [] : bytes[(end + 1)..];
            lineNumber++;
            if (line.IndexOf(".vmdk"u8) >= 0 && line.Length <= MaximumLine)
            {
                log.Take(Encoding.UTF8.GetString(line), lineNumber);
            }
        }
        return log;
    }

    private void Take(string line, int lineNumber)
    {
        try
        {
            Match quoted = FileName().Match(line);
            if (!quoted.Success) { return; }
            string path = quoted.Groups[1].Value.Replace('\\', '/');
            IsFromEsxi |= path.StartsWith("/vmfs/volumes/", StringComparison.Ordinal);
            string name = HostPath.NameOf(path);
            bool isKnown = factsOfFile.TryGetValue(name, out LogFacts? known);
            if (!isKnown && factsOfFile.Count == MaximumFiles) { return; }
            LogFacts before = known ?? new LogFacts();
            LogFacts after = Read(line[(quoted.Index + quoted.Length)..], before);
            if (after != before) { factsOfFile[name] = after with { LineNumber = lineNumber }; }
        }
        catch (RegexMatchTimeoutException)
        {
            // A line made to be slow to match is no line of a log.
        }
    }

    private static LogFacts Read(string rest, LogFacts facts)
    {
        if (Sectors().Match(rest) is { Success: true } sectors
            && long.TryParse(sectors.Groups[2]
                .Value, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            facts = facts with { TypeText = sectors.Groups[1].Value, SectorCount = count };
        }
        if (Uuid().Match(rest) is { Success: true } uuid)
        {
            facts = facts with { Uuid = uuid.Groups[1].Value };
        }
        if (ParentContentId().Match(rest) is { Success: true } parent)
        {
            facts = facts with { ParentContentId = Hex(parent) };
        }
        if (ContentId().Match(rest) is { Success: true } own)
        {
            facts = facts with { ContentId = Hex(own) };
        }
        return facts;
    }

    private static uint Hex(Match match) =>
        uint.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    // 'path' or "path", up to the same kind of quote.
    [GeneratedRegex("""["']([^"']{1,1024}\.vmdk)["']""", RegexOptions.CultureInvariant, MatchMilliseconds)]
    private static partial Regex FileName();

    // ... (0xe): vmfs, 83886080 sectors / 40 GB.
    [GeneratedRegex(@":\s{0,4}([A-Za-z0-9]{1,32}), ([0-9]{1,18}) sectors", RegexOptions.CultureInvariant,
        MatchMilliseconds)]
    private static partial Regex Sectors();

    [GeneratedRegex("UUID ['\"]((?:[0-9a-fA-F]{2}[ -]){15}[0-9a-fA-F]{2})['\"]",
        RegexOptions.CultureInvariant,
        MatchMilliseconds)]
    private static partial Regex Uuid();

    [GeneratedRegex(
        "(?<![A-Za-z])(?:CID|content ?ID)\\s{0,4}[=:]?\\s{0,4}(?:0x)?([0-9a-f]{8})(?![0-9a-fA-F])",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, MatchMilliseconds)]
    private static partial Regex ContentId();

    [GeneratedRegex("parent ?CID\\s{0,4}[=:]?\\s{0,4}(?:0x)?([0-9a-f]{8})(?![0-9a-fA-F])",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, MatchMilliseconds)]
    private static partial Regex ParentContentId();
}
