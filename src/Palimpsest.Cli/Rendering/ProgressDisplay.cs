using System.CommandLine;
using Palimpsest.Core.Blocks;
using Spectre.Console;

namespace Palimpsest.Cli.Rendering;

/// <summary>
/// A bar with rate and time left, on standard error and only on a terminal. Piped runs never load what draws
/// it.
/// </summary>
internal static class ProgressDisplay
{
    /// <summary>
    /// qemu-img's <c>-p</c>. A terminal gets progress anyway; it is here so that old habits and scripts work.
    /// </summary>
    public static Option<bool> CreateOption() => new("-p")
    {
        Description = "Show progress; a terminal gets it anyway.",
    };

    /// <summary>Does the work, and draws how far it has come.</summary>
    public static T Run<T>(
        Session session, string title, bool isAsked, Func<IProgress<CopyProgress>?, T> work)
    {
        bool isShown = session.ShowsProgress && (isAsked || !session.IsJson);
        return isShown ? Draw(title, work) : work(null);
    }

    private static T Draw<T>(string title, Func<IProgress<CopyProgress>?, T> work)
    {
        IAnsiConsole console =
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(), new RemainingTimeColumn())
            .Start(context => work(new Bar(context.AddTask(Markup.Escape(title)))));
    }

    // Called from every copying thread, often: the bar hears of it ten times a second.
    private sealed class Bar(ProgressTask task) : IProgress<CopyProgress>
    {
        private const int UpdateMilliseconds = 100;
        private long nextUpdate;

        public void Report(CopyProgress value)
        {
            long now = Environment.TickCount64, due = Interlocked.Read(ref nextUpdate);
            if (now < due || Interlocked.CompareExchange(
                ref nextUpdate, now + UpdateMilliseconds, due) != due)
            {
                return;
            }
            task.MaxValue = value.TotalBytes;
            task.Value = value.DoneBytes;
        }
    }
}
