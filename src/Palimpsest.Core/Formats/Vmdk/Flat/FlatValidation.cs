using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.Flat;

/// <summary>Holds a flat file's real length against what its extent says.</summary>
public static class FlatValidation
{
    /// <summary>Adds findings for a file that is too short, too long, or not made of whole sectors.</summary>
    public static void Run(HostFile file, long startOffset, long extentBytes, bool isWholeFile,
        FindingList findings)
    {
        long end = checked(startOffset + extentBytes);
        long length = file.Length;
        if (length < end)
        {
            findings.Add(FlatFindings.Short, file.Path,
                $"the file has {length} bytes, its extent needs {end}: the last "
                + $"{end - Math.Max(length, startOffset)} are missing",
                length);
        }
        else if (isWholeFile && length > end)
        {
            findings.Add(FlatFindings.Long, file.Path,
                $"the file has {length} bytes, its extent uses {end}: {length - end} lie behind the disk's "
                + "end", end);
        }
        if (length % Sector.Bytes != 0)
        {
            findings.Add(FlatFindings.PartialSector, file.Path,
                $"the file has {length} bytes: {length / Sector.Bytes} sectors and {length % Sector.Bytes} "
                + "bytes more",
                length - (length % Sector.Bytes));
        }
    }
}
