using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli;

/// <summary>
/// One run of the command: its streams, the options that every verb has, and how results and notes reach the
/// user.
/// </summary>
internal sealed class Session
{
    private readonly Terminal terminal;

    /// <summary>A run over the given streams, which stay the caller's.</summary>
    public Session(
        Stream input, Stream output, Stream error, Terminal terminal, CommonOptions options,
        ParseResult parsed,
        CancellationToken cancellation)
    {
        Input = input;
        OutputStream = output;
        this.terminal = terminal;
        Parsed = parsed;
        Cancellation = cancellation;
        IsJson = parsed.GetValue(options.Json);
        IsQuiet = parsed.GetValue(options.Quiet);
        AllowOutside = parsed.GetValue(options.AllowOutside);
        PassesStaleLocks = parsed.GetValue(options.ForceStaleLock);
        bool useColor = terminal.AllowsColor && !parsed.GetValue(options.NoColor);
        Output = new TextOutput(output, useColor && terminal.IsOutputTerminal);
        Error = new TextOutput(error, useColor && terminal.IsErrorTerminal);
    }

    /// <summary>Standard input.</summary>
    public Stream Input { get; }

    /// <summary>Standard output for bytes.</summary>
    public Stream OutputStream { get; }

    /// <summary>Standard output for text.</summary>
    public TextOutput Output { get; }

    /// <summary>Standard error for text.</summary>
    public TextOutput Error { get; }

    /// <summary>The parsed command line.</summary>
    public ParseResult Parsed { get; }

    /// <summary>Signalled by Ctrl-C.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>One JSON document on standard output instead of text.</summary>
    public bool IsJson { get; }

    /// <summary>Nothing but errors.</summary>
    public bool IsQuiet { get; }

    /// <summary>Names in descriptors may lead out of the disk's folder.</summary>
    public bool AllowOutside { get; }

    /// <summary>Locks that VMware left behind do not stop a command.</summary>
    public bool PassesStaleLocks { get; }

    /// <summary>True when progress is worth showing without being asked.</summary>
    public bool ShowsProgress => terminal.IsErrorTerminal && !IsQuiet;

    /// <summary>How disks are opened to look at them.</summary>
    public DiskOpenOptions OpenOptions =>
        new() { AllowOutside = AllowOutside, PassesStaleLocks = PassesStaleLocks };

    /// <summary>Value of a required argument.</summary>
    public T Get<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);

    /// <summary>Value of an option, or its default.</summary>
    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    /// <summary>Opens a disk to read it, and tells its findings on standard error.</summary>
    public Disk OpenDisk(string path)
    {
        Disk disk = Disk.Open(path, OpenOptions);
        Note(disk.Findings);
        return disk;
    }

    /// <summary>
    /// Tells, on standard error, the findings that a user of the disk's bytes has to know; the first
    /// <paramref name="toldCount"/> were told before.
    /// </summary>
    public void Note(FindingList findings, int toldCount = 0)
    {
        if (IsQuiet) { return; }
        foreach (Finding finding in findings.Items.Skip(toldCount))
        {
            if (finding.Severity >= Severity.Warning)
            {
                FindingText.Write(Error, FindingReport.From(finding));
            }
        }
        Error.Flush();
    }

    /// <summary>
    /// Prints a report: as JSON when that was asked for, else as text; nothing when told to be quiet.
    /// </summary>
    public void Print<T>(T report, Func<JsonTypeInfo<T>> shape, Action<TextOutput, T> write)
    {
        // What JSON needs to begin costs more than many a report's text: only who asks for it pays.
        if (IsJson)
        {
            PrintJson(report, shape());
            return;
        }
        if (IsQuiet) { return; }
        write(Output, report);
        Output.Flush();
    }

    /// <summary>Prints a report as JSON.</summary>
    public void PrintJson<T>(T report, JsonTypeInfo<T> shape)
    {
        using (var writer = new Utf8JsonWriter(OutputStream, new JsonWriterOptions { Indented = true }))
        {
            JsonSerializer.Serialize(writer, report, shape);
        }
        OutputStream.Write("\n"u8);
    }
}
