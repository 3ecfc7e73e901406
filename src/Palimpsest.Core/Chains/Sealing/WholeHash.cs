using System.Runtime.ExceptionServices;
using System.Security.Cryptography;

namespace Palimpsest.Core.Chains.Sealing;

/// <summary>
/// The SHA-256 of a stream of pieces, on a thread of its own, so that whoever reads the pieces can hash them
/// another way meanwhile. One thread fills: <see cref="Rent"/>, then <see cref="Append"/>, in order.
/// </summary>
internal sealed class WholeHash : IDisposable
{
    private const int SlotCount = 16;
    private const long ZeroBytesPerSlot = 16 << 20;
    private readonly Slot[] slots = new Slot[SlotCount];
    private readonly SemaphoreSlim free = new(SlotCount), filled = new(0);
    private readonly CancellationToken cancellation;
    private readonly Thread thread;
    private readonly byte[] digest = new byte[MerkleTree.DigestBytes];
    private volatile bool isStopped;
    private ExceptionDispatchInfo? failure;
    private int next;

    /// <summary>Starts the thread. Pieces are at most <paramref name="pieceBytes"/> long.</summary>
    public WholeHash(int pieceBytes, CancellationToken cancellation)
    {
        this.cancellation = cancellation;
        for (int i = 0; i < SlotCount; i++)
        {
            slots[i].Buffer = GC.AllocateUninitializedArray<byte>(pieceBytes);
        }
        thread = new Thread(Hash, maxStackSize: 256 * 1024) { IsBackground = true };
        thread.Start();
    }

    /// <summary>A buffer to fill and append.</summary>
    public byte[] Rent()
    {
        free.Wait(cancellation);
        return slots[next].Buffer;
    }

    /// <summary>
    /// Appends the first bytes of the buffer that was rented last. It may still be read until the next
    /// <see cref="Rent"/>.
    /// </summary>
    public void Append(int lengthBytes) => Commit(lengthBytes, isZero: false);

    /// <summary>Appends zeros.</summary>
    public void AppendZeroes(long lengthBytes)
    {
        for (long left = lengthBytes; left > 0; left -= ZeroBytesPerSlot)
        {
            free.Wait(cancellation);
            Commit(Math.Min(left, ZeroBytesPerSlot), isZero: true);
        }
    }

    /// <summary>The hash of everything, as 64 hex digits. Nothing may be appended afterwards.</summary>
    public string Finish()
    {
        free.Wait(cancellation);
        Commit(0, isZero: false);
        thread.Join();
        failure?.Throw();
        return Convert.ToHexStringLower(digest);
    }

    /// <summary>Stops the thread, finished or not.</summary>
    public void Dispose()
    {
        isStopped = true;
        filled.Release();
        thread.Join();
        free.Dispose();
        filled.Dispose();
    }

    private void Commit(long lengthBytes, bool isZero)
    {
        slots[next].LengthBytes = lengthBytes;
        slots[next].IsZero = isZero;
        next = (next + 1) % SlotCount;
        filled.Release();
    }

    // An empty piece ends the stream.
    private void Hash()
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (int at = 0; ; at = (at + 1) % SlotCount)
            {
                filled.Wait(CancellationToken.None);
                if (isStopped) { return; }
                Slot slot = slots[at];
                if (slot.LengthBytes == 0) { break; }
                if (slot.IsZero) { ChunkTable.AppendZeroes(hash, slot.LengthBytes); }
                else { hash.AppendData(slot.Buffer.AsSpan(0, (int)slot.LengthBytes)); }
                free.Release();
            }
            hash.GetHashAndReset(digest);
        }
        catch (Exception error)
        {
            // Thrown again where the hash is asked for; whoever waits for a free slot is let go.
            failure = ExceptionDispatchInfo.Capture(error);
            free.Release(SlotCount);
        }
    }

    private struct Slot
    {
        public byte[] Buffer;
        public long LengthBytes;
        public bool IsZero;
    }
}
