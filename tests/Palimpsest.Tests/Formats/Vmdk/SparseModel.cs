using Palimpsest.Core.Blocks;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>
/// Random operations on a device beside the same ones on a byte array. The array is the truth: what a disk
/// is.
/// </summary>
internal sealed class SparseModel(long capacityBytes, int seed)
{
    private readonly Random random = new(seed);

    public byte[] Content { get; } = new byte[capacityBytes];

    /// <summary>
    /// Applies one operation. With a parent, discards change nothing that can be foretold, so none are made.
    /// </summary>
    public void Step(IBlockDevice device, bool hasParent)
    {
        (long offset, int length) = Range();
        switch (random.Next(hasParent ? 8 : 10))
        {
            case < 5:
                byte[] data = new byte[length];
                random.NextBytes(data);
                device.Write(offset, data);
                data.CopyTo(Content, offset);
                break;
            case < 7:
                device.WriteZeroes(offset, length, random.Next(2) == 0 ? ZeroMode.MayPunch
                    : ZeroMode.KeepAllocated);
                Content.AsSpan((int)offset, length).Clear();
                break;
            case 7:
                device.Flush();
                break;
            default:
                device.Discard(offset, length);

                // Discarded bytes read as zeros or as before; the model takes what is there and holds it to
                // that.
                byte[] after = new byte[length];
                device.Read(offset, after);
                for (int index = 0; index < length; index++)
                {
                    if (after[index] != 0 && after[index] != Content[offset + index])
                    {
                        throw new InvalidOperationException(
                            $"foreign byte after a discard at {offset + index}");
                    }
                }
                after.CopyTo(Content, offset);
                break;
        }
    }

    /// <summary>Reads a random range and says whether it is as it should be.</summary>
    public bool Agrees(IBlockReader reader)
    {
        (long offset, int length) = Range();
        byte[] data = new byte[length];
        reader.Read(offset, data);
        return data.AsSpan().SequenceEqual(Content.AsSpan((int)offset, length));
    }

    private (long Offset, int Length) Range()
    {
        int max = random.Next(4) switch { 0 => 512, 1 => 8192, 2 => 200_000, _ => 1_000_000 };
        int length = 1 + random.Next((int)Math.Min(max, Content.Length - 1));
        if (random.Next(2) == 0) { length = Math.Max(512, length / 512 * 512); }
        long offset = random.NextInt64(Content.Length - length + 1);
        if (random.Next(2) == 0) { offset = offset / 512 * 512; }
        if (random.Next(8) == 0) { offset = Content.Length - length; }
        return (offset, length);
    }
}
