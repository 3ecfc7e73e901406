using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Cloning;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Cloning;

/// <summary>
/// The power goes, or a call fails, anywhere while a linked clone is made: there is never a clone without a
/// record, and the parent is what it was.
/// </summary>
public sealed class LinkedCloneCutTests
{
    private const string Clone = "/away/clone.vmdk", Record = "/vm/disk.vmdk" + CloneRecordSuffix;
    private const string CloneRecordSuffix = ".clones";
    private static readonly DiskOpenOptions Plain = new() { AllowOutside = true };

    public static TheoryData<string, string> Kinds
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string kind in DiskRecipe.BaseKinds)
            {
                foreach (string delta in DiskRecipe.DeltaKinds) { data.Add(kind, delta); }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_cut_anywhere_leaves_no_clone_without_a_record(string kind, string delta)
    {
        (SimulatedHost host, byte[] content) = NewHost(kind);
        HostJournal journal = host.Record();
        Create(host, delta);
        for (int cut = 0; cut <= journal.Count; cut++)
        {
            foreach ((CutVariant variant, int tear) in Variants())
            {
                SimulatedHost after = journal.HostAfterCut(cut, variant, tear);
                string what = $"{kind}, {delta}, cut {cut} of {journal.Count}, {variant} {tear}";
                bool isThere = AssertSafe(after, content, what);
                Assert.True(cut < journal.Count
                    || isThere, $"{what}: the clone was made, and is not durable");
                if (!isThere) { AssertCanBeMadeAgain(after, delta, content, what); }
            }
        }
    }

    [Theory]
    [InlineData(CreateTypes.MonolithicFlat, CreateTypes.MonolithicSparse)]
    [InlineData(CreateTypes.Vmfs, CreateTypes.VmfsSparse)]
    [InlineData(CreateTypes.TwoGbMaxExtentSparse, CreateTypes.TwoGbMaxExtentSparse)]
    public void A_call_that_fails_leaves_no_clone_without_a_record(string kind, string delta)
    {
        foreach (HostOperation operation in Enum.GetValues<HostOperation>())
        {
            foreach (bool isForever in (bool[])[false, true])
            {
                int number = 1;
                while (FailsAt(kind, delta, operation, number, isForever)) { number++; }

                // Nothing is deleted while a clone is made.
                Assert.True(number > 1 || operation == HostOperation.Delete, $"{operation} was never called");
            }
        }
    }

    // A clone that was not finished may leave data that no descriptor names; it is never deleted unasked, and
    // says so.
    private static void AssertCanBeMadeAgain(SimulatedHost host, string delta, byte[] content, string what)
    {
        try
        {
            Create(host, delta);
        }
        catch (BlockException error) when (error.Kind == BlockErrorKind.Refused)
        {
            foreach (string path in host.Files
                .Where(path => path.StartsWith("/away/clone-", StringComparison.Ordinal)))
            {
                host.Delete(path);
            }
            Create(host, delta);
        }
        Assert.True(AssertSafe(host, content, what + ", again"), $"{what}: it cannot be made again");
    }

    private static bool FailsAt(string kind, string delta, HostOperation operation, int number,
        bool isForever)
    {
        (SimulatedHost host, byte[] content) = NewHost(kind);
        string what = $"{kind}, {operation} {number} fails{(isForever ? " for good" : "")}";
        long before = host.CountOf(operation);
        host.FailAt(operation, number, isForever);
        bool hasFailed = false;
        try
        {
            Create(host, delta);
        }
        catch (Exception error) when (error is BlockException or ImageException)
        {
            hasFailed = true;
        }
        bool isReached = host.CountOf(operation) - before >= number;
        host.Heal();
        bool isThere = AssertSafe(host, content, what);
        Assert.True(isThere || hasFailed, $"{what}: no clone, and no error");
        if (!isThere && !isForever)
        {
            Assert.False(host.Files.Contains(Record), $"{what}: a record is left");
            Assert.Empty(host.Frozen);
            Assert.DoesNotContain(host.Files, path =>
                path.StartsWith("/away/clone", StringComparison.Ordinal));
            Create(host, delta);
        }
        return isReached;
    }

    // True when the clone is there: then it is whole, recorded, and keeps writers off its parent.
    private static bool AssertSafe(SimulatedHost host, byte[] content, string what)
    {
        DiskOpenOptions options = Plain with { Host = host };
        Assert.True(Read("/vm/disk.vmdk", options, what).AsSpan().SequenceEqual(content),
            $"{what}: the parent changed");
        if (host.Stat(Clone) is null) { return false; }
        Assert.True(Read(Clone, options, what).AsSpan().SequenceEqual(content),
            $"{what}: the clone reads otherwise");

        // Root may write to what is frozen; the record keeps it off, too.
        foreach (string path in host.Frozen) { host.SetWritable(path, path); }
        ImageException refusal = Assert.Throws<ImageException>(
            () => Disk.Open("/vm/disk.vmdk", options with { IsWritable = true }).Dispose());
        Assert.Equal(ChainFindings.HasChildren, refusal.Reason.Code);
        return true;
    }

    private static (SimulatedHost Host, byte[] Content) NewHost(string kind)
    {
        var host = new SimulatedHost();
        new DiskRecipe(host, new Random(RandomCases.Seed)).Base(kind, "disk", 600);
        host.Put("/away/other.txt", [1]);
        return (host, Read("/vm/disk.vmdk", Plain with { Host = host }, kind));
    }

    private static void Create(SimulatedHost host, string delta) => LinkedClone.Create(
        new LinkedCloneRequest { SourcePath = "/vm/disk.vmdk", TargetPath = Clone, Kind = delta },
        new DiskOpenOptions { Host = host }, TestContext.Current.CancellationToken);

    private static byte[] Read(string path, DiskOpenOptions options, string what)
    {
        try
        {
            using Disk disk = Disk.Open(path, options);
            byte[] bytes = new byte[disk.CapacityBytes];
            disk.Reader.Read(0, bytes);
            return bytes;
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            throw new InvalidOperationException($"{what}: {error.Message}", error);
        }
    }

    private static IEnumerable<(CutVariant Variant, int Tear)> Variants()
    {
        yield return (CutVariant.Keep, 0);
        yield return (CutVariant.Drop, 0);
        for (int tear = 0; tear < 4; tear++) { yield return (CutVariant.Tear, tear); }
    }
}
