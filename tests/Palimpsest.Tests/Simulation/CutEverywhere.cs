using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Simulation;

/// <summary>
/// Runs an operation on a simulated host and cuts the power at every change that it makes; unflushed changes are
/// kept, lost, or torn by the sector and reordered. After each cut the invariant must hold; then the same command is
/// run again, with cuts at every change of that recovery; in the end it must finish. The process is killed at every
/// change, too, and the power goes while the next one recovers: what the first did not flush is still not flushed
/// then, although the next one sees it.
/// </summary>
internal sealed class CutEverywhere
{
    private readonly HostJournal beginning;
    private readonly HashSet<UInt128> seen = [];
    private int turns;

    /// <summary>Begins with a host as it is before the operation; it stays as it is.</summary>
    internal CutEverywhere(SimulatedHost before) => beginning = before.Record();

    /// <summary>What is being cut, for messages: enough to repeat it.</summary>
    internal required string Name { get; init; }

    /// <summary>
    /// The command, which is also its own recovery: on a host where it was interrupted it finishes the work, and where
    /// it had finished it does no harm.
    /// </summary>
    internal required Action<SimulatedHost> Operation { get; init; }

    /// <summary>Fails unless the host is as it may be after an interruption.</summary>
    internal required Action<SimulatedHost> AssertInvariant { get; init; }

    /// <summary>Fails unless the host is as it has to be when the work is done.</summary>
    internal required Action<SimulatedHost> AssertFinal { get; init; }

    /// <summary>
    /// Of how many states after a first cut one has its recovery cut at every change, too; 1 for all. With
    /// PALIMPSEST_NIGHTLY it is all of them.
    /// </summary>
    internal int RecoveryStride { get; init; } = 9;

    /// <summary>How many ways of tearing are tried at each change.</summary>
    internal int TearCount { get; init; } = 4;

    /// <summary>How many times the power was cut.</summary>
    internal int CutCount { get; private set; }

    /// <summary>How many times the process was killed.</summary>
    internal int KillCount { get; private set; }

    /// <summary>True where the long form of tests is asked for.</summary>
    internal static bool IsNightly => Environment.GetEnvironmentVariable("PALIMPSEST_NIGHTLY") is "true" or "1";

    /// <summary>Cuts everywhere.</summary>
    internal void Run()
    {
        SimulatedHost whole = Fresh();
        HostJournal journal = whole.Record();
        Guard("uninterrupted", () => Finish(whole));
        ForEachCut(journal, 0, TearCount, "", (host, what) =>
        {
            AssertInvariant(host);
            HostJournal recovery = host.Record();
            Finish(host);
            if (IsTurn()) { ForEachCut(recovery, 0, 2, what + ", in the recovery ", AssertRecovers); }
        });
        for (int change = 0; change < journal.Count; change++) { Kill(change); }
        Report();
    }

    private SimulatedHost Fresh() => beginning.HostAfterCut(0, CutVariant.Keep);

    private void Kill(int change)
    {
        SimulatedHost host = Fresh();
        HostJournal journal = host.Record();
        string what = $"killed at change {change}";
        Guard(what, () =>
        {
            host.KillAt(change);
            try { Operation(host); } catch (Exception error) when (WasKilled(error)) { KillCount++; }
            host.Restart();
            AssertInvariant(host);
            Finish(host);
        });
        if (IsTurn()) { ForEachCut(journal, change, 2, what + ", then in the recovery ", AssertRecovers); }
    }

    // What unwinds may put its own words around it, or several in one.
    private static bool WasKilled(Exception error) => error is ProcessKilledException
        || (error.InnerException is { } inner && WasKilled(inner))
        || (error is AggregateException { InnerExceptions: var all } && all.Any(WasKilled));

    private void AssertRecovers(SimulatedHost host, string what)
    {
        AssertInvariant(host);
        Finish(host);
    }

    private void Finish(SimulatedHost host)
    {
        Operation(host);
        AssertFinal(host);
    }

    private void ForEachCut(
        HostJournal journal, int first, int tears, string where, Action<SimulatedHost, string> check)
    {
        for (int cut = first; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int tear) in Variants(tears))
            {
                CutCount++;
                if (cut > first && journal.IsSameAsBefore(cut, variant)) { continue; }

                // Its last bit says in which order names survive.
                int seed = (((RandomCases.Seed % 100_000) + (cut * 8) + (tear / 2)) * 2) + (tear % 2);
                SimulatedHost host = journal.HostAfterCut(cut, variant, seed);

                // Recovery depends on nothing but the host, so a state that was looked at needs no second look.
                if (!seen.Add(host.Fingerprint())) { continue; }
                string what = $"{where}cut {cut} of {journal.Count}, {variant} {tear}";
                Guard(what, () => check(host, what));
            }
        }
    }

    private static IEnumerable<(CutVariant Variant, int Tear)> Variants(int tears)
    {
        yield return (CutVariant.Keep, 0);
        yield return (CutVariant.Drop, 0);
        for (int tear = 0; tear < tears; tear++) { yield return (CutVariant.Tear, tear); }
    }

    private bool IsTurn() => IsNightly || turns++ % RecoveryStride == 0;

    private void Guard(string what, Action step)
    {
        try
        {
            step();
        }
        catch (CutFailure)
        {
            throw;
        }
        catch (Exception error)
        {
            throw new CutFailure($"{Name}, PALIMPSEST_SEED={RandomCases.Seed}: {what}: {error.Message}", error);
        }
    }

    private void Report() => TestContext.Current.TestOutputHelper?.WriteLine(
        $"{Name}: {CutCount} power cuts ({seen.Count} different states), {KillCount} kills");

    private sealed class CutFailure(string message, Exception inner) : Exception(message, inner);
}
