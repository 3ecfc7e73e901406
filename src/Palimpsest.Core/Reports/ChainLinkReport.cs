using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Core.Reports;

/// <summary>A node of a chain report: one link.</summary>
public sealed record ChainLinkReport
{
    /// <summary>The file that holds its descriptor.</summary>
    public required string Path { get; init; }

    /// <summary>Bare name of that file.</summary>
    public required string Name { get; init; }

    /// <summary>True for the link that was named, itself or by one of its data files.</summary>
    public required bool IsNamed { get; init; }

    /// <summary>True when nothing stands on it.</summary>
    public required bool IsHead { get; init; }

    /// <summary>
    /// Links from the lowest one that was found up to it; null where the chain runs in a circle.
    /// </summary>
    public int? LinkCount { get; init; }

    /// <summary>What it is, in one phrase for people.</summary>
    public required string What { get; init; }

    /// <summary><c>createType</c>, as written.</summary>
    public string? CreateType { get; init; }

    /// <summary>
    /// <c>textDescriptor</c>, <c>monolithicSparse</c> or <c>streamOptimized</c>; null when it cannot be read.
    /// </summary>
    public string? Form { get; init; }

    /// <summary>Size of the guest's disk; null when it is not known.</summary>
    public long? CapacityBytes { get; init; }

    /// <summary>What the host stores for its files; null when the host does not say.</summary>
    public long? StoredBytes { get; init; }

    /// <summary>Newest change of its data.</summary>
    public DateTime? ModifiedUtc { get; init; }

    /// <summary><c>CID</c> in eight digits.</summary>
    public string? ContentId { get; init; }

    /// <summary><c>parentCID</c> in eight digits; null when it names no parent.</summary>
    public string? ParentContentId { get; init; }

    /// <summary>The extents in order.</summary>
    public required IReadOnlyList<ChainExtentReport> Extents { get; init; }

    /// <summary>Its files, the descriptor's first.</summary>
    public required IReadOnlyList<GraphFile> Files { get; init; }

    /// <summary>Disks of machines that run from it.</summary>
    public required IReadOnlyList<ChainUseReport> RunBy { get; init; }

    /// <summary>Snapshots that froze it.</summary>
    public required IReadOnlyList<ChainFreezeReport> FrozenBy { get; init; }

    /// <summary>
    /// Whether a machine or a snapshot of the folder leads to it; null when the folder has neither.
    /// </summary>
    public bool? IsKnown { get; init; }

    internal static ChainLinkReport From(GraphLink link, ChainGraph graph)
    {
        VmdkDescriptor? descriptor = link.Descriptor;
        bool hasParent = descriptor?.HasParent == true;
        return new ChainLinkReport
        {
            Path = link.Path,
            Name = link.Name,
            IsNamed = link == graph.Named,
            IsHead = link.IsHead,
            LinkCount = link.LinkCount,
            What = descriptor is null
                ? "not a disk that can be opened" : DiskPhrase.PhraseFor(descriptor.CreateType),
            CreateType = descriptor?.CreateType,
            Form = link.Link is { } form ? LinkReport.WordFor(form.Format) : null,
            CapacityBytes = link.CapacityBytes,
            StoredBytes = link.StoredBytes,
            ModifiedUtc = link.ModifiedUtc,
            ContentId = LinkReport.Hex(descriptor?.ContentId),
            ParentContentId = hasParent ? LinkReport.Hex(descriptor?.ParentContentId) : null,
            Extents = [.. link.Extents.Select(ChainExtentReport.From)],
            Files = link.Files,
            RunBy = [.. link.RunBy.Select(use => new ChainUseReport(use.SettingsName, use.Disk.Node))],
            FrozenBy = [.. link.FrozenBy.Select(ChainFreezeReport.From)],
            IsKnown = graph.Machines.Count + graph.SnapshotLists.Count > 0 ? link.IsKnown : null,
        };
    }
}

