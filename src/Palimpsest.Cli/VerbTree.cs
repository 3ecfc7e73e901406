using System.CommandLine;

namespace Palimpsest.Cli;

/// <summary>The tree of verbs, as help, the manual page and completion walk it.</summary>
internal static class VerbTree
{
    /// <summary>The verbs directly below a command, hidden ones left out.</summary>
    public static IEnumerable<Command> Below(Command command) => command.Subcommands.Where(verb => !verb.Hidden);

    /// <summary>Every verb that does something, in order, at any depth.</summary>
    public static IEnumerable<Command> Doing(Command root) => Below(root).SelectMany(verb =>
        (verb is VerbCommand { Run: null } ? [] : (Command[])[verb]).Concat(Doing(verb)));

    /// <summary>The words that call a verb, without <c>vmdk</c>: <c>snapshot create</c>.</summary>
    public static string NameOf(Command verb)
    {
        var words = new List<string>();
        for (Command? next = verb; next is not (null or RootCommand); next = ParentOf(next)) { words.Insert(0, next.Name); }
        return string.Join(' ', words);
    }

    private static Command? ParentOf(Command command) => command.Parents.OfType<Command>().FirstOrDefault();
}
