using System.Globalization;
using System.Text;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Snapshots;

/// <summary>
/// Names for new deltas, as VMware makes them: the disk's name, a minus and six digits. A number is free when
/// no file of the folder and no machine file uses it; one name is given once.
/// </summary>
internal sealed class DeltaNames(IHost host, MachineFolder machines)
{
    private const int Digits = 6, HighestNumber = 999_999, MaximumNameBytes = 255;

    // The longest of what the delta's files are called at some time: "-delta.vmdk" and the like, and the
    // suffix of a file that is not finished.
    private static readonly int AddedBytes = "-000001-delta.vmdk".Length + NewDisk.UnfinishedSuffix.Length;

    private readonly HashSet<string> used = new(
        host.List(machines.Folder)
            .Concat(machines.Settings.SelectMany(settings => settings.File.Disks)
            .Select(disk => disk.BareName))
            .Concat(machines.SnapshotLists.SelectMany(list => list.File.Snapshots)
                .SelectMany(snapshot => snapshot.Disks).Select(disk => disk.BareName)),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The name of the next delta of the disk whose head is called <paramref name="headName"/>.
    /// </summary>
    /// <exception cref="BlockException"><c>Refused</c>: there is no name left that a host takes.</exception>
    public string Next(string headName)
    {
        string stem = StemOf(headName);
        if (Encoding.UTF8.GetByteCount(stem) + AddedBytes > MaximumNameBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, headName, null,
                "its name is too long to be made longer for a delta; give it a shorter one");
        }
        HashSet<int> taken = [.. used.Select(name => NumberIn(name, stem)).OfType<int>()];
        for (int number = 1; number <= HighestNumber; number++)
        {
            if (taken.Contains(number)) { continue; }
            string name = stem + "-" + number.ToString("D" + Digits, CultureInfo.InvariantCulture) + ".vmdk";
            used.Add(name);
            return name;
        }
        throw new BlockException(BlockErrorKind.Refused, headName, null, "all numbers of deltas are in use");
    }

    /// <summary>A disk's name without the number of a delta and without <c>.vmdk</c>.</summary>
    internal static string StemOf(string headName)
    {
        string stem = headName.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)
            ? headName[..^5] : headName;
        int dash = stem.Length - Digits - 1;
        return dash > 0 && stem[dash] == '-' && stem.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0
            ? stem[..dash] : stem;
    }

    // STEM-000001.vmdk, and its data: STEM-000001-delta.vmdk, STEM-000001-s001.vmdk.
    private static int? NumberIn(string name, string stem)
    {
        int end = stem.Length + 1 + Digits;
        if (name.Length <= end || name[stem.Length] != '-' || name[end] is not ('.' or '-')
            || !name.StartsWith(stem, StringComparison.OrdinalIgnoreCase)
            || name.AsSpan(stem.Length + 1, Digits).IndexOfAnyExceptInRange('0', '9') >= 0)
        {
            return null;
        }
        return int.Parse(name.AsSpan(stem.Length + 1, Digits), NumberStyles.None,
            CultureInfo.InvariantCulture);
    }
}
