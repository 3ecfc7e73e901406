namespace Palimpsest.Core.Partitions;

/// <summary>What a table entry says that its partition holds.</summary>
/// <param name="Code"><c>0x07</c> in a boot record, a GUID in capitals in a GUID table.</param>
/// <param name="Description">The same in plain words; empty for types that are not known.</param>
public readonly record struct PartitionType(string Code, string Description)
{
    private static readonly Dictionary<byte, string> byCode = new()
    {
        [0x01] = "FAT12", [0x04] = "FAT16, small", [0x05] = "extended", [0x06] = "FAT16",
        [0x07] = "NTFS or exFAT",
        [0x0B] = "FAT32", [0x0C] = "FAT32, LBA", [0x0E] = "FAT16, LBA", [0x0F] = "extended, LBA",
        [0x11] = "hidden FAT12", [0x14] = "hidden FAT16, small", [0x16] = "hidden FAT16",
        [0x17] = "hidden NTFS",
        [0x1B] = "hidden FAT32", [0x1C] = "hidden FAT32, LBA", [0x1E] = "hidden FAT16, LBA",
        [0x27] = "Windows recovery", [0x42] = "Windows dynamic disk", [0x82] = "Linux swap", [0x83] = "Linux",
        [0x85] = "Linux extended", [0x8E] = "Linux LVM", [0xA5] = "FreeBSD", [0xA6] = "OpenBSD",
        [0xA8] = "Apple UFS",
        [0xA9] = "NetBSD", [0xAB] = "Apple boot", [0xAF] = "Apple HFS", [0xBF] = "Solaris",
        [0xEE] = "GPT protective",
        [0xEF] = "EFI system", [0xFB] = "VMware VMFS", [0xFC] = "VMware core dump", [0xFD] = "Linux RAID",
    };

    private static readonly Dictionary<Guid, string> byGuid = new()
    {
        [new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B")] = "EFI system",
        [new("21686148-6449-6E6F-744E-656564454649")] = "BIOS boot",
        [new("024DEE41-33E7-11D3-9D69-0008C781F39F")] = "MBR scheme",
        [new("E3C9E316-0B5C-4DB8-817D-F92DF00215AE")] = "Microsoft reserved",
        [new("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7")] = "Microsoft basic data",
        [new("5808C8AA-7E8F-42E0-85D2-E1E90434CFB3")] = "Windows LDM metadata",
        [new("AF9B60A0-1431-4F62-BC68-3311714A69AD")] = "Windows LDM data",
        [new("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC")] = "Windows recovery",
        [new("E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D")] = "Windows storage spaces",
        [new("0FC63DAF-8483-4772-8E79-3D69D8477DE4")] = "Linux filesystem",
        [new("0657FD6D-A4AB-43C4-84E5-0933C84B4F4F")] = "Linux swap",
        [new("E6D6D379-F507-44C2-A23C-238F2A3DF928")] = "Linux LVM",
        [new("A19D880F-05FC-4D3B-A006-743F0F84911E")] = "Linux RAID",
        [new("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709")] = "Linux root (x86-64)",
        [new("B921B045-1DF0-41C3-AF44-4C6F280D3FAE")] = "Linux root (arm64)",
        [new("933AC7E1-2EB4-4F13-B844-0E14E2AEF915")] = "Linux home",
        [new("3B8F8425-20E0-4F3B-907F-1A25A76F98E8")] = "Linux server data",
        [new("BC13C2FF-59E6-4262-A352-B275FD6F7172")] = "Linux extended boot",
        [new("CA7D7CCB-63ED-4C53-861C-1742536059CC")] = "Linux LUKS",
        [new("516E7CB4-6ECF-11D6-8FF8-00022D09712B")] = "FreeBSD",
        [new("516E7CB6-6ECF-11D6-8FF8-00022D09712B")] = "FreeBSD UFS",
        [new("516E7CBA-6ECF-11D6-8FF8-00022D09712B")] = "FreeBSD ZFS",
        [new("48465300-0000-11AA-AA11-00306543ECAC")] = "Apple HFS+",
        [new("7C3457EF-0000-11AA-AA11-00306543ECAC")] = "Apple APFS",
        [new("6A898CC3-1DD2-11B2-99A6-080020736631")] = "Solaris usr or Apple ZFS",
        [new("AA31E02A-400F-11DB-9590-000C2911D1B8")] = "VMware VMFS",
        [new("9D275380-40AD-11DB-BF97-000C2911D1B8")] = "VMware core dump",
        [new("9198EFFC-31C0-11DB-8F78-000C2911D1B8")] = "VMware reserved",
        [new("381CFCCC-7288-11E0-92EE-000C2911D0B2")] = "VMware vSAN",
    };

    /// <summary>A type byte of a boot record.</summary>
    public static PartitionType FromCode(byte code) =>
        new($"0x{code:x2}", byCode.GetValueOrDefault(code, ""));

    /// <summary>A type GUID of a GUID table.</summary>
    public static PartitionType FromGuid(Guid guid) =>
        new(guid.ToString("D").ToUpperInvariant(), byGuid.GetValueOrDefault(guid, ""));

    /// <inheritdoc/>
    public override string ToString() => Description.Length > 0 ? Description : Code;
}
