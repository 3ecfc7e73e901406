namespace Palimpsest.Core.Findings;

/// <summary>Findings about descriptors: VMDK1xxx.</summary>
public static class DescriptorFindings
{
    /// <summary>Unknown version.</summary>
    public static readonly FindingCode UnknownVersion =
        new("VMDK1001", Severity.Refusal, ExitCodes.Unsupported,
        "The descriptor has an unknown version",
        "Versions 1, 2 and 3 are known. Another number means a newer writer, or a damaged line.",
        "Look at the version line. If the rest of the descriptor is plain, correct the number in a copy and "
        + "check that.");

    /// <summary>No version line.</summary>
    public static readonly FindingCode NoVersion = new("VMDK1002", Severity.Warning, ExitCodes.Finding,
        "The descriptor has no version line",
        "VMware recognises a text descriptor only by its version line; somebody edited or damaged it.",
        "Run: vmdk repair DISK --dry-run");

    /// <summary>Version is not the first option line.</summary>
    public static readonly FindingCode VersionNotFirst = new("VMDK1003", Severity.Info, ExitCodes.Fine,
        "The version line is not the first line",
        "Other tools take such a descriptor for a raw disk of a few hundred bytes.",
        "Nothing is wrong for this tool. Run vmdk repair DISK if other tools must read it too.");

    /// <summary>A line that cannot be understood.</summary>
    public static readonly FindingCode UnknownLine = new("VMDK1004", Severity.Refusal, ExitCodes.Damaged,
        "A line of the descriptor cannot be understood",
        "It is neither a comment, nor key=value, nor an extent. It may be a damaged extent line: leaving it "
        + "out would move everything behind it to a wrong place.",
        "Correct the line in a copy of the descriptor, or rebuild it with: vmdk describe FLAT");

    /// <summary>Extent type unknown.</summary>
    public static readonly FindingCode UnknownExtentType =
        new("VMDK1005", Severity.Refusal, ExitCodes.Unsupported,
        "An extent has an unknown type",
        "The descriptor names an extent type that this tool does not know.",
        "Correct the type in a copy of the descriptor if it is a slip; otherwise convert the disk with the "
        + "tool that wrote it.");

    /// <summary>Extent type known, not supported.</summary>
    public static readonly FindingCode UnsupportedExtentType =
        new("VMDK1006", Severity.Refusal, ExitCodes.Unsupported,
        "An extent type is recognised but not supported",
        "Raw device maps, physical devices and vSAN objects have their data outside of files, or in formats "
        + "that are not published.",
        "Clone the disk on its own host into a flat or sparse file, and open that.");

    /// <summary>An extent line with broken parts.</summary>
    public static readonly FindingCode BadExtentLine = new("VMDK1007", Severity.Refusal, ExitCodes.Damaged,
        "An extent line is malformed",
        "Its size, name or offset cannot be read, so where the following extents lie cannot be known.",
        "Correct the line in a copy of the descriptor, or rebuild it with: vmdk describe FLAT");

    /// <summary>No extents.</summary>
    public static readonly FindingCode NoExtents = new("VMDK1008", Severity.Refusal, ExitCodes.Damaged,
        "The descriptor has no extent line",
        "The list of data files was lost, for example by an interrupted edit.",
        "Rebuild it from the data: vmdk describe FLAT");

    /// <summary>Create type not supported.</summary>
    public static readonly FindingCode UnsupportedCreateType =
        new("VMDK1009", Severity.Refusal, ExitCodes.Unsupported,
        "The disk type is recognised but not supported",
        "Physical devices, raw device maps and vSAN objects cannot be opened as files.",
        "Clone the disk on its own host into a flat or sparse file, and open that.");

    /// <summary>Create type unknown.</summary>
    public static readonly FindingCode UnknownCreateType =
        new("VMDK1010", Severity.Warning, ExitCodes.Finding,
        "The disk type is missing or unknown",
        "createType names how the disk is laid out; the extents are still described one by one, and are "
        + "read so.",
        "Compare the extent lines with the files in the folder. vmdk repair DISK --dry-run proposes the "
        + "type.");

    /// <summary>Content id malformed.</summary>
    public static readonly FindingCode BadContentId = new("VMDK1011", Severity.Error, ExitCodes.Damaged,
        "A content id cannot be read",
        "CID and parentCID are eight hexadecimal digits. Without them nobody can tell whether a child still "
        + "fits its parent.",
        "Run: vmdk repair DISK --dry-run");

    /// <summary>Content id not padded.</summary>
    public static readonly FindingCode UnpaddedContentId = new("VMDK1012", Severity.Info, ExitCodes.Fine,
        "A content id has fewer than eight digits",
        "Some tools write it without leading zeros. The number is the same.",
        "Nothing is wrong. vmdk repair DISK writes it in full.");

