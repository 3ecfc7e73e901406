using System.CommandLine;

namespace Palimpsest.Cli;

/// <summary>A verb: a command with examples and the function that does it.</summary>
internal sealed class VerbCommand : Command
{
    /// <summary>A verb. Each example is a command line; the first is the one that help shows first.</summary>
    public VerbCommand(string name, string description, Func<Session, int> run, params string[] examples)
        : base(name, description)
    {
        Run = run;
        Examples = examples;
    }

    /// <summary>Does it and returns the exit code.</summary>
    public Func<Session, int> Run { get; }

    /// <summary>Command lines to copy.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>
    /// More than one sentence, for the manual page; empty when the description says it all.
    /// </summary>
    public string Details { get; init; } = "";
}
