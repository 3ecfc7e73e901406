using Palimpsest.Core.Chains.Graph;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Reports;

/// <summary>A finding of a chain report, the link it belongs to, and the next command.</summary>
/// <param name="FindingIndex">Index in the report's findings.</param>
/// <param name="Link">Path of the link; null for what belongs to the folder or to a machine.</param>
/// <param name="NextCommand">The next safe command; it changes nothing.</param>
public sealed record ChainProblemReport(int FindingIndex, string? Link, string NextCommand);

/// <summary>Collects the findings of a graph and knows for each what to run next.</summary>
internal sealed class ChainProblemList(ChainGraph graph)
{
    private readonly List<Finding> findings = [];
    private readonly List<ChainProblemReport> problems = [];
    private Severity nextSeverity = Severity.Info;

    public IReadOnlyList<Finding> Findings => findings;

    public IReadOnlyList<ChainProblemReport> Problems => problems;

    public long DroppedCount { get; private set; }

    /// <summary>The command for the worst finding; null when none is more than worth knowing.</summary>
    public string? NextCommand { get; private set; }

    public void Add(GraphLink link)
    {
        DroppedCount += link.DroppedFindings;
        foreach (Finding finding in link.Findings) { Add(finding, link.Path, NextFor(finding, link)); }
    }

    public void Add(IEnumerable<GraphMachine> machines, IEnumerable<GraphSnapshotList> lists)
    {
        string folder = NextStep.Quote(graph.Folder);
        foreach (Finding finding in machines.SelectMany(machine => machine.Findings))
        {
            Add(finding, null, $"vmdk {folder}");
        }
        foreach (GraphSnapshotList list in lists)
        {
            GraphLink? running = graph.Machines.SelectMany(machine => machine.Disks)
                .Select(disk => disk.Link).FirstOrDefault(link => link?.Edge is not null);
            foreach (Finding finding in list.Findings)
            {
                Add(finding, null, running is not null && finding.Code == GraphFindings.ConsolidationNeeded
                    ? $"vmdk drift {NextStep.Quote(running.Path)}" : $"vmdk {folder}");
            }
        }
    }

    public void AddFolder(IEnumerable<Finding> found)
    {
        foreach (Finding finding in found)
        {
            string path = NextStep.Quote(finding.Path);
            Add(finding, null, finding.Code == GraphFindings.DataWithoutDescriptor
                ? $"vmdk describe {path} --dry-run" : $"vmdk {NextStep.Quote(graph.Folder)}");
        }
    }

    private void Add(Finding finding, string? link, string nextCommand)
    {
        problems.Add(new ChainProblemReport(findings.Count, link, nextCommand));
        findings.Add(finding);
        if (finding.Severity <= nextSeverity) { return; }
        (nextSeverity, NextCommand) = (finding.Severity, nextCommand);
    }

    private static string NextFor(Finding finding, GraphLink link)
    {
        FindingCode code = finding.Code;
        if (finding == link.Edge?.Finding)
        {
            if (link.Edge.LikelyParents.Count > 0) { return Info(link.Edge.LikelyParents[0]); }
            if (link.Edge.LikelyParentData is { } data)
            {
                return $"vmdk describe {NextStep.Quote(data)} --dry-run";
            }
            bool mayBeFine = link.Edge.State is EdgeState.ContentIdMismatch or EdgeState.CapacityMismatch;
            if (mayBeFine && link.Parent is { } parent) { return Info(parent); }
        }
        bool isAboutLayers = code == GraphFindings.UnknownDelta || code == GraphFindings.LongChain;
        GraphLink named = code == GraphFindings.RunsBelowChildren && link.Children.Count > 0
            ? link.Children[0] : link;
        return isAboutLayers || named != link
            ? $"vmdk drift {NextStep.Quote(named.Path)}" : $"vmdk check {NextStep.Quote(named.Path)}";
    }

    private static string Info(GraphLink link) => $"vmdk info {NextStep.Quote(link.Path)}";
}