    /// <summary>Key appears twice.</summary>
    public static readonly FindingCode DuplicateKey = new("VMDK1013", Severity.Warning, ExitCodes.Finding,
        "A key appears more than once with different values",
        "Edits by hand or a tool that appends. The first one is used, as VMware and QEMU do.",
        "Look at both lines and remove the wrong one in a copy.");

    /// <summary>Bytes after NUL.</summary>
    public static readonly FindingCode StaleTail = new("VMDK1014", Severity.Warning, ExitCodes.Finding,
        "There is old text behind the end of the descriptor",
        "A tool rewrote the descriptor with a shorter text and left the rest of the old one behind a NUL "
        + "byte.",
        "The text before the NUL is what counts. Remove the rest with: vmdk repair DISK");

    /// <summary>Unknown encoding.</summary>
    public static readonly FindingCode UnknownEncoding =
        new("VMDK1015", Severity.Refusal, ExitCodes.Unsupported,
        "File names are in an encoding that is not known",
        "The descriptor declares a character set which this tool cannot decode, and uses it in a name.",
        "Rename the files to plain ASCII names and correct the descriptor in a copy.");

    /// <summary>Bytes do not fit the encoding.</summary>
    public static readonly FindingCode InvalidText = new("VMDK1016", Severity.Warning, ExitCodes.Finding,
        "The text does not fit its declared encoding",
        "A name was written in another character set than declared. It was read as windows-1252.",
        "Check that the file names shown are right.");

    /// <summary>CID and long content id disagree.</summary>
    public static readonly FindingCode LongContentIdDiffers = new("VMDK1017", Severity.Info, ExitCodes.Fine,
        "ddb.longContentID does not end in the CID",
        "Tools that change the CID alone leave it so; some writers never relate the two.",
        "Nothing is wrong. It is brought in line at the next write.");

    /// <summary>Sizes overflow.</summary>
    public static readonly FindingCode CapacityOverflow = new("VMDK1018", Severity.Refusal, ExitCodes.Damaged,
        "The extents are larger than any disk can be",
        "A size in an extent line is damaged.",
        "Correct the size in a copy of the descriptor, or rebuild it with: vmdk describe FLAT");

    /// <summary>Encrypted.</summary>
    public static readonly FindingCode Encrypted = new("VMDK1019", Severity.Refusal, ExitCodes.Unsupported,
        "The disk is encrypted",
        "Its extents hold ciphertext; without the keys of the virtual machine they mean nothing.",
        "Decrypt or clone the disk on its own host first.");

    /// <summary>Extent name leaves the folder.</summary>
    public static readonly FindingCode NameOutsideFolder =
        new("VMDK1020", Severity.Refusal, ExitCodes.Refused,
        "A file name leads out of the disk's folder",
        "Descriptors are text that anyone can write; a name with .., an absolute path or a link could make "
        + "this tool read or overwrite any file.",
        "If you trust this descriptor, run the command again with --allow-outside.");

    /// <summary>Extent file missing.</summary>
    public static readonly FindingCode ExtentMissing =
        new("VMDK1021", Severity.Refusal, ExitCodes.ChainIncomplete,
        "An extent file is missing",
        "The descriptor is here and its data file is not: it was not copied along, or was deleted or "
        + "renamed.",
        "Bring the named file into the folder. If the disk is a snapshot, its parent can still be opened "
        + "alone.");

    /// <summary>No descriptor in file.</summary>
    public static readonly FindingCode EmptyDescriptor = new("VMDK1022", Severity.Refusal, ExitCodes.Damaged,
        "The descriptor is empty or not text",
        "The file was cut to nothing or overwritten, as ransomware and full datastores do.",
        "Rebuild it from the data: vmdk describe FLAT");

    /// <summary>File is too large.</summary>
    public static readonly FindingCode TooLarge = new("VMDK1023", Severity.Refusal, ExitCodes.Damaged,
        "The descriptor is larger than any descriptor is",
        "More than 1 MiB of text cannot be a descriptor.",
        "Check that the right file was named.");

    /// <summary>Geometry malformed.</summary>
    public static readonly FindingCode ContentIdOrder = new("VMDK1024", Severity.Info, ExitCodes.Fine,
        "parentCID stands before CID",
        "The order means nothing to VMware, but some tools read the wrong value then.",
        "Nothing is wrong. vmdk repair DISK puts them in the usual order.");

    /// <summary>Flat extent without an offset.</summary>
    public static readonly FindingCode FlatWithoutOffset = new("VMDK1025", Severity.Info, ExitCodes.Fine,
        "A FLAT extent has no offset",
        "The offset is usually written; without it the data begins at byte 0 of the file.",
        "Nothing is wrong for this tool; others may refuse the line. vmdk repair DISK writes it out.");
}
