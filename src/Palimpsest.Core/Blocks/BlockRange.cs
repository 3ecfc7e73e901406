using System.Runtime.CompilerServices;

namespace Palimpsest.Core.Blocks;

/// <summary>The one check of arguments that every reader makes.</summary>
public static class BlockRange
{
    /// <summary>
    /// Throws <see cref="ArgumentOutOfRangeException"/> unless the range lies in <c>[0, capacityBytes)</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(long offset, long length, long capacityBytes)
    {
        if (offset < 0 || length < 0 || offset > capacityBytes - length)
        {
            Throw(offset, length, capacityBytes);
        }
    }

    /// <summary>
    /// As <see cref="Check"/>, for <see cref="IBlockReader.GetRun"/>, which takes at least one byte.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CheckRun(long offset, long length, long capacityBytes)
    {
        if (offset < 0 || length < 1 || offset > capacityBytes - length)
        {
            Throw(offset, length, capacityBytes);
        }
    }

    private static void Throw(long offset, long length, long capacityBytes) =>
        throw new ArgumentOutOfRangeException(nameof(offset), offset,
            $"{length} bytes at {offset} do not lie within a device of {capacityBytes} bytes");
}
