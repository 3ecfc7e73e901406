namespace Palimpsest.Core.Formats.Vmdk.Descriptor;

/// <summary>What the guest may do with an extent.</summary>
public enum ExtentAccess
{
    /// <summary><c>RW</c></summary>
    ReadWrite,

    /// <summary><c>RDONLY</c></summary>
    ReadOnly,

    /// <summary><c>NOACCESS</c>: present in the address space, reads as zeros.</summary>
    NoAccess,
}

/// <summary>Types of extents that the field uses.</summary>
public enum ExtentType
{
    /// <summary>Raw bytes, at an offset of a file or device.</summary>
    Flat,

    /// <summary>Raw bytes of a file on a datastore.</summary>
    Vmfs,

    /// <summary>Hosted sparse ("KDMV").</summary>
    Sparse,

    /// <summary>ESX delta ("COWD").</summary>
    VmfsSparse,

    /// <summary>Space-efficient sparse delta.</summary>
    SeSparse,

    /// <summary>Zeros without a file.</summary>
    Zero,

    /// <summary>Raw device map.</summary>
    VmfsRdm,

    /// <summary>Raw device.</summary>
    VmfsRaw,

    /// <summary>vSAN delta.</summary>
    VsanSparse,

    /// <summary>A word that is not known.</summary>
    Unknown,
}

/// <summary>One extent line of a descriptor: <c>ACCESS SIZE TYPE ["FILENAME" [OFFSET [...]]]</c>.</summary>
/// <param name="Access">First word.</param>
/// <param name="SectorCount">Size in sectors.</param>
/// <param name="Type">Third word.</param>
/// <param name="FileName">As written between the quotes, decoded; null when there is none.</param>
/// <param name="OffsetSectors">Where the data begins in the file, in sectors.</param>
/// <param name="TypeText">The type as written, for messages.</param>
public sealed record ExtentLine(
    ExtentAccess Access, long SectorCount, ExtentType Type, string? FileName, long OffsetSectors = 0,
    string TypeText = "")
{
    /// <summary>Size in bytes.</summary>
    public long LengthBytes => SectorCount * Platform.Sector.Bytes;

    /// <summary>The word for an access.</summary>
    public static string TextOf(ExtentAccess access) => access switch
    {
        ExtentAccess.ReadWrite => "RW",
        ExtentAccess.ReadOnly => "RDONLY",
        _ => "NOACCESS",
    };

    /// <summary>The word for a type.</summary>
    public static string TextOf(ExtentType type) => type switch
    {
        ExtentType.Flat => "FLAT",
        ExtentType.Vmfs => "VMFS",
        ExtentType.Sparse => "SPARSE",
        ExtentType.VmfsSparse => "VMFSSPARSE",
        ExtentType.SeSparse => "SESPARSE",
        ExtentType.Zero => "ZERO",
        ExtentType.VmfsRdm => "VMFSRDM",
        ExtentType.VmfsRaw => "VMFSRAW",
        ExtentType.VsanSparse => "VSANSPARSE",
        _ => "?",
    };

    /// <summary>The line as VMware writes it, without a line end.</summary>
    public string ToLine()
    {
        string line = $"{TextOf(Access)} {SectorCount} {TextOf(Type)}";
        if (FileName is null) { return line; }
        line += $" \"{FileName}\"";
        return Type == ExtentType.Flat || OffsetSectors != 0 ? $"{line} {OffsetSectors}" : line;
    }

    internal static ExtentType TypeOf(ReadOnlySpan<char> word)
    {
        for (ExtentType type = ExtentType.Flat; type < ExtentType.Unknown; type++)
        {
            if (word.Equals(TextOf(type), StringComparison.OrdinalIgnoreCase)) { return type; }
        }
        return ExtentType.Unknown;
    }
}
