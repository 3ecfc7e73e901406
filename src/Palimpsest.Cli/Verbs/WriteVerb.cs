using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk write</c>: bytes from standard input into the guest's disk.</summary>
internal static class WriteVerb
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Input up to this size is taken in whole before the disk is touched.</summary>
    private const int ReadAheadBytes = 8 << 20;

    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK") { Description = "The disk; a chain's head." };
        Option<long> offset = new("--offset")
        {
            HelpName = "N",
            Description = "First byte.",
            Required = true,
            CustomParser = ByteSize.Parse,
        };
        Option<bool> dryRun = new("--dry-run")
        {
            Description = "Say what would be written, and write nothing.",
        };
        return new VerbCommand("write", "Copy standard input into a disk, from a byte on.",
            session => Run(session, session.Get(disk), session.Get(offset), session.Get(dryRun)),
            "vmdk write web01.vmdk --offset 0 < boot.bin")
        {
            Arguments = { disk },
            Options = { offset, dryRun },
            Details = "Input of up to 8 MiB is read whole before the disk is opened, so that an input that "
                + "ends early or does not fit changes nothing. Longer input is written as it comes.",
        };
    }

    private static int Run(Session session, string path, long offset, bool isDryRun)
    {
        using var input = new InputAhead(session.Input, ReadAheadBytes);
        using Disk disk = Disk.Open(path, session.OpenOptions with { IsWritable = !isDryRun });
        session.Note(disk.Findings);
        int told = disk.Findings.Items.Count;
        ThrowUnlessFits(disk, offset, input.AheadBytes);
        long written = isDryRun ? Count(input, session) : Copy(input, disk, offset, session);

        // What the first write brought about.
        session.Note(disk.Findings, told);
        var report = new WriteReport(path, offset, written, !isDryRun)
        {
            Findings = FindingReport.FromNotable(disk.Findings),
        };
        session.Print(report, () => ReportJson.Default.WriteReport, (output, done) => output.WriteLine(
            $"{(done.IsDone ? "wrote" : "would write")} {SizeText.Exact(done.Length)} "
            + $"at byte {done.Offset} of {done.Path}"));
        return ExitCodes.Fine;
    }

    private static long Copy(InputAhead input, Disk disk, long offset, Session session)
    {
        IBlockDevice device = disk.Device!;
        var buffer = new byte[BufferBytes];
        long done = 0;
        for (int count; (count = input.Read(buffer)) > 0; done += count)
        {
            session.Cancellation.ThrowIfCancellationRequested();
            if (count > disk.CapacityBytes - offset - done)
            {
                device.Flush();
                throw new UsageException(
                    $"the input is longer than the disk: the first {done} bytes of it were written, "
                    + $"up to byte {offset + done}, and nothing behind them");
            }
            device.Write(offset + done, buffer.AsSpan(0, count));
        }
        device.Flush();
        return done;
    }

    private static long Count(InputAhead input, Session session)
    {
        var buffer = new byte[BufferBytes];
        long done = 0;
        for (int count; (count = input.Read(buffer)) > 0; done += count)
        {
            session.Cancellation.ThrowIfCancellationRequested();
        }
        return done;
    }

    private static void ThrowUnlessFits(Disk disk, long offset, long length)
    {
        if (offset > disk.CapacityBytes || length > disk.CapacityBytes - offset)
        {
            throw new UsageException(
                $"{length} bytes at byte {offset} do not fit: the disk has {disk.CapacityBytes} bytes. "
                + "Nothing was written");
        }
    }

    /// <summary>A stream whose first bytes were read before anything else was done.</summary>
    private sealed class InputAhead : IDisposable
    {
        private readonly Stream rest;
        private readonly MemoryStream ahead = new();

        public InputAhead(Stream input, int aheadBytes)
        {
            rest = input;
            var buffer = new byte[BufferBytes];
            int count;
            while (ahead.Length < aheadBytes && (count = input.Read(buffer)) > 0)
            {
                ahead.Write(buffer, 0, count);
            }
            AheadBytes = ahead.Length;
            ahead.Position = 0;
        }

        /// <summary>How many bytes are known to come.</summary>
        public long AheadBytes { get; }

        /// <summary>Fills the buffer unless the input ends; 0 at its end.</summary>
        public int Read(Span<byte> buffer)
        {
            int count = ahead.Read(buffer);
            while (count < buffer.Length && rest.Read(buffer[count..]) is > 0 and int more) { count += more; }
            return count;
        }

        public void Dispose() => ahead.Dispose();
    }
}
