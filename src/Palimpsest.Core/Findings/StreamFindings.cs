namespace Palimpsest.Core.Findings;

/// <summary>Findings on stream-optimised (compressed) VMDK extents: VMDK6xxx.</summary>
public static class StreamFindings
{
    /// <summary>Not a stream-optimised extent at all.</summary>
    public static readonly FindingCode NotAStream = new("VMDK6001", Severity.Refusal, ExitCodes.Damaged,
        "Not a stream-optimised extent",
        "The file does not begin with a whole KDMV header, although its descriptor or its place says "
        + "that it should. It was cut to almost nothing, overwritten, or another file has taken its name.",
        "Look at the first bytes of the file, and fetch the disk again from where it came from.");

    /// <summary>The writer never came to the end.</summary>
    public static readonly FindingCode UnfinishedConversion =
        new("VMDK6002", Severity.Refusal, ExitCodes.Damaged,
        "A conversion that died before it was finished",
        "The header carries the lower-case mark that a converting tool replaces with the real one at the "
        + "very end. The tool was stopped before that.",
        "Run the conversion again; the source of it is the good copy.");

    /// <summary>A version, flag or algorithm nobody here knows.</summary>
    public static readonly FindingCode UnsupportedFeature =
        new("VMDK6003", Severity.Refusal, ExitCodes.Unsupported,
        "A version or feature that is not supported",
        "The header asks for a version above 3, for an incompatible feature bit, or for a compression "
        + "other than deflate. What the grains mean then is not known.",
        "Export the disk again as an ordinary OVF/OVA stream with the tool that made it.");

    /// <summary>Compressed grains without markers.</summary>
    public static readonly FindingCode NoMarkers = new("VMDK6004", Severity.Refusal, ExitCodes.Unsupported,
        "Compressed grains without markers",
        "The header says that grains are compressed but that no marker precedes them. No description of "
        + "that layout could be confirmed, and the tools that guess at it contradict one another.",
        "Convert the disk to a monolithic or stream-optimised one with the product that made it.");

    /// <summary>The numbers of the header cannot be true.</summary>
    public static readonly FindingCode ImpossibleHeader = new("VMDK6005", Severity.Refusal, ExitCodes.Damaged,
        "The header holds impossible numbers",
        "Capacity, grain size or table size lie outside what the format can hold. The header was "
        + "overwritten, or the file was made to do harm.",
        "Compare the first sector with that of a good export of the same disk, and fetch the disk again.");

    /// <summary>CR/LF conversion broke the file.</summary>
    public static readonly FindingCode TextModeTransfer = new("VMDK6006", Severity.Refusal, ExitCodes.Damaged,
        "The file went through a transfer in text mode",
        "The header has four bytes that a transfer in text mode changes, and they are changed. Then "
        + "every line end in the compressed data was changed too.",
        "Transfer the disk again in binary mode.");

    /// <summary>The stream stops early.</summary>
    public static readonly FindingCode Truncated = new("VMDK6010", Severity.Error, ExitCodes.Damaged,
        "The stream is truncated",
        "The end of the file, where the grain directory and the footer belong, is missing: a download or "
        + "an export was interrupted, or the host ran out of room. The grains that are there were found by "
        + "their markers.",
        "Fetch the disk again if you can. If not, convert what is there: missing grains stay unreadable, "
        + "they are never turned into zeros.");

    /// <summary>The directory or a table is damaged, and was rebuilt in memory.</summary>
    public static readonly FindingCode DamagedTables = new("VMDK6011", Severity.Error, ExitCodes.Damaged,
        "The grain directory or a grain table is damaged",
        "An offset in the footer, the grain directory or a grain table leads out of the file. The index "
        + "of grains was rebuilt in memory from the markers that precede the grains.",
        "Convert the disk to a new one and check the result; keep the damaged file until then.");

    /// <summary>The scan met bytes that are no marker.</summary>
    public static readonly FindingCode DamagedPlace = new("VMDK6012", Severity.Error, ExitCodes.Damaged,
        "Damaged places between grains were stepped over",
        "Where a marker belongs there is none: part of the file was overwritten or lost. The search went "
        + "on at the next marker; grains that may have lain between the two are unreadable.",
        "Fetch the disk again if you can. If not, convert it and look at which ranges stay unreadable.");

    /// <summary>The tail is lost, but nothing of the content.</summary>
    public static readonly FindingCode FooterLost = new("VMDK6013", Severity.Warning, ExitCodes.Finding,
        "The footer is missing, all grains are there",
        "The file ends behind its last grain and before the end-of-stream marker, so only tables were "
        + "lost. The index was rebuilt from the markers, and it is complete.",
        "Convert the disk to a new one: other tools refuse it as it is.");

    /// <summary>Grains do not ascend.</summary>
    public static readonly FindingCode OutOfOrder = new("VMDK6014", Severity.Warning, ExitCodes.Finding,
        "Grains are not in ascending order",
        "The writer stored grains in another order than that of the disk, or stored some twice. "
        + "Importers that read such a file as a stream reject it; in a truncated one, absent grains cannot "
        + "be told from lost ones.",
        "Convert the disk to streamOptimized again if it is meant for an OVF import.");

    /// <summary>The unclean flag is set.</summary>
    public static readonly FindingCode UncleanShutdown = new("VMDK6015", Severity.Warning, ExitCodes.Finding,
        "The file was not closed properly",
        "The header says that a program still had the file open for writing when it ended.",
        "Check the disk; if the check finds nothing else, the content is whole.");

    /// <summary>The embedded descriptor's place is impossible.</summary>
    public static readonly FindingCode DescriptorPlace = new("VMDK6016", Severity.Warning, ExitCodes.Finding,
        "The embedded descriptor lies outside the file",
        "The header's offset and size of the descriptor lead beyond the end of the file or are larger "
        + "than any descriptor. The grains do not depend on it.",
        "Convert the disk; a new descriptor is written then.");

    /// <summary>A grain cannot be decompressed.</summary>
    public static readonly FindingCode DamagedGrain = new("VMDK6020", Severity.Error, ExitCodes.Damaged,
        "A grain is damaged",
        "The compressed data of a grain, its checksum or its marker is wrong, so its content is lost.",
        "Fetch the disk again, or heal the range from another copy.");

    /// <summary>Tables and markers contradict one another.</summary>
    public static readonly FindingCode TableDisagrees = new("VMDK6021", Severity.Error, ExitCodes.Damaged,
        "A grain table entry disagrees with the markers",
        "The file holds a grain for this place of the disk, but the grain table points elsewhere. One of "
        + "them is old.",
        "Compare the disk with another copy before you trust this range.");

    /// <summary>A stored grain that nothing points to.</summary>
    public static readonly FindingCode OrphanGrain = new("VMDK6022", Severity.Warning, ExitCodes.Finding,
        "A stored grain that no table refers to",
        "The file holds a grain for a place of the disk that the grain table calls empty. The writer "
        + "ended before it updated the table, or discarded the grain later.",
        "If the disk was cut short while it was written, salvage it; otherwise nothing needs doing.");
}
