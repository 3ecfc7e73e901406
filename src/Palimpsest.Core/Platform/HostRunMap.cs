namespace Palimpsest.Core.Platform;

/// <summary>A run of a host file that is stored, or is not.</summary>
/// <param name="OffsetBytes">Where it begins.</param>
/// <param name="LengthBytes">How long it is.</param>
/// <param name="IsHole">True when the host says that nothing was written there.</param>
public readonly record struct HostRun(long OffsetBytes, long LengthBytes, bool IsHole);

/// <summary>
/// Data and holes of a file as its host tells them (SEEK_DATA, SEEK_HOLE): totals, and the first runs one by
/// one. Storage that was reserved and never written counts as a hole here on most hosts.
/// </summary>
public sealed record HostRunMap
{
    /// <summary>At most this many runs are listed.</summary>
    public const int ListLimit = 256;

    // A file in more pieces than this is counted up to here, and the rest counts as data.
    private const int SeekLimit = 1 << 18;

    /// <summary>Length of the file in bytes.</summary>
    public required long LengthBytes { get; init; }

    /// <summary>Bytes in data runs.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Bytes in holes.</summary>
    public required long HoleBytes { get; init; }

    /// <summary>Number of data runs.</summary>
    public required int DataCount { get; init; }

    /// <summary>Number of holes.</summary>
    public required int HoleCount { get; init; }

    /// <summary>The first runs in file order.</summary>
    public required IReadOnlyList<HostRun> First { get; init; }

    /// <summary>False when counting stopped early; what was not looked at counts as data.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Walks the runs of <paramref name="file"/>.</summary>
    internal static HostRunMap Of(HostFile file)
    {
        long length = file.Length, offset = 0, dataBytes = 0, holeBytes = 0;
        int dataCount = 0, holeCount = 0;
        var first = new List<HostRun>();
        while (offset < length && dataCount + holeCount < SeekLimit)
        {
            // A file that changes while it is looked at may answer anything; every step still goes forward.
            long data = Math.Clamp(file.NextData(offset), offset, length);
            bool isHole = data > offset;
            long end = isHole ? data : Math.Clamp(file.NextHole(offset), offset + 1, length);
            if (first.Count < ListLimit) { first.Add(new HostRun(offset, end - offset, isHole)); }
            if (isHole)
            {
                holeBytes += end - offset;
                holeCount++;
            }
            else
            {
                dataBytes += end - offset;
                dataCount++;
            }
            offset = end;
        }
        return new HostRunMap
        {
            LengthBytes = length,
            DataBytes = dataBytes + (length - offset),
            HoleBytes = holeBytes,
            DataCount = dataCount,
            HoleCount = holeCount,
            First = first,
            IsComplete = offset == length,
        };
    }
}