/// <summary>An extent of a link, as its descriptor has it, and what was found of its file.</summary>
/// <param name="Access"><c>RW</c>, <c>RDONLY</c> or <c>NOACCESS</c>.</param>
/// <param name="Type"><c>FLAT</c>, <c>SPARSE</c> and so on.</param>
/// <param name="LengthBytes">Its size.</param>
/// <param name="Name">The file name as the descriptor has it.</param>
/// <param name="Path">The file; null when it was not found or there is none.</param>
/// <param name="State">
/// <c>present</c>, <c>noFile</c>, <c>short</c>, <c>missing</c>, <c>outside</c> or <c>unusable</c>.
/// </param>
public sealed record ChainExtentReport(
    string Access, string Type, long LengthBytes, string? Name, string? Path, string State)
{
    internal static ChainExtentReport From(GraphExtent extent)
    {
        ExtentReport line = ExtentReport.From(extent.Line, null);
        return new ChainExtentReport(line.Access, line.Type, line.LengthBytes, line.Name, extent.Path,
            extent.State switch
            {
                ExtentState.Present => "present",
                ExtentState.NoFile => "noFile",
                ExtentState.Short => "short",
                ExtentState.Missing => "missing",
                ExtentState.Outside => "outside",
                _ => "unusable",
            });
    }
}

/// <summary>A disk of a machine that runs from a link.</summary>
/// <param name="Settings">Bare name of the <c>.vmx</c> file.</param>
/// <param name="Node">Where the disk is attached: <c>scsi0:0</c>.</param>
public sealed record ChainUseReport(string Settings, string Node);

/// <summary>A snapshot that froze a link.</summary>
/// <param name="List">Bare name of the <c>.vmsd</c> file.</param>
/// <param name="Uid">Its number.</param>
/// <param name="Name">Its name, as the user gave it.</param>
/// <param name="CreatedUtc">When it was taken.</param>
/// <param name="IsCurrent">True for the one that the machine runs from.</param>
public sealed record ChainFreezeReport(
    string List, int Uid, string? Name, DateTime? CreatedUtc, bool IsCurrent)
{
    internal static ChainFreezeReport From(GraphSnapshot snapshot) => new(
        snapshot.ListName, snapshot.Snapshot.Uid, snapshot.Snapshot.DisplayName,
        snapshot.Snapshot.CreatedUtc, snapshot.IsCurrent);
}

/// <summary>An edge of a chain report: the way from a child to its parent.</summary>
/// <param name="Child">Path of the child.</param>
/// <param name="Parent">Path of the link it leads to, fitting or not; null when there is none.</param>
/// <param name="Hint"><c>parentFileNameHint</c>, as written.</param>
/// <param name="ParentPath">The file that the hint leads to, a link or not.</param>
/// <param name="IsFoundByBareName">
/// True when the hint names another folder, and the file was found beside the child.
/// </param>
/// <param name="State">
/// <c>good</c>, <c>contentIdMismatch</c>, <c>wrongBase</c>, <c>capacityMismatch</c>, <c>parentMissing</c>,
/// <c>parentOutside</c>, <c>parentNotADisk</c> or <c>loop</c>.
/// </param>
/// <param name="LikelyParents">
/// Links that have exactly the content id and the capacity that the child remembers, where the edge is not
/// good.
/// </param>
/// <param name="LikelyParentData">Data without a descriptor that is the missing parent's by its name.</param>
public sealed record ChainEdgeReport(
    string Child, string? Parent, string? Hint, string? ParentPath, bool IsFoundByBareName, string State,
    IReadOnlyList<string> LikelyParents, string? LikelyParentData)
{
    internal static ChainEdgeReport From(GraphEdge edge) => new(
        edge.Child.Path, edge.Parent?.Path, edge.Hint, edge.ParentPath, edge.IsFoundByBareName,
        WordFor(edge.State),
        [.. edge.LikelyParents.Select(link => link.Path)], edge.LikelyParentData);

    /// <summary>The word for a state.</summary>
    internal static string WordFor(EdgeState state) => state switch
    {
        EdgeState.Good => "good",
        EdgeState.ContentIdMismatch => "contentIdMismatch",
        EdgeState.WrongBase => "wrongBase",
        EdgeState.CapacityMismatch => "capacityMismatch",
        EdgeState.ParentMissing => "parentMissing",
        EdgeState.ParentOutside => "parentOutside",
        EdgeState.ParentNotADisk => "parentNotADisk",
        _ => "loop",
    };
}
