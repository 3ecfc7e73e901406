namespace Palimpsest.Core.Findings;

/// <summary>What can be wrong with a hosted sparse ("KDMV") extent: VMDK3xxx.</summary>
public static class SparseFindings
{
    /// <summary>VMDK3001</summary>
    public static readonly FindingCode NotSparse = new("VMDK3001", Severity.Refusal, ExitCodes.Damaged,
        "Not a hosted sparse extent",
        "The file does not begin with the four bytes KDMV, or is shorter than a header. It was overwritten, "
        + "cut off, "
        + "or the descriptor names the wrong file.",
        "Compare the first bytes with another extent of the same disk, and restore the file from a backup if "
        + "it was "
        + "overwritten. Nothing was changed.");

    /// <summary>VMDK3002</summary>
    public static readonly FindingCode UnfinishedConversion =
        new("VMDK3002", Severity.Refusal, ExitCodes.Damaged,
        "A conversion that never finished",
        "The file begins with lower-case kdmv: a converter writes that while it works and replaces it at the "
        + "end. "
        + "It was interrupted before that.",
        "Run the conversion again from its source. What is in this file is incomplete.");

    /// <summary>VMDK3003</summary>
    public static readonly FindingCode UnknownVersion =
        new("VMDK3003", Severity.Refusal, ExitCodes.Unsupported,
        "Unknown version of the sparse format",
        "The header names a version other than 1, 2 and 3. Reading it as one of those could give wrong "
        + "bytes.",
        "Convert the disk with the product that made it, or check whether the header was overwritten.");

    /// <summary>VMDK3004</summary>
    public static readonly FindingCode UnknownFlags = new("VMDK3004", Severity.Refusal, ExitCodes.Unsupported,
        "Unknown incompatible flags in a sparse header",
        "A flag bit is set in the half of the field that says: who does not know this must not read on.",
        "Convert the disk with the product that made it, or check whether the header was overwritten.");

    /// <summary>VMDK3005</summary>
    public static readonly FindingCode CompressedExtent =
        new("VMDK3005", Severity.Refusal, ExitCodes.Unsupported,
        "A compressed extent where a plain one was named",
        "The grains are compressed: this is a stream-optimised extent, and its descriptor calls it an "
        + "ordinary one.",
        "Open the file itself as a disk, or convert it to another kind first.");

    /// <summary>VMDK3006</summary>
    public static readonly FindingCode BadShape = new("VMDK3006", Severity.Refusal, ExitCodes.Damaged,
        "A sparse header that contradicts itself",
        "Capacity, grain size or table size is not one that a sparse extent can have. The header is damaged.",
        "Restore the header from a backup, or rebuild it with the values of a sibling extent. Nothing was "
        + "changed.");

    /// <summary>VMDK3007</summary>
    public static readonly FindingCode UnsupportedShape =
        new("VMDK3007", Severity.Refusal, ExitCodes.Unsupported,
        "A sparse extent of a shape nobody writes",
        "Grain tables do not have 512 entries, the tables are in a footer, or there are more tables than any "
        + "disk "
        + "has. The bytes may be sound, but no writer known makes such a file.",
        "Convert the disk with the product that made it, or check whether the header was overwritten.");

    /// <summary>VMDK3008</summary>
    public static readonly FindingCode DirectoriesLost = new("VMDK3008", Severity.Refusal, ExitCodes.Damaged,
        "Both grain directories are out of the file",
        "The header points past the end of the file for the grain directory and for its copy, or there is no "
        + "copy. "
        + "The file was cut off, or its header is damaged.",
        "Restore the file from a backup. If the file was cut off by a full disk, copy it again from its "
        + "source.");

    /// <summary>VMDK3009</summary>
    public static readonly FindingCode DirectoryFallback = new("VMDK3009", Severity.Error, ExitCodes.Damaged,
        "The grain directory is out of the file; its copy is used",
        "The header's place for the grain directory is not within the file. The redundant directory is, and "
        + "answers.",
        "Copy what you need, or copy the whole disk with 'vmdk convert'; this extent is not written to.");

