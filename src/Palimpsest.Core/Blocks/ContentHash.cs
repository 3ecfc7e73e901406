using System.Security.Cryptography;

namespace Palimpsest.Core.Blocks;

/// <summary>Hashes everything a reader holds, in order, holes as zeros.</summary>
public static class ContentHash
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Appends all bytes of <paramref name="source"/> to <paramref name="hash"/>.</summary>
    public static void Append(IncrementalHash hash, IBlockReader source, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(hash);
        ArgumentNullException.ThrowIfNull(source);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        for (long offset = 0; offset < source.Length; offset += BufferBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(BufferBytes, source.Length - offset));
            source.Read(offset, part);
            hash.AppendData(part);
        }
    }
}
