namespace Palimpsest.Core.Blocks;

/// <summary>How far a long piece of work has come.</summary>
/// <param name="DoneBytes">Bytes dealt with, holes included.</param>
/// <param name="TotalBytes">Bytes in all.</param>
public readonly record struct CopyProgress(long DoneBytes, long TotalBytes);

/// <summary>Adds up what several workers did and reports it. Thread-safe.</summary>
internal sealed class ProgressCounter(IProgress<CopyProgress>? progress, long totalBytes)
{
    private long doneBytes;

    public void Add(long lengthBytes)
    {
        long done = Interlocked.Add(ref doneBytes, lengthBytes);
        progress?.Report(new CopyProgress(done, totalBytes));
    }
}
