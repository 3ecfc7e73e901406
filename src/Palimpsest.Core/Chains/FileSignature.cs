using System.Buffers.Binary;

using Palimpsest.Core.Formats.Vmdk;

namespace Palimpsest.Core.Chains;

/// <summary>
/// What the first bytes of a file say it is. The table is section 1 of the formats' README.
/// </summary>
public enum FileSignature
{
    /// <summary>None of the known ones: flat data, or something foreign.</summary>
    Unknown,

    /// <summary>A text descriptor.</summary>
    Descriptor,

    /// <summary>"KDMV": hosted sparse or stream-optimised.</summary>
    HostedSparse,

    /// <summary>"kdmv": a hosted sparse file whose writer died before it finished.</summary>
    UnfinishedSparse,

    /// <summary>"COWD": an ESX delta.</summary>
    Cowd,

    /// <summary>0xCAFEBABE as 64 bits: a space-efficient delta.</summary>
    SeSparse,

    /// <summary>A change tracking file.</summary>
    ChangeTracking,
}

/// <summary>Tells files apart by their first bytes.</summary>
public static class FileSignatures
{
    /// <summary>How many bytes <see cref="Of"/> wants to see; fewer are fine at the end of a file.</summary>
    public const int ProbeBytes = 4096;

    /// <summary>The signature of a file that begins with <paramref name="start"/>.</summary>
    public static FileSignature Of(ReadOnlySpan<byte> start)
    {
        if (start.Length >= 8 && BinaryPrimitives.ReadUInt64LittleEndian(start) == 0x00000000CAFEBABE)
        {
            return FileSignature.SeSparse;
        }
        if (start.Length >= 4)
        {
            switch (BinaryPrimitives.ReadUInt32LittleEndian(start))
            {
                case SparseHeader.MagicNumber: return FileSignature.HostedSparse;
                case SparseHeader.MagicNumber ^ 0x20202020: return FileSignature.UnfinishedSparse;
                case 0x44574F43: return FileSignature.Cowd;
                case 0xF61972A2: return FileSignature.ChangeTracking;
            }
        }
        return Formats.Vmdk.Descriptor.VmdkDescriptor.LooksLikeDescriptor(start)
            ? FileSignature.Descriptor : FileSignature.Unknown;
    }
}
