using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli;

/// <summary>Turns what was thrown into one clear message and an exit code.</summary>
internal static class Failure
{
    /// <summary>
    /// What a shell sees of a command that a closed pipe ended (128 + SIGPIPE), as of most others.
    /// </summary>
    public const int OutputClosed = 141;

    /// <summary>Runs a verb and returns its exit code, whatever happens in it.</summary>
    public static int Guard(Session session, Func<Session, int> verb)
    {
        try
        {
            int code = verb(session);
            session.Output.Flush();
            return code;
        }
        catch (BrokenPipeException)
        {
            return OutputClosed;
        }
        catch (Exception error)
        {
            return Tell(session, error);
        }
    }

    private static int Tell(Session session, Exception error)
    {
        ErrorReport report = ReportOf(Unwrap(error));
        try
        {
            if (session.IsJson) { session.PrintJson(report, ReportJson.Default.ErrorReport); }
            else { session.Output.Flush(); }
            Write(session.Error, report);
            session.Error.Flush();
        }
        catch (IOException)
        {
            // Nobody is there to be told; the exit code says it.
        }
        return report.ExitCode;
    }

    private static void Write(TextOutput output, ErrorReport report)
    {
        output.Write("vmdk: ", TextStyle.Bad);
        if (report.Findings.Count == 0)
        {
            output.WriteLine(report.Message);
            return;
        }
        output.WriteLine(report.Summary ?? "the disk was refused");
        FindingText.Write(output, report.Findings);
    }

    private static Exception Unwrap(Exception error) =>
        error is AggregateException { InnerExceptions.Count: > 0 } many
            ? Unwrap(many.InnerExceptions[0]) : error;

    private static ErrorReport ReportOf(Exception error) => error switch
    {
        ImageException refusal => new ErrorReport(refusal.Message, refusal.Reason.Code.ExitCode)
        {
            Summary = $"{refusal.Reason.Path} was refused",
            Findings = FindingReport.From(
                [.. refusal.Findings.Where(found => found.Severity >= Severity.Warning)]),
        },
        BlockException block => new ErrorReport(block.Message, ExitCodes.For(block.Kind)),
        UsageException usage => new ErrorReport(usage.Message, ExitCodes.Usage),
        OperationCanceledException => new ErrorReport("interrupted", ExitCodes.Interrupted),
        OutOfMemoryException => new ErrorReport("there is not enough memory for this", ExitCodes.Refused),
        _ => new ErrorReport(
            $"a mistake in this program, not in your disk ({error.GetType().Name}: {error.Message}"
            + $"{PlaceOf(error)}). Please report it with the command line and the output of: "
            + "vmdk info --json DISK",
            ExitCodes.Bug),
    };

    // The first line of the trace is what a report needs; the rest would bury the message.
    private static string PlaceOf(Exception error)
    {
        string trace = error.StackTrace?.TrimStart() ?? "";
        int end = trace.IndexOf('\n', StringComparison.Ordinal);
        string first = (end < 0 ? trace : trace[..end]).Trim();
        return first.Length == 0 ? "" : " " + first;
    }
}
