using System.Runtime.ExceptionServices;

namespace Palimpsest.Core.Blocks;

/// <summary>
/// Splits a range into chunks that a few threads take one after the other. The first failure stops all of
/// them and is thrown as it was.
/// </summary>
internal static class ChunkedWork
{
    /// <summary>
    /// Calls <paramref name="work"/> with (offset, length) of every chunk, on up to <paramref name="degree"/>
    /// threads.
    /// </summary>
    public static void Run(
        long totalBytes, long chunkBytes, int degree, Func<IChunkWorker> createWorker,
        CancellationToken cancellation)
    {
        long chunkCount = (totalBytes + chunkBytes - 1) / chunkBytes;
        degree = (int)Math.Clamp(degree, 1, Math.Max(1, chunkCount));
        long next = -1;
        ExceptionDispatchInfo? failure = null;
        void Work()
        {
            IChunkWorker worker = createWorker();
            using var owned = worker as IDisposable;
            try
            {
                while (Volatile.Read(ref failure) is null)
                {
                    cancellation.ThrowIfCancellationRequested();
                    long index = Interlocked.Increment(ref next);
                    if (index >= chunkCount) { return; }
                    long offset = index * chunkBytes;
                    worker.Work(offset, Math.Min(chunkBytes, totalBytes - offset));
                }
            }
            catch (Exception error)
            {
                // Rethrown below on the caller's thread: a worker thread must not take the process down.
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
            }
        }
        var threads = new Thread[degree - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work, maxStackSize: 256 * 1024) { IsBackground = true };
            threads[i].Start();
        }
        Work();
        foreach (Thread thread in threads) { thread.Join(); }
        failure?.Throw();
    }
}

/// <summary>
/// One thread's share of chunked work; owns its buffers. One that is <see cref="IDisposable"/> is disposed by
/// its thread at the end.
/// </summary>
internal interface IChunkWorker
{
    /// <summary>Does one chunk.</summary>
    void Work(long offset, long length);
}
