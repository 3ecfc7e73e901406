using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Cowd;

/// <summary>
/// The header of a COWD extent: 2,048 bytes, little-endian, offsets and sizes in sectors.
/// Source: VMware, Virtual Disk Format 5.0. Byte table: <c>README.md</c> beside this file.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly struct CowdHeader
{
    /// <summary>"COWD" read as a little-endian number.</summary>
    public const uint MagicNumber = 0x44574F43;

    /// <summary>Size of the header in the file.</summary>
    public const int SizeBytes = 2048;

    /// <summary>Entries of a grain table.</summary>
    public const int TableEntries = 4096;

    /// <summary>0x000</summary>
    public U32Le Magic { get; init; }

    /// <summary>0x004: 1</summary>
    public U32Le Version { get; init; }

    /// <summary>0x008: 3</summary>
    public U32Le Flags { get; init; }

    /// <summary>0x00C: capacity in sectors.</summary>
    public U32Le SectorCount { get; init; }

    /// <summary>0x010: sectors of a grain.</summary>
    public U32Le GrainSize { get; init; }

    /// <summary>0x014: sector of the grain directory.</summary>
    public U32Le DirectoryOffset { get; init; }

    /// <summary>0x018: entries of the grain directory.</summary>
    public U32Le DirectoryEntries { get; init; }

    /// <summary>0x01C: where the next table or grain goes.</summary>
    public U32Le FreeSector { get; init; }

    /// <summary>
    /// 0x020: of a root disk cylinders, heads and sectors; of a child the parent's name. Empty nowadays.
    /// </summary>
    public CowdOrigin Origin { get; init; }

    /// <summary>0x420: generation of the parent.</summary>
    public U32Le ParentGeneration { get; init; }

    /// <summary>0x424: generation.</summary>
    public U32Le Generation { get; init; }

    /// <summary>0x428: name, 60 bytes.</summary>
    public CowdName Name { get; init; }

    /// <summary>0x464: description, 512 bytes.</summary>
    public CowdDescription Description { get; init; }

    /// <summary>0x664: saved generation.</summary>
    public U32Le SavedGeneration { get; init; }

    /// <summary>0x668: 8 reserved bytes.</summary>
    public U64Le Reserved { get; init; }

    /// <summary>0x670: not 0 while open for writing.</summary>
    public U32Le UncleanShutdown { get; init; }

    /// <summary>0x674: 396 bytes to the end.</summary>
    public CowdPadding Padding { get; init; }
}

/// <summary>1,024 bytes.</summary>
[InlineArray(1024)]
public struct CowdOrigin
{
    private byte first;
}

/// <summary>60 bytes.</summary>
[InlineArray(60)]
public struct CowdName
{
    private byte first;
}

/// <summary>512 bytes.</summary>
[InlineArray(512)]
public struct CowdDescription
{
    private byte first;
}

/// <summary>396 bytes.</summary>
[InlineArray(396)]
public struct CowdPadding
{
    private byte first;
}