    /// <summary>VMDK3010</summary>
    public static readonly FindingCode RedundantDirectoryLost =
        new("VMDK3010", Severity.Error, ExitCodes.Damaged,
        "The redundant grain directory is out of the file",
        "The header promises a second copy of the tables and points outside of the file for it. Nothing is "
        + "lost as "
        + "long as the first copy is sound.",
        "Copy the disk with 'vmdk convert'; this extent is not written to.");

    /// <summary>VMDK3011</summary>
    public static readonly FindingCode DescriptorOutOfFile =
        new("VMDK3011", Severity.Error, ExitCodes.Damaged,
        "The embedded descriptor is out of the file",
        "The header points past the end of the file for the descriptor. The file was cut off, or its header "
        + "is damaged.",
        "Run 'vmdk describe' to write a descriptor of its own for the extent.");

    /// <summary>VMDK3012</summary>
    public static readonly FindingCode NotClosed = new("VMDK3012", Severity.Warning, ExitCodes.Finding,
        "The extent was not closed",
        "Its header says that a program has it open for writing. Either one does, or one was stopped - by a "
        + "power cut, "
        + "a crash - before it could close the file.",
        "Make sure that no virtual machine uses the disk, then run 'vmdk check' on it.");

    /// <summary>VMDK3013</summary>
    public static readonly FindingCode NotClosedButSound = new("VMDK3013", Severity.Info, ExitCodes.Fine,
        "The extent was not closed, and its tables are sound",
        "A program was stopped before it could close the file. Every table and both copies were checked and "
        + "agree.",
        "Nothing has to be done. Check the guest's file system at its next start.");

    /// <summary>VMDK3014</summary>
    public static readonly FindingCode NotClosedAndDamaged =
        new("VMDK3014", Severity.Refusal, ExitCodes.Damaged,
        "The extent was not closed, and its tables disagree",
        "A program was stopped while it wrote. Writing on could overwrite grains that are in use.",
        "Run 'vmdk repair' on the disk; it shows what it would change with --dry-run. Reading works "
        + "meanwhile.");

    /// <summary>VMDK3015</summary>
    public static readonly FindingCode NewlinesDamaged = new("VMDK3015", Severity.Error, ExitCodes.Damaged,
        "The file went through a transfer in text mode",
        "Four bytes of the header that such a transfer changes are not as they were written. If it really "
        + "was one, "
        + "line ends were changed everywhere in the file, and most of its content is damaged.",
        "Copy the file again in binary mode from its source and compare. If only these four bytes differ, "
        + "'vmdk repair' restores them.");

    /// <summary>VMDK3016</summary>
    public static readonly FindingCode TableFallback = new("VMDK3016", Severity.Error, ExitCodes.Damaged,
        "A grain table is lost; its copy is used",
        "The directory does not name a place in the file for it, or the host cannot read it. The copy is "
        + "there and answers.",
        "Run 'vmdk repair' on the disk; it restores the entry from the copy.");

    /// <summary>VMDK3017</summary>
    public static readonly FindingCode TableLost = new("VMDK3017", Severity.Error, ExitCodes.Damaged,
        "A grain table and its copy are lost",
        "Neither directory names a sound place for the table. What it answered for cannot be found; reading "
        + "it is an error.",
        "Restore the extent from a backup, or rescue the rest with 'vmdk rescue'.");

    /// <summary>VMDK3018</summary>
    public static readonly FindingCode DirectoriesDiffer = new("VMDK3018", Severity.Error, ExitCodes.Damaged,
        "The second copy of a grain table is lost",
        "The directory is sound; the redundant directory does not name a place in the file for its copy of "
        + "the table.",
        "Run 'vmdk repair' on the disk; it restores what can be restored. Reading is not affected.");

    /// <summary>VMDK3019</summary>
    public static readonly FindingCode TablesDiffer = new("VMDK3019", Severity.Error, ExitCodes.Damaged,
        "The two copies of a grain table differ",
        "A program was stopped between writing one and the other, a program writes only one of them, or one "
        + "is damaged.",
        "Run 'vmdk repair' on the disk; entries that are sound in one copy are restored in the other.");

