using System.CommandLine;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk snapshot</c>: moments of a disk or a machine, kept and given back.</summary>
internal static class SnapshotVerb
{
    /// <summary>The group of verbs.</summary>
    public static VerbCommand Create() => new(
        "snapshot", "Take, list, go back to, and merge snapshots of a disk or a machine.",
        [
            SnapshotCreateVerb.Create(), SnapshotListVerb.Create(), SnapshotRevertVerb.Create(),
            SnapshotDeleteVerb.Create(), SnapshotConsolidateVerb.Create(),
        ],
        "vmdk snapshot create --name 'before update' web01.vmx", "vmdk snapshot list web01.vmx",
        "vmdk snapshot revert web01.vmx 'before update'");

    /// <summary>What all of them are about.</summary>
    public static Argument<string> CreateSubject() => new("DISK_OR_VM")
    {
        Description = "A disk; or a .vmx file or a machine's folder, for all disks together.",
    };
}
