using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>
/// Where a stream is written to, forward only: a new host file, or anything that takes bytes, such as a pipe.
/// </summary>
internal sealed class StreamSink
{
    private readonly Stream? stream;
    private readonly HostFile? file;

    public StreamSink(Stream stream) => this.stream = stream;

    public StreamSink(HostFile file) => this.file = file;

    /// <summary>Bytes written.</summary>
    public long Position { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (file is not null)
        {
            file.Write(Position, bytes);
        }
        else
        {
            Guarded(bytes, static (target, content) => target.Write(content));
        }
        Position += bytes.Length;
    }

    /// <summary>A file: returns when all is durable. A stream: when all is handed on.</summary>
    public void Flush()
    {
        if (file is not null) { file.Flush(); }
        else { Guarded([], static (target, _) => target.Flush()); }
    }

    private void Guarded(ReadOnlySpan<byte> bytes, Action<Stream, ReadOnlySpan<byte>> action)
    {
        try
        {
            action(stream!, bytes);
        }
        catch (IOException error) when (error is not BlockException)
        {
            throw new BlockException(BlockErrorKind.Io, null, Position,
                $"the output took no more bytes: {error.Message}", error);
        }
    }
}
