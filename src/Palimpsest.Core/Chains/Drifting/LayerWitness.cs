using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Drifting;

/// <summary>What a layer's files and the snapshot lists beside them say of its age.</summary>
internal sealed class LayerWitness(IHost host, FindingList findings)
{
    private readonly Dictionary<string, MachineFiles?> machinesByFolder = new(StringComparer.Ordinal);

    /// <summary>Newest change of the data; null when the host does not say.</summary>
    public DateTime? ModifiedUtc(Link link)
    {
        IEnumerable<string> data = link.Files.Count > 1 ? link.Files.Skip(1) : link.Files;
        return data.Select(EntryOf).Max(entry => entry?.ModifiedUtc);
    }

    /// <summary>What the host stores for all files of a link; null when it does not say.</summary>
    public long? AllocatedBytes(Link link)
    {
        long? sum = 0;
        foreach (string path in link.Files) { sum += EntryOf(path)?.AllocatedBytes; }
        return sum;
    }

    /// <summary>The snapshots that froze a link, from the lists in its folder.</summary>
    public IReadOnlyList<ListedSnapshot> FrozenBy(Link link)
    {
        try
        {
            string real = host.ResolveLinks(link.Path);
            return MachinesIn(HostPath.FolderOf(real)) is { } machines
                ? [.. machines.SnapshotsOf(HostPath.NameOf(real))] : [];
        }
        catch (BlockException)
        {
            // The file was moved this moment; its age is not worth failing for.
            return [];
        }
    }

    private MachineFiles? MachinesIn(string folder)
    {
        if (machinesByFolder.TryGetValue(folder, out MachineFiles? known)) { return known; }
        MachineFiles? machines = null;
        try
        {
            machines = MachineFiles.Read(host, folder, host.List(folder), findings);
        }
        catch (BlockException error)
        {
            findings.Add(DescribeFindings.WitnessUnusable, folder, error.Message);
        }
        machinesByFolder.Add(folder, machines);
        return machines;
    }

    private HostEntry? EntryOf(string path)
    {
        try
        {
            return host.Stat(host.ResolveLinks(path));
        }
        catch (BlockException)
        {
            return null;
        }
    }
}
