using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Palimpsest.Core.Platform;

/// <summary>A little-endian 16-bit field of an on-disk structure.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct U16Le
{
    private readonly ushort raw;

    private U16Le(ushort value) => raw = BitConverter.IsLittleEndian
        ? value : BinaryPrimitives.ReverseEndianness(value);

    /// <summary>The number.</summary>
    public static implicit operator ushort(U16Le field) =>
        BitConverter.IsLittleEndian ? field.raw : BinaryPrimitives.ReverseEndianness(field.raw);

    /// <summary>The field.</summary>
    public static implicit operator U16Le(ushort value) => new(value);
}

/// <summary>A little-endian 32-bit field of an on-disk structure.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct U32Le
{
    private readonly uint raw;

    private U32Le(uint value) => raw = BitConverter.IsLittleEndian
        ? value : BinaryPrimitives.ReverseEndianness(value);

    /// <summary>The number.</summary>
    public static implicit operator uint(U32Le field) =>
        BitConverter.IsLittleEndian ? field.raw : BinaryPrimitives.ReverseEndianness(field.raw);

    /// <summary>The field.</summary>
    public static implicit operator U32Le(uint value) => new(value);
}

/// <summary>A little-endian 64-bit field of an on-disk structure.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct U64Le
{
    private readonly ulong raw;

    private U64Le(ulong value) => raw = BitConverter.IsLittleEndian
        ? value : BinaryPrimitives.ReverseEndianness(value);

    /// <summary>The number.</summary>
    public static implicit operator ulong(U64Le field) =>
        BitConverter.IsLittleEndian ? field.raw : BinaryPrimitives.ReverseEndianness(field.raw);

    /// <summary>The field.</summary>
    public static implicit operator U64Le(ulong value) => new(value);
}
