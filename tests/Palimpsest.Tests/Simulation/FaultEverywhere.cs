using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Simulation;

/// <summary>
/// Runs an operation on a simulated host on which the N-th call of a kind fails, once or for good, for every N; and on
/// one with less and less room. What fails is told as an error of the host or a refusal, nothing is lost, not even when
/// the power goes thereupon, and once the host is well again the same command finishes.
/// </summary>
internal sealed class FaultEverywhere
{
    private const int RoomStepBytes = 4096;

    private readonly HostJournal beginning;

    /// <summary>Begins with a host as it is before the operation; it stays as it is.</summary>
    internal FaultEverywhere(SimulatedHost before) => beginning = before.Record();

    /// <summary>What is being tried, for messages.</summary>
    internal required string Name { get; init; }

    /// <summary>The command, which finishes what an earlier run left; see <see cref="CutEverywhere.Operation"/>.</summary>
    internal required Action<SimulatedHost> Operation { get; init; }

    /// <summary>Fails unless the host is as it may be after a failure.</summary>
    internal required Action<SimulatedHost> AssertInvariant { get; init; }

    /// <summary>Fails unless the host is as it has to be when the work is done.</summary>
    internal required Action<SimulatedHost> AssertFinal { get; init; }

    /// <summary>How many calls were made to fail.</summary>
    internal int FaultCount { get; private set; }

    /// <summary>How many amounts of room were too little.</summary>
    internal int FullCount { get; private set; }

    /// <summary>Fails calls everywhere.</summary>
    internal void Run()
    {
        foreach (HostOperation operation in Enum.GetValues<HostOperation>())
        {
            foreach (bool isForever in (bool[])[false, true])
            {
                for (int number = 1; Fails(operation, number, isForever); number++) { FaultCount++; }
            }
        }
        for (long room = 0; IsFull(room); room += RoomStepBytes) { FullCount++; }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Name}: {FaultCount} failing calls, {FullCount} times too little room");
    }

    // False when the call was not made any more.
    private bool Fails(HostOperation operation, int number, bool isForever)
    {
        SimulatedHost host = Fresh();
        HostJournal journal = host.Record();
        host.FailAt(operation, number, isForever);
        Try(host, journal, $"{operation} {number} fails{(isForever ? " for good" : "")}", host.Heal);
        return host.FailedCount > 0;
    }

    private bool IsFull(long room)
    {
        SimulatedHost host = Fresh();
        HostJournal journal = host.Record();
        host.RoomBytes = host.UsedBytes + room;
        return Try(host, journal, $"{room} bytes of room", () => host.RoomBytes = long.MaxValue);
    }

    // True when the operation failed.
    private bool Try(SimulatedHost host, HostJournal journal, string what, Action heal)
    {
        what = $"{Name}, PALIMPSEST_SEED={RandomCases.Seed}: {what}";
        Exception? failure = null;
        try
        {
            Operation(host);
        }
        catch (Exception error) when (error is BlockException or ImageException)
        {
            failure = error;
        }
        catch (Exception error)
        {
            throw new FaultFailure($"{what}: the error is {error.GetType().Name}: {error.Message}", error);
        }
        heal();
        int failedAt = journal.Count;
        Guard($"{what}, then", failure, () =>
        {
            if (failure is null) { AssertFinal(host); }
            AssertInvariant(host);
            Finish(host);
        });
        if (failure is null) { return false; }
        foreach ((CutVariant variant, int seed) in (ReadOnlySpan<(CutVariant, int)>)
            [(CutVariant.Drop, 0), (CutVariant.Tear, failedAt), (CutVariant.Tear, failedAt + 1)])
        {
            Guard($"{what}, then the power goes, {variant} {seed}", failure, () =>
            {
                SimulatedHost cut = journal.HostAfterCut(failedAt, variant, seed);
                AssertInvariant(cut);
                Finish(cut);
            });
        }
        return true;
    }

    private SimulatedHost Fresh() => beginning.HostAfterCut(0, CutVariant.Keep);

    private void Finish(SimulatedHost host)
    {
        Operation(host);
        AssertFinal(host);
    }

    private static void Guard(string what, Exception? failure, Action step)
    {
        try
        {
            step();
        }
        catch (Exception error)
        {
            throw new FaultFailure($"{what}: {error.Message} (before: {failure?.Message ?? "no error"})", error);
        }
    }

    private sealed class FaultFailure(string message, Exception inner) : Exception(message, inner);
}
