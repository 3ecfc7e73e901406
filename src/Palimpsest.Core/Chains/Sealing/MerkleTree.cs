using System.Numerics;
using System.Security.Cryptography;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>
/// The root of a list of hashes: the Merkle Tree Hash of RFC 6962, section 2.1, with SHA-256. The entries of
/// the tree are 32-byte digests:
/// <code>
/// leaf(entry)       = SHA-256(0x00 || entry)
/// node(left, right) = SHA-256(0x01 || left || right)
/// root()            = SHA-256()                  of no entries
/// root(e)           = leaf(e)                    of one
/// root(e1 ... en)   = node(root(e1 ... ek), root(ek+1 ... en)), k the largest power of two below n
/// </code>
/// The same tree from below: neighbours are joined level by level, and an odd one at the end goes up as it
/// is. What cannot be hashed has a leaf of its own, SHA-256(0x02), which no entry has. Entries are added one
/// after the other; memory is that of one digest per level.
/// </summary>
internal sealed class MerkleTree
{
    /// <summary>Bytes of a digest.</summary>
    public const int DigestBytes = SHA256.HashSizeInBytes;

    private const byte LeafPrefix = 0, NodePrefix = 1, MissingPrefix = 2;

    // Roots of complete subtrees, the largest first. Which sizes there are is said by the bits of the count.
    private readonly byte[] roots = new byte[DigestBytes * 64];
    private long count;
    private int height;

    /// <summary>Adds an entry.</summary>
    public void Add(ReadOnlySpan<byte> digest)
    {
        Span<byte> leaf = stackalloc byte[1 + DigestBytes];
        leaf[0] = LeafPrefix;
        digest.CopyTo(leaf[1..]);
        Push(leaf);
    }

    /// <summary>Adds an entry that could not be hashed.</summary>
    public void AddMissing() => Push([MissingPrefix]);

    /// <summary>Writes the root of what was added into <paramref name="root"/>.</summary>
    public void WriteRoot(Span<byte> root)
    {
        if (count == 0)
        {
            SHA256.HashData([], root);
            return;
        }
        At(height - 1).CopyTo(root);
        for (int level = height - 2; level >= 0; level--) { Join(At(level), root, root); }
    }

    private void Push(ReadOnlySpan<byte> leaf)
    {
        SHA256.HashData(leaf, At(height++));
        count++;

        // As many complete subtrees end here as the count has zeros at its end.
        for (int joins = BitOperations.TrailingZeroCount(count); joins > 0; joins--)
        {
            height--;
            Join(At(height - 1), At(height), At(height - 1));
        }
    }

    private static void Join(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> result)
    {
        Span<byte> node = stackalloc byte[1 + (2 * DigestBytes)];
        node[0] = NodePrefix;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + DigestBytes)..]);
        SHA256.HashData(node, result);
    }

    private Span<byte> At(int level) => roots.AsSpan(level * DigestBytes, DigestBytes);
}
