using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;

namespace Palimpsest.Bench;

/// <summary>Reads of 4 KiB at random places of a disk, from several threads, from a warm cache.</summary>
internal static class RandomReads
{
    private const int Rounds = 5, TargetPerSecond = 500_000;

    /// <summary>Measures and writes a page of results. Returns 1 when a read gave wrong bytes.</summary>
    public static int Run(string path, int threads, TimeSpan duration, TextWriter output)
    {
        using Disk disk = Disk.Open(path);
        var layers = new long[disk.Links.Count];
        if (!TryWarm(disk.Reader, layers)) { return 1; }
        Measure(disk.Reader, threads, TimeSpan.FromSeconds(1), seed: 0);
        long[] rates = new long[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            rates[round] = Measure(disk.Reader, threads, duration, seed: round + 1);
            if (rates[round] < 0) { return 1; }
        }
        Array.Sort(rates);
        long peakBytes = Process.GetCurrentProcess().PeakWorkingSet64;
        string verdict = rates[Rounds / 2] >= TargetPerSecond ? "met" : "**missed**";
        string machine = $"{Environment.ProcessorCount} processors with .NET {Environment.Version}";
        string how = $"{threads} threads, {Rounds} rounds of {duration.TotalSeconds} s";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            # Random reads inside of a process

            Made by `bench/Palimpsest.Bench`, on {machine}: {how}. Reads of
            4 KiB at random places of a chain of three links, a flat base of 4 GiB under two hosted sparse
            deltas with 1 GiB each in writes of 64 KiB; all of it in the host's cache. The head answers
            {Share(layers, 2)} of the reads, the middle {Share(layers, 1)}, the base {Share(layers, 0)}.
            Every block that is read is checked.

            | reads per second, all threads together | least | most | target | | peak memory |
            |---|---|---|---|---|---|
            """));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {rates[Rounds / 2]:N0} | {rates[0]:N0} | {rates[^1]:N0} | {TargetPerSecond:N0} | {verdict} "
            + $"| {peakBytes / 1048576.0:F1} MiB |"));
        return 0;
    }

    private static string Share(long[] layers, int layer) =>
        string.Create(CultureInfo.InvariantCulture, $"{100.0 * layers[layer] / layers.Sum():F0} %");

    // Reads everything once, in order, and counts which layer answers.
    private static bool TryWarm(IBlockReader reader, long[] layers)
    {
        byte[] block = new byte[ChainInput.BlockBytes];
        for (long offset = 0; offset < reader.Length; offset += block.Length)
        {
            reader.Read(offset, block);
            if (!IsBlock(block, offset / ChainInput.BlockBytes)) { return false; }
            layers[block[7]]++;
        }
        return true;
    }

    // Reads per second; negative when one of them was wrong.
    private static long Measure(IBlockReader reader, int threads, TimeSpan duration, int seed)
    {
        long total = 0;
        bool isWrong = false;
        using var start = new Barrier(threads);
        var workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            var random = new Random((seed * 1000) + i);
            workers[i] = new Thread(() =>
            {
                byte[] block = new byte[ChainInput.BlockBytes];
                long blockCount = reader.Length / ChainInput.BlockBytes, done = 0;
                start.SignalAndWait();
                var watch = Stopwatch.StartNew();
                while (watch.Elapsed < duration && !Volatile.Read(ref isWrong))
                {
                    for (int burst = 0; burst < 64; burst++, done++)
                    {
                        long number = random.NextInt64(blockCount);
                        reader.Read(number * ChainInput.BlockBytes, block);
                        if (!IsBlock(block, number)) { Volatile.Write(ref isWrong, true); }
                    }
                }
                Interlocked.Add(ref total, (long)(done / watch.Elapsed.TotalSeconds));
            });
            workers[i].Start();
        }
        foreach (Thread worker in workers) { worker.Join(); }
        return isWrong ? -1 : total;
    }

    private static bool IsBlock(byte[] block, long number)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(block);
        bool isRight = (words[0] & ChainInput.NumberMask) == (ulong)number && words[^1] == words[0];
        if (!isRight) { Console.Error.WriteLine($"block {number} holds something else"); }
        return isRight;
    }
}