    /// <summary>VMDK3020</summary>
    public static readonly FindingCode GrainOutOfFile = new("VMDK3020", Severity.Error, ExitCodes.Damaged,
        "A grain lies past the end of the file",
        "The file was cut off - a full disk, an interrupted copy - or the table is damaged. Reading the "
        + "range is an error.",
        "Copy the extent again from its source, or restore it from a backup. Do not write to it: new grains "
        + "would "
        + "take the place where the lost ones are thought to be.");

    /// <summary>VMDK3021</summary>
    public static readonly FindingCode GrainInMetadata = new("VMDK3021", Severity.Error, ExitCodes.Damaged,
        "A grain lies where the tables are",
        "A table entry points into the header, the descriptor or the tables. The entry is damaged.",
        "Run 'vmdk repair' on the disk; if the other copy of the table is sound it is restored from there.");

    /// <summary>VMDK3022</summary>
    public static readonly FindingCode GrainShared = new("VMDK3022", Severity.Error, ExitCodes.Damaged,
        "Two places of the disk share one grain",
        "Two table entries point to the same bytes of the file. One of them is wrong, and a write to one "
        + "changes both.",
        "Copy the disk with 'vmdk convert' before anything is written to it, then check the guest's file "
        + "system.");

    /// <summary>VMDK3023</summary>
    public static readonly FindingCode GrainUnaligned = new("VMDK3023", Severity.Warning, ExitCodes.Finding,
        "Grains do not begin at multiples of the grain size",
        "The writer packed grains without alignment. They are read as they are; access is slower.",
        "Nothing has to be done. 'vmdk convert' writes an aligned copy.");

    /// <summary>VMDK3024</summary>
    public static readonly FindingCode ZeroEntryUnannounced = new("VMDK3024", Severity.Info, ExitCodes.Fine,
        "Zeroed grains that the header does not announce",
        "Table entries of 1 mean a grain of zeros to VMware's products always; other readers want a flag in "
        + "the "
        + "header, which is not set.",
        "Run 'vmdk repair' on the disk; it sets the flag. Reading here is not affected.");

    /// <summary>VMDK3025</summary>
    public static readonly FindingCode Leaked = new("VMDK3025", Severity.Info, ExitCodes.Fine,
        "Bytes of the file that no table points to",
        "Grains that were given up, or written just before a power cut. They may hold older content of the "
        + "disk.",
        "Nothing has to be done. 'vmdk convert' makes a copy without them.");

    /// <summary>VMDK3026</summary>
    public static readonly FindingCode TableShared = new("VMDK3026", Severity.Error, ExitCodes.Damaged,
        "Two ranges of the disk share one grain table",
        "Two directory entries point to the same table, or to overlapping ones. One of them is wrong.",
        "Copy the disk with 'vmdk convert' before anything is written to it, then check the guest's file "
        + "system.");

    /// <summary>VMDK3027</summary>
    public static readonly FindingCode OverheadOutOfFile =
        new("VMDK3027", Severity.Warning, ExitCodes.Finding,
        "The header's size of the metadata is past the end of the file",
        "The field says where the first grain may lie, and lies past the end of the file. It is not relied "
        + "upon.",
        "Run 'vmdk check' on the disk. Reading is not affected.");

    /// <summary>VMDK3028</summary>
    public static readonly FindingCode NotWritable = new("VMDK3028", Severity.Refusal, ExitCodes.Damaged,
        "A damaged extent is not written to",
        "The tables are damaged; what exactly, the other findings say. New grains could take the place of "
        + "others that "
        + "cannot be found, and the copies of the tables could not be kept equal. Reading works where it "
        + "can.",
        "Run 'vmdk repair' on the disk; or copy it with 'vmdk convert', and write to the copy.");

    /// <summary>VMDK3029</summary>
    public static readonly FindingCode TableUnreadable =
        new("VMDK3029", Severity.Error, ExitCodes.SourceUnreadable,
        "The host cannot read a grain table",
        "The host's disk reports an error where the table lies. If the other copy is readable it answers.",
        "Copy the disk with 'vmdk rescue' to a healthy host disk as soon as possible.");
}
