using System.CommandLine;

namespace Palimpsest.Cli;

/// <summary>
/// A verb: a command with examples and the function that does it. A group of verbs has further words instead
/// (<c>vmdk snapshot create</c>), or beside it.
/// </summary>
internal sealed class VerbCommand : Command
{
    /// <summary>A verb. Each example is a command line; the first is the one that help shows first.</summary>
    public VerbCommand(string name, string description, Func<Session, int> run, params string[] examples)
        : base(name, description)
    {
        Run = run;
        Examples = examples;

        // Only for verbs with further ones below: without an action the parser demands one of those.
        SetAction(_ => 0);
    }

    /// <summary>A group of verbs, which does nothing itself.</summary>
    public VerbCommand(string name, string description, IEnumerable<VerbCommand> verbs,
        params string[] examples)
        : base(name, description)
    {
        Examples = examples;
        foreach (VerbCommand verb in verbs) { Subcommands.Add(verb); }

        // Without an action the parser says that a command is missing; help says which.
        SetAction(_ => 0);
    }

    /// <summary>Does it and returns the exit code; null for a group.</summary>
    public Func<Session, int>? Run { get; }

    /// <summary>Command lines to copy.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>
    /// More than one sentence, for the manual page; empty when the description says it all.
    /// </summary>
    public string Details { get; init; } = "";
}
