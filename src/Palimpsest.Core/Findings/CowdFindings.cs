namespace Palimpsest.Core.Findings;

/// <summary>What can be wrong with a COWD (vmfsSparse) extent: VMDK4xxx.</summary>
public static class CowdFindings
{
    /// <summary>VMDK4001</summary>
    public static readonly FindingCode NotCowd = new("VMDK4001", Severity.Refusal, ExitCodes.Damaged,
        "Not a COWD extent",
        "The file does not begin with the four bytes COWD, or is shorter than a header. It was overwritten, "
        + "cut off, "
        + "or the descriptor names the wrong file.",
        "Compare the first bytes with another delta of the same machine, and restore the file from a backup "
        + "if it was "
        + "overwritten. Nothing was changed.");

    /// <summary>VMDK4002</summary>
    public static readonly FindingCode UnknownVersion =
        new("VMDK4002", Severity.Refusal, ExitCodes.Unsupported,
        "Unknown version of the COWD format",
        "The header names a version other than 1, or flags other than 3. No product known writes that.",
        "Check whether the header was overwritten; if not, convert the disk with the product that made it.");

    /// <summary>VMDK4003</summary>
    public static readonly FindingCode BadShape = new("VMDK4003", Severity.Refusal, ExitCodes.Damaged,
        "A COWD header that contradicts itself",
        "Capacity, grain size and number of directory entries do not fit together. The header is damaged.",
        "Restore the header from a backup, or rebuild it with the values of a sibling delta. Nothing was "
        + "changed.");

    /// <summary>VMDK4004</summary>
    public static readonly FindingCode DirectoryLost = new("VMDK4004", Severity.Refusal, ExitCodes.Damaged,
        "The grain directory is out of the file",
        "The header points past the end of the file for the directory. This format has no second copy of it.",
        "Copy the file again from its source, or restore it from a backup.");

    /// <summary>VMDK4005</summary>
    public static readonly FindingCode NotClosed = new("VMDK4005", Severity.Warning, ExitCodes.Finding,
        "The delta was not closed",
        "Its header says that a program has it open for writing. Either one does, or one was stopped - by a "
        + "power cut, "
        + "a crash - before it could close the file.",
        "Make sure that no virtual machine uses the disk, then run 'vmdk check' on it.");

    /// <summary>VMDK4006</summary>
    public static readonly FindingCode NotClosedButSound = new("VMDK4006", Severity.Info, ExitCodes.Fine,
        "The delta was not closed, and its tables are sound",
        "A program was stopped before it could close the file. Every table was checked.",
        "Nothing has to be done. Check the guest's file system at its next start.");

    /// <summary>VMDK4007</summary>
    public static readonly FindingCode NotWritable = new("VMDK4007", Severity.Refusal, ExitCodes.Damaged,
        "A damaged delta is not written to",
        "The tables are damaged; what exactly, the other findings say. New grains could take the place of "
        + "others that "
        + "cannot be found. Reading works where it can.",
        "Copy the disk with 'vmdk convert', and write to the copy.");

    /// <summary>VMDK4008</summary>
    public static readonly FindingCode TableLost = new("VMDK4008", Severity.Error, ExitCodes.Damaged,
        "A grain table is out of the file",
        "The directory does not name a place in the file for it, and this format has no second copy. What "
        + "the table "
        + "answered for cannot be found; reading it is an error.",
        "Restore the delta from a backup, or rescue the rest with 'vmdk rescue'.");

    /// <summary>VMDK4009</summary>
    public static readonly FindingCode TableUnreadable =
        new("VMDK4009", Severity.Error, ExitCodes.SourceUnreadable,
        "The host cannot read a grain table",
        "The host's disk reports an error where the table lies, and this format has no second copy.",
        "Copy the disk with 'vmdk rescue' to a healthy host disk as soon as possible.");

    /// <summary>VMDK4010</summary>
    public static readonly FindingCode TableShared = new("VMDK4010", Severity.Error, ExitCodes.Damaged,
        "Two ranges of the disk share one grain table",
        "Two directory entries point to the same table, or to overlapping ones. One of them is wrong.",
        "Copy the disk with 'vmdk convert' before anything is written to it, then check the guest's file "
        + "system.");

    /// <summary>VMDK4011</summary>
    public static readonly FindingCode GrainOutOfFile = new("VMDK4011", Severity.Error, ExitCodes.Damaged,
        "A grain lies past the end of the file",
        "The file was cut off - a full datastore, an interrupted copy - or the table is damaged. Reading the "
        + "range is "
        + "an error.",
        "Copy the delta again from its source, or restore it from a backup. Do not write to it.");

    /// <summary>VMDK4012</summary>
    public static readonly FindingCode GrainInMetadata = new("VMDK4012", Severity.Error, ExitCodes.Damaged,
        "A grain lies where the header and the directory are",
        "A table entry points to where no grain can be. Other formats have an entry of 1 for zeros; this one "
        + "has not.",
        "Copy the disk with 'vmdk convert' before anything is written to it, then check the guest's file "
        + "system.");

    /// <summary>VMDK4013</summary>
    public static readonly FindingCode GrainShared = new("VMDK4013", Severity.Error, ExitCodes.Damaged,
        "Two places of the disk share one grain",
        "Two table entries point to the same bytes of the file, or one to a table. One of them is wrong, and "
        + "a write to "
        + "one changes both.",
        "Copy the disk with 'vmdk convert' before anything is written to it, then check the guest's file "
        + "system.");

    /// <summary>VMDK4014</summary>
    public static readonly FindingCode FreeSectorBehind = new("VMDK4014", Severity.Error, ExitCodes.Damaged,
        "The header thinks used space is free",
        "The field that says where the next grain goes points below grains in use: a program was stopped "
        + "before it "
        + "wrote the header, or does not keep it, as qemu. ESXi would write over them.",
        "Run 'vmdk repair' on the disk before a hypervisor uses it. Reading and writing here are not "
        + "affected.");

    /// <summary>VMDK4015</summary>
    public static readonly FindingCode Leaked = new("VMDK4015", Severity.Info, ExitCodes.Fine,
        "Bytes of the delta that no table points to",
        "Space that was reserved, or written just before a power cut. It may hold older content of the disk.",
        "Nothing has to be done. 'vmdk convert' makes a copy without them.");
}
