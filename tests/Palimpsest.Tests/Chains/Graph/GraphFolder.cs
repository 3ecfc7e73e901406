using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Tests.Tooling;

namespace Palimpsest.Tests.Chains.Graph;

/// <summary>A folder of hand-written descriptors for tests of graphs.</summary>
internal sealed class GraphFolder : IDisposable
{
    private readonly TempFolder folder = new();

    internal string Path => folder.Path;

    public void Dispose() => folder.Dispose();

    internal string File(string name) => folder.File(name);

    internal string Write(string name, string text) => folder.Write(name, text);

    internal string NewDisk(string name, long capacityBytes, string kind) =>
        folder.NewDisk(name, capacityBytes, kind);

    internal string Write(string name, byte[] bytes) => folder.Write(name, (ReadOnlySpan<byte>)bytes);

    /// <summary>A link: a base, unless it names a parent. Its extent needs no file unless given.</summary>
    internal string Link(string name, string contentId, string? hint = null, string? parentId = null,
        int sectors = 8, string? extent = null) =>
        folder.WriteDescriptor(name, Text(contentId, hint, parentId, sectors, extent));

    /// <summary>The text of a link's descriptor.</summary>
    internal static string Text(string contentId, string? hint = null, string? parentId = null,
        int sectors = 8, string? extent = null)
    {
        string parent = hint is null ? "" : $"parentFileNameHint=\"{hint}\"\n";
        return $"# Disk DescriptorFile\nversion=1\nCID={contentId}\nparentCID={parentId ?? "ffffffff"}\n"
            + $"createType=\"custom\"\n{parent}{extent ?? $"RW {sectors} ZERO"}\n";
    }

    /// <summary>The settings of a machine that runs from links, by their nodes.</summary>
    internal string Settings(string name, params (string Node, string File)[] disks) => folder.Write(name,
        string.Concat(disks.Select(disk => $"{disk.Node}.fileName = \"{disk.File}\"\n")));

    /// <summary>A snapshot list: each snapshot froze one disk at scsi0:0.</summary>
    internal string Snapshots(string name, int current, params (int Uid, string Name, string File)[] all) =>
        folder.Write(name, $"snapshot.current = \"{current}\"\n" + string.Concat(all.Select((one, i) =>
            $"snapshot{i}.uid = \"{one.Uid}\"\nsnapshot{i}.displayName = \"{one.Name}\"\n"
            + $"snapshot{i}.numDisks = \"1\"\nsnapshot{i}.disk0.fileName = \"{one.File}\"\n"
            + $"snapshot{i}.disk0.node = \"scsi0:0\"\n")));

    /// <summary>The graph of the folder, or of one of its files.</summary>
    internal ChainGraph Graph(string? name = null, bool allowOutside = false) => ChainGraph.Of(
        name is null ? Path : File(name), new DiskOpenOptions { AllowOutside = allowOutside });
}
