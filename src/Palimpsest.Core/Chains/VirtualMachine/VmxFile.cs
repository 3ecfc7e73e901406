using System.Globalization;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.VirtualMachine;

/// <summary>One disk of a virtual machine, as its <c>.vmx</c> file has it.</summary>
/// <param name="Node">Where it is attached: <c>scsi0:0</c>.</param>
/// <param name="FileName">The link it runs from, as written.</param>
/// <param name="Mode"><c>persistent</c>, <c>independent-persistent</c> and so on; null when not said.</param>
/// <param name="ControllerType"><c>virtualDev</c> of its controller: <c>lsilogic</c>, <c>pvscsi</c>; null
/// when not said.</param>
public sealed record VmxDisk(string Node, string FileName, string? Mode, string? ControllerType)
{
    /// <summary>The bus: <c>scsi</c>, <c>ide</c>, <c>sata</c>, <c>nvme</c>.</summary>
    public string Bus => Node.TrimEnd("0123456789:".ToCharArray());

    /// <summary>The file's bare name.</summary>
    public string BareName => HostPath.NameOf(FileName.Replace('\\', '/'));
}

/// <summary>
/// The settings of a virtual machine, as far as disks are concerned. A view of a
/// <see cref="DictionaryFile"/>.
/// </summary>
public sealed class VmxFile
{
    private const string FileNameSuffix = ".fileName";
    private static readonly string[] Buses = ["scsi", "ide", "sata", "nvme"];

    /// <summary>
    /// Reads the settings from a dictionary. Never throws on bad values: what is no disk is not listed.
    /// </summary>
    public VmxFile(DictionaryFile dictionary)
    {
        ArgumentNullException.ThrowIfNull(dictionary);
        Dictionary = dictionary;
        Disks = [.. FindDisks(dictionary)];
        string? version = dictionary["virtualHW.version"];
        HardwareVersion =
            int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number is > 0 and < 1000 ? number : null;
        IsFromEsxi = dictionary.Entries.Any(entry =>
            entry.Key.StartsWith("sched.", StringComparison.OrdinalIgnoreCase)
            || entry.Value.StartsWith("/vmfs/", StringComparison.Ordinal));
    }

    /// <summary>The lines themselves.</summary>
    public DictionaryFile Dictionary { get; }

    /// <summary>The disks that are present.</summary>
    public IReadOnlyList<VmxDisk> Disks { get; }

    /// <summary><c>virtualHW.version</c>; null when absent or no number.</summary>
    public int? HardwareVersion { get; }

    /// <summary>
    /// True when it has settings that only ESXi writes: <c>sched.*</c>, or paths on a datastore.
    /// </summary>
    public bool IsFromEsxi { get; }

    private static IEnumerable<VmxDisk> FindDisks(DictionaryFile dictionary)
    {
        foreach ((string key, string value) in dictionary.Entries)
        {
            if (!key.EndsWith(FileNameSuffix, StringComparison.OrdinalIgnoreCase)) { continue; }
            string node = key[..^FileNameSuffix.Length].ToLowerInvariant();
            int colon = node.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !Buses.Any(bus => node.StartsWith(bus, StringComparison.Ordinal))) { continue; }
            bool isDisk = value.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)
                && !IsFalse(dictionary[node + ".present"])
                && dictionary[node
                    + ".deviceType"]?.Contains("cdrom", StringComparison.OrdinalIgnoreCase) != true;
            if (isDisk)
            {
                yield return new VmxDisk(node, value, dictionary[node + ".mode"],
                    dictionary[node[..colon] + ".virtualDev"]?.ToLowerInvariant());
            }
        }
    }

    private static bool IsFalse(string? value) =>
        value?.Equals("FALSE", StringComparison.OrdinalIgnoreCase) == true;
}
