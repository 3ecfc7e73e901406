using System.Buffers;
using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk read</c>: bytes of the guest's disk to standard output.</summary>
internal static class ReadVerb
{
    private const int BufferBytes = 1 << 20;

    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The disk." };
        Option<long> offset = new("--offset")
        {
            HelpName = "N",
            Description = "First byte; 0 without it.",
            CustomParser = ByteSize.Parse,
        };
        Option<long?> length = new("--length")
        {
            HelpName = "N",
            Description = "How many bytes; to the end without it.",
            CustomParser = result => ByteSize.Parse(result),
        };
        return new VerbCommand("read", "Copy bytes of a disk to standard output.",
            session => Run(session, session.Get(disk), session.Get(offset), session.Get(length)),
            "vmdk read web01.vmdk --offset 0 --length 512 | xxd", "vmdk read web01-000002.vmdk | sha256sum")
        {
            Arguments = { disk },
            Options = { offset, length },
        };
    }

    private static int Run(Session session, string path, long offset, long? wanted)
    {
        if (session.IsJson)
        {
            throw new UsageException("read writes bytes to standard output; there is no JSON for them");
        }
        using Disk disk = session.OpenDisk(path);
        long length = wanted ?? Math.Max(0, disk.CapacityBytes - offset);
        if (offset > disk.CapacityBytes || length > disk.CapacityBytes - offset)
        {
            throw new UsageException(
                $"the disk has {disk.CapacityBytes} bytes; {length} bytes from byte {offset} on "
                + "reach behind its end");
        }
        Copy(disk.Reader, offset, length, session);
        return ExitCodes.Fine;
    }

    private static void Copy(IBlockReader reader, long offset, long length, Session session)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        long end = offset + length;
        while (offset < end)
        {
            session.Cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(BufferBytes, end - offset);
            reader.Read(offset, buffer.AsSpan(0, count));
            session.OutputStream.Write(buffer, 0, count);
            offset += count;
        }
        ArrayPool<byte>.Shared.Return(buffer);
        session.OutputStream.Flush();
    }
}
