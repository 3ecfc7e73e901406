using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Model;

/// <summary>
/// Random operations on disks of every writable kind, and on chains, beside the same ones on a byte array:
/// 200,000 of them unless PALIMPSEST_CASES says otherwise.
/// </summary>
public sealed class DiskModelTests
{
    private const int OperationsPerDisk = 500;

    public static TheoryData<string> Shapes => [.. DiskRecipe.BaseKinds, "chain of 2", "chain of 3"];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_disk_is_an_array_of_bytes(string shape)
    {
        int disks = Math.Max(1, RandomCases.Count(200_000) / Shapes.Count / OperationsPerDisk);
        for (int i = 0; i < disks; i++)
        {
            int seed = RandomCases.Seed + i;
            try
            {
                Run(shape, seed);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException(
                    $"shape {shape}, PALIMPSEST_SEED={seed}: {error.Message}", error);
            }
        }
    }

    private static void Run(string shape, int seed)
    {
        var random = new Random(seed);
        var host = new SimulatedHost
        {
            CanPunch = random.Next(3) > 0,
            CanZeroRange = random.Next(3) > 0,
        };
        var recipe = new DiskRecipe(host, random);
        string path = Make(shape, recipe, host, random);
        using var model =
            new ModelDisk(host, path, random, shape.StartsWith("chain", StringComparison.Ordinal));
        for (int i = 0; i < OperationsPerDisk; i++) { model.Step(); }
        model.Reopen();
    }

    private static string Make(string shape, DiskRecipe recipe, SimulatedHost host, Random random)
    {
        long sectors = random.Next(64, 2048);
        if (!shape.StartsWith("chain", StringComparison.Ordinal))
        {
            return recipe.Base(shape, "disk", sectors);
        }
        string[] baseKinds = DiskRecipe.BaseKinds;
        string path = recipe.Base(baseKinds[random.Next(baseKinds.Length)], "disk", sectors);
        for (int link = 1; link < shape[^1] - '0'; link++)
        {
            Scribble(host, path, random);
            path = recipe.Delta(DiskRecipe.DeltaKinds[random.Next(DiskRecipe.DeltaKinds.Length)],
                $"disk-{link:d6}", path);
        }
        return path;
    }

    // What is below a delta must not be empty, or falling through to the wrong place would not be seen.
    private static void Scribble(SimulatedHost host, string path, Random random)
    {
        using var model = new ModelDisk(host, path, random, hasParent: true);
        for (int i = 0; i < 20; i++) { model.Step(); }
    }

    /// <summary>An open disk, and what it has to show.</summary>
    private sealed class ModelDisk : IDisposable
    {
        private const int LongestBytes = 40_000;
        private readonly SimulatedHost host;
        private readonly string path;
        private readonly Random random;
        private readonly bool hasParent;
        private readonly byte[] content;
        private readonly byte[] buffer;
        private Disk disk;

        internal ModelDisk(SimulatedHost host, string path, Random random, bool hasParent)
        {
            (this.host, this.path, this.random, this.hasParent) = (host, path, random, hasParent);
            disk = DiskRecipe.OpenForWriting(host, path);
            content = new byte[disk.CapacityBytes];
            disk.Reader.Read(0, content);
            buffer = new byte[content.Length];
        }

        private IBlockDevice Device => disk.Device!;

        public void Dispose() => disk.Dispose();

        internal void Reopen()
        {
            disk.Dispose();
            using (Disk readOnly = Disk.Open(path, new DiskOpenOptions { Host = host }))
            {
                Assert.True(readOnly.Findings.Worst is null or Severity.Info,
                    string.Join('\n', readOnly.Findings.Items));
                Compare(readOnly.Reader, 0, content.Length);
            }
            disk = DiskRecipe.OpenForWriting(host, path);
            Compare(Device, 0, content.Length);
        }

        internal void Step()
        {
            (int offset, int length) = Range();
            switch (random.Next(200))
            {
                case < 80: Change(offset, length, Write); break;
                case < 105: Change(offset, length, Zero); break;
                case < 120: Change(offset, length, Discard); break;
                case < 130: Device.Flush(); break;
                case < 132: Reopen(); break;
                case < 145: Walk(offset, length); break;
                default: Compare(Device, offset, length); break;
            }
        }

