using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>
/// A file in memory that can lose power: what was not flushed is kept, sector by sector and in any mixture,
/// by chance.
/// </summary>
internal sealed class PowerCutFile : HostFile
{
    private const long MaxLength = 64 << 20;

    private readonly List<Action<PowerCutFile, Random>> pending = [];
    private byte[] durable = [], present = [];

    public override string Path => "memory";

    public override bool IsWritable => true;

    public override long Length => present.Length;

    /// <summary>What is found after the power went now.</summary>
    public PowerCutFile Cut(Random random)
    {
        var after = new PowerCutFile { durable = [.. durable] };
        foreach (Action<PowerCutFile, Random> change in pending) { change(after, random); }
        after.present = [.. after.durable];
        return after;
    }

    public override void Read(long offset, Span<byte> target)
    {
        if (offset + target.Length > present.Length)
        {
            throw new BlockException(BlockErrorKind.OutOfRange, Path, offset, "past the end");
        }
        present.AsSpan((int)offset, target.Length).CopyTo(target);
    }

    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        CheckRoom(offset + source.Length);
        byte[] bytes = source.ToArray();
        Store(ref present, offset, bytes);
        pending.Add((file, random) =>
        {
            for (int start = 0; start < bytes.Length;)
            {
                int end = (int)Math.Min(bytes.Length, start + 512 - ((offset + start) % 512));
                if (random.Next(2) == 0)
                {
                    Store(ref file.durable, offset + start, bytes.AsSpan(start, end - start));
                }
                start = end;
            }
        });
    }

    public override void SetLength(long lengthBytes)
    {
        CheckRoom(lengthBytes);
        Array.Resize(ref present, (int)lengthBytes);
        pending.Add((file, random) =>
        {
            if (random.Next(2) == 0) { Array.Resize(ref file.durable, (int)lengthBytes); }
        });
    }

    public override void Flush()
    {
        durable = [.. present];
        pending.Clear();
    }

    public override bool TryPunchHole(long offset, long length)
    {
        Write(offset, new byte[length]);
        return true;
    }

    public override bool TryZeroRange(long offset, long length) => false;

    public override bool TryAllocate(long offset, long length) => false;

    public override long NextData(long offset) => Math.Min(offset, Length);

    public override long NextHole(long offset) => Length;

    protected override void Dispose(bool disposing)
    {
    }

    private void CheckRoom(long lengthBytes)
    {
        if (lengthBytes > MaxLength)
        {
            throw new BlockException(BlockErrorKind.NoSpace, Path, lengthBytes, "the host is full");
        }
    }

    private static void Store(ref byte[] target, long offset, ReadOnlySpan<byte> bytes)
    {
        if (target.Length < offset + bytes.Length) { Array.Resize(ref target, (int)offset + bytes.Length); }
        bytes.CopyTo(target.AsSpan((int)offset));
    }
}
