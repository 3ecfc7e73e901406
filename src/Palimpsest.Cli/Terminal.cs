namespace Palimpsest.Cli;

/// <summary>What is known about the far ends of the standard streams.</summary>
/// <param name="IsOutputTerminal">Somebody looks at standard output.</param>
/// <param name="IsErrorTerminal">Somebody looks at standard error.</param>
/// <param name="AllowsColor">Nothing in the environment forbids colour.</param>
internal sealed record Terminal(bool IsOutputTerminal, bool IsErrorTerminal, bool AllowsColor)
{
    /// <summary>Pipes and files: no colour, no progress.</summary>
    public static Terminal None { get; } = new(false, false, false);

    /// <summary>
    /// What this process has. NO_COLOR counts when it is there and not empty (no-color.org).
    /// </summary>
    public static Terminal OfProcess() => new(
        !Console.IsOutputRedirected, !Console.IsErrorRedirected,
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"));
}