        // Read-only extents refuse the whole change, before any of it is done.
        private void Change(int offset, int length, Action<int, int> change)
        {
            bool isWritable = IsWritable(offset, length);
            try
            {
                change(offset, length);
                Assert.True(isWritable, $"{length} bytes at {offset} of a read-only extent were changed");
            }
            catch (BlockException error) when (!isWritable && error.Kind == BlockErrorKind.ReadOnly)
            {
                Compare(Device, 0, content.Length);
            }
        }

        private void Write(int offset, int length)
        {
            Span<byte> source = buffer.AsSpan(0, length);
            random.NextBytes(source);
            Device.Write(offset, source);
            source.CopyTo(content.AsSpan(offset));
        }

        private void Zero(int offset, int length)
        {
            var mode = (ZeroMode)random.Next(3);
            try
            {
                Device.WriteZeroes(offset, length, mode);
                content.AsSpan(offset, length).Clear();
            }
            catch (BlockException error) when (mode == ZeroMode.OnlyIfFast
                && error.Kind == BlockErrorKind.Unsupported)
            {
                Compare(Device, 0, content.Length);
            }
        }

        private void Discard(int offset, int length)
        {
            Device.Discard(offset, length);
            Span<byte> after = buffer.AsSpan(0, length);
            Device.Read(offset, after);
            for (int i = 0; i < length; i++)
            {
                if (after[i] != 0 && after[i] != content[offset + i])
                {
                    Assert.Fail($"foreign byte at {offset + i} after a discard");
                }
            }
            if (hasParent && disk.Links.Count > 1)
            {
                Assert.True(after.SequenceEqual(content.AsSpan(offset, length)));
            }
            after.CopyTo(content.AsSpan(offset));
        }

        private void Walk(int offset, int length)
        {
            while (length > 0)
            {
                BlockRun run = Device.GetRun(offset, length);
                Assert.InRange(run.LengthBytes, 1, length);
                Assert.InRange(run.Depth, 0, disk.Links.Count - 1);
                ReadOnlySpan<byte> expected = content.AsSpan(offset, (int)run.LengthBytes);
                Assert.NotEqual(RunKind.Unreadable, run.Kind);
                if (run.ReadsAsZero)
                {
                    Assert.True(expected.IndexOfAnyExcept((byte)0) < 0, $"{run.Kind} at {offset}");
                }
                if (run is { Kind: RunKind.Data, File: { } file })
                {
                    Span<byte> stored = buffer.AsSpan(0, expected.Length);
                    file.Read(run.HostOffset, stored);
                    Assert.True(expected.SequenceEqual(stored), $"the run at {offset} names the wrong place");
                }
                offset += (int)run.LengthBytes;
                length -= (int)run.LengthBytes;
            }
        }

        private void Compare(IBlockReader reader, int offset, int length)
        {
            Span<byte> found = buffer.AsSpan(0, length);
            reader.Read(offset, found);
            int common = found.CommonPrefixLength(content.AsSpan(offset, length));
            Assert.True(common == length, $"byte {offset + common} differs");
        }

        private bool IsWritable(long offset, long length)
        {
            if (length == 0) { return true; }
            return disk.Links[0].Extents.All(extent =>
                extent.VirtualOffset >= offset + length || extent.VirtualOffset
                    + extent.Line.LengthBytes <= offset
                || (extent.Line.Access == ExtentAccess.ReadWrite && extent.Line.Type != ExtentType.Zero));
        }

        private (int Offset, int Length) Range()
        {
            int limit = random.Next(4) switch { 0 => 600, 1 => 5000, _ => LongestBytes };
            int length = random.Next(Math.Min(limit, content.Length) + 1);
            if (random.Next(2) == 0) { length -= length % 512; }
            int offset = random.Next(content.Length - length + 1);
            if (random.Next(2) == 0) { offset -= offset % 4096; }
            return random.Next(20) == 0 ? (content.Length - length, length) : (offset, length);
        }
    }
}
