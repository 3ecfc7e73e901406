using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Describing;

/// <summary>
/// Collects what is known for each field, and decides: the surest wins, the first of equals.
/// </summary>
internal sealed class EvidenceBook
{
    private readonly List<Evidence> all = [];

    public void Add(string field, string value, string source, Confidence confidence) =>
        all.Add(new Evidence(field, value, source, confidence));

    /// <summary>The best value of a field; null when nothing is known.</summary>
    public string? Best(string field) => Ranked(field).FirstOrDefault()?.Value;

    /// <summary>All evidence, used before overruled, in the order in which fields came up.</summary>
    public IReadOnlyList<Evidence> Decide(string path, FindingList findings)
    {
        var decided = new List<Evidence>();
        foreach (string field in all.Select(evidence => evidence.Field).Distinct().ToList())
        {
            List<Evidence> ranked = [.. Ranked(field)];
            foreach (Evidence evidence in ranked)
            {
                decided.Add(evidence with { IsUsed = evidence.Value == ranked[0].Value });
            }
            if (ranked.Find(evidence => evidence.Value != ranked[0].Value
                && evidence.Confidence >= Confidence.Likely)
                is { } other)
            {
                findings.Add(DescribeFindings.WitnessesDiffer, path,
                    $"{field} is {ranked[0].Value} by {ranked[0].Source}, and {other.Value} by "
                    + $"{other.Source}",
                    field: field);
            }
        }
        return [.. decided.OrderByDescending(evidence => evidence.IsUsed)];
    }

    private IOrderedEnumerable<Evidence> Ranked(string field) =>
        all.Where(evidence => evidence.Field == field).OrderByDescending(evidence => evidence.Confidence);
}
