namespace Palimpsest.Core.Findings;

/// <summary>What can be wrong with a seSparse extent: VMDK5xxx.</summary>
public static class SeSparseFindings
{
    /// <summary>VMDK5001</summary>
    public static readonly FindingCode NotSeSparse = new("VMDK5001", Severity.Refusal, ExitCodes.Damaged,
        "Not a seSparse extent",
        "The file does not begin with the number that marks the format, or is shorter than a header. It was "
        + "overwritten, "
        + "cut off, or the descriptor names the wrong file.",
        "Compare the first bytes with another delta of the same machine, and restore the file from a backup "
        + "if it was "
        + "overwritten. Nothing was changed.");

    /// <summary>VMDK5002</summary>
    public static readonly FindingCode UnknownVersion =
        new("VMDK5002", Severity.Refusal, ExitCodes.Unsupported,
        "Unknown version of the seSparse format",
        "The header names a version other than 2.1. VMware does not publish the format, and no other version "
        + "is known.",
        "Consolidate the snapshot on the ESXi host that made it, and copy the disk then.");

    /// <summary>VMDK5003</summary>
    public static readonly FindingCode UnknownShape = new("VMDK5003", Severity.Refusal, ExitCodes.Unsupported,
        "A seSparse header with values that are not understood",
        "Grain size, table size, flags or a reserved field is not as in every extent known. VMware does not "
        + "publish "
        + "the format, so what the value means cannot be known.",
        "Consolidate the snapshot on the ESXi host that made it, and copy the disk then.");

    /// <summary>VMDK5004</summary>
    public static readonly FindingCode DirtyJournal = new("VMDK5004", Severity.Refusal, ExitCodes.Unsupported,
        "A seSparse extent with a journal to replay",
        "The delta was not closed: the machine runs, or the host lost power. Its tables are true only after "
        + "the journal "
        + "was applied, and how to is not published.",
        "Shut the machine down, or start it once on its ESXi host and shut it down; then copy the delta "
        + "again.");

    /// <summary>VMDK5005</summary>
    public static readonly FindingCode BadShape = new("VMDK5005", Severity.Refusal, ExitCodes.Damaged,
        "A seSparse header that does not fit its file",
        "The directory or the second header is not within the file, or the directory is too small for the "
        + "capacity. "
        + "The file was cut off, or its header is damaged.",
        "Copy the file again from its source, or restore it from a backup.");

    /// <summary>VMDK5006</summary>
    public static readonly FindingCode TableLost = new("VMDK5006", Severity.Error, ExitCodes.Damaged,
        "A grain table cannot be found",
        "A directory entry is not of the form known, or names a table past the end of the file. Reading what "
        + "the table "
        + "answers for is an error.",
        "Copy the delta again from its source, or restore it from a backup; rescue the rest with 'vmdk "
        + "rescue'.");

    /// <summary>VMDK5007</summary>
    public static readonly FindingCode GrainLost = new("VMDK5007", Severity.Error, ExitCodes.Damaged,
        "A grain cannot be found",
        "A table entry is not of a form known, or names a grain past the end of the file. Reading it is an "
        + "error.",
        "Copy the delta again from its source, or restore it from a backup; rescue the rest with 'vmdk "
        + "rescue'.");

    /// <summary>VMDK5008</summary>
    public static readonly FindingCode TableUnreadable =
        new("VMDK5008", Severity.Error, ExitCodes.SourceUnreadable,
        "The host cannot read a grain table",
        "The host's disk reports an error where the table lies.",
        "Copy the disk with 'vmdk rescue' to a healthy host disk as soon as possible.");
}
