using System.Buffers.Binary;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Formats.Vmdk.SeSparse;
using Xunit;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>
/// Extents with damaged headers, directories and tables: whatever they say, only the two exceptions for bad
/// bytes leave, runs advance, and what a run calls data lies within the file.
/// </summary>
public sealed class SparseHostileTests
{
    private const int Capacity = 1 << 20, Cases = 2000;

    private static readonly uint[] interesting =
        [0, 1, 2, 3, 4, 7, 127, 128, 129, 255, 512, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFFE,
            0xFFFFFFFF];

    [Fact]
    public void HostedSparse()
    {
        var sample = new PowerCutFile();
        HostedSparseFile.Create(sample, new HostedSparseCreation
        {
            CapacityBytes = Capacity, GrainBytes = 4096,
        });
        using (var device = HostedSparseDevice.Open(sample, new FindingList(), hasParent: true))
        {
            Fill(device);
        }
        int metadata = (int)(ulong)HostedSparseReader.Open(sample, new FindingList()).Header.OverHead * 512;
        Try(sample, metadata,
            file => HostedSparseReader.Open(file, new FindingList()),
            file => HostedSparseCheck.Run(file, new FindingList()),
            file => HostedSparseRepair.Plan(file, new FindingList()),
            file => WriteSome(HostedSparseDevice.Open(file, new FindingList(), hasParent: true)),
            file => HostedSparseGrowth.Grow(
                file, (HostedSparseReader.Open(file, new FindingList()).Length / 512) + 100_000));
    }

    [Fact]
    public void Cowd()
    {
        var sample = new PowerCutFile();
        CowdFile.Create(sample, new CowdCreation { CapacityBytes = Capacity });
        using (var device = CowdDevice.Open(sample, new FindingList(), hasParent: true)) { Fill(device); }
        Try(sample, 64 << 10,
            file => CowdReader.Open(file, new FindingList()),
            file => CowdCheck.Run(file, new FindingList()),
            file => CowdRepair.Plan(file, new FindingList()),
            file => WriteSome(CowdDevice.Open(file, new FindingList(), hasParent: true)),
            file => CowdFile.Grow(file, Math.Min(
                uint.MaxValue, (CowdReader.Open(file, new FindingList()).Length / 512) + 100_000)));
    }

    [Fact]
    public void SeSparse()
    {
        using var scratch = new SparseScratch();
        SeSparseSample.Write(scratch, "s", Capacity, seed: 2, firstGrain: 0);
        var sample = new PowerCutFile();
        sample.Write(0, File.ReadAllBytes(scratch["s"]));
        Try(sample, 96 << 10,
            file => SeSparseReader.Open(file, new FindingList()),
            file => SeSparseCheck.Run(file, new FindingList()));
    }

    private static void Fill(IBlockDevice device)
    {
        byte[] data = new byte[20_000];
        Array.Fill(data, (byte)5);
        for (int start = 0; start < Capacity - data.Length; start += 90_000) { device.Write(start, data); }
        device.WriteZeroes(Capacity / 2, 50_000, ZeroMode.MayPunch);
    }

    private static void WriteSome(IBlockDevice device)
    {
        device.Write(0, new byte[Math.Min(5000, device.Length)]);
        device.WriteZeroes(0, device.Length, ZeroMode.MayPunch);
        device.Dispose();
    }

    private static void Try(
        PowerCutFile sample, int metadataBytes, Func<HostFile, IBlockReader> open,
        params Action<HostFile>[] others)
    {
        sample.Flush();
        byte[] whole = new byte[sample.Length];
        sample.Read(0, whole);
        var random = new Random(99);
        for (int round = 0; round < Cases; round++)
        {
            byte[] bytes = Damage(whole, metadataBytes, random);
            Guard(round, () => Walk(open(FileOf(bytes)), bytes.Length));
            Action<HostFile> other = others[round % others.Length];
            Guard(round, () => other(FileOf(bytes)));
        }
    }

    private static byte[] Damage(byte[] whole, int metadataBytes, Random random)
    {
        byte[] bytes = random.Next(5) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
        int limit = Math.Min(bytes.Length, metadataBytes) - 4;
        for (int count = random.Next(1, 5); count > 0 && limit > 0; count--)
        {
            int offset = random.Next(random.Next(2) == 0 ? Math.Min(limit, 208) : limit) / 4 * 4;
            uint value = random.Next(3) == 0 ? (uint)random.Next()
                : interesting[random.Next(interesting.Length)];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
        }
        return bytes;
    }

    private static PowerCutFile FileOf(byte[] bytes)
    {
        var file = new PowerCutFile();
        file.Write(0, bytes);
        file.Flush();
        return file;
    }

    private static void Walk(IBlockReader reader, long fileLength)
    {
        byte[] buffer = new byte[3000];
        long offset = 0;
        for (int runs = 0; runs < 300 && offset < reader.Length; runs++)
        {
            BlockRun run = reader.GetRun(offset, reader.Length - offset);
            Assert.InRange(run.LengthBytes, 1, reader.Length - offset);
            if (run.Kind == RunKind.Data) { Assert.InRange(run.HostOffset + run.LengthBytes, 1, fileLength); }
            int count = (int)Math.Min(buffer.Length, run.LengthBytes);
            if (run.Kind != RunKind.Unreadable) { reader.Read(offset, buffer.AsSpan(0, count)); }
            else { Assert.Throws<BlockException>(() => reader.Read(offset, buffer.AsSpan(0, count))); }
            offset += run.LengthBytes;
        }
    }

    private static void Guard(int round, Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is ImageException or BlockException)
        {
            // Refused, as it should be.
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(
                $"case {round} let through {error.GetType().Name}: {error.Message}", error);
        }
    }
}
