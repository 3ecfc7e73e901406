using System.CommandLine;

namespace Palimpsest.Cli.Rendering;

/// <summary>Help that fits a screen: what it does, how it is called, an example.</summary>
internal static class HelpText
{
    private const int NameColumn = 26;

    /// <summary>Help for <paramref name="command"/>: the root, a group of verbs, or a verb.</summary>
    public static void Write(TextOutput output, RootCommand root, Command command)
    {
        output.Write("usage: ", TextStyle.Strong).WriteLine(UsageOf(command));
        output.WriteLine(command.Description ?? "");
        WriteArguments(output, command);
        WriteVerbs(output, command);
        WriteOptions(output, "options:", command.Options.Where(option => !option.Hidden));
        if (command != root)
        {
            string shared = string.Join(", ", root.Options.Where(IsShared).Select(option => option.Name));
            output.Write("everywhere: ", TextStyle.Strong).WriteLine(shared);
        }
        IReadOnlyList<string> examples = command is VerbCommand verb
            ? verb.Examples : ["vmdk web01.vmdk", "vmdk VERB --help"];
        output.WriteLine(examples.Count == 1 ? "example:" : "examples:", TextStyle.Strong);
        foreach (string example in examples) { output.WriteLine($"  {example}"); }
    }

    /// <summary>The way to call a command, in one line.</summary>
    public static string UsageOf(Command command)
    {
        if (command is RootCommand) { return "vmdk DISK, or vmdk VERB ..."; }
        var words = new List<string> { "vmdk", VerbTree.NameOf(command) };
        if (command is VerbCommand { Run: null })
        {
            words.Add("VERB ...");
            return string.Join(' ', words);
        }
        words.AddRange(command.Options.Where(option => option.Required).Select(NameOf));
        if (command.Options.Any(option => !option.Required && !option.Hidden)) { words.Add("[OPTIONS]"); }
        words.AddRange(command.Arguments.Select(argument =>
            argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}]" : argument.Name));
        return string.Join(' ', words);
    }

    /// <summary>An option with its value: <c>-O KIND</c>.</summary>
    public static string NameOf(Option option)
    {
        string names = string.Join(
            ", ", option.Aliases.OrderBy(alias => alias.Length).Append(option.Name).Distinct());
        return option.ValueType == typeof(bool) ? names : $"{names} {option.HelpName ?? "VALUE"}";
    }

    private static bool IsShared(Option option) => option.Recursive;

    private static void WriteVerbs(TextOutput output, Command command)
    {
        Command[] verbs = [.. VerbTree.Below(command)];
        if (verbs.Length == 0) { return; }
        output.WriteLine("verbs:", TextStyle.Strong);
        foreach (Command verb in verbs) { WriteRow(output, verb.Name, verb.Description); }
    }

    private static void WriteArguments(TextOutput output, Command command)
    {
        foreach (Argument argument in command.Arguments)
        {
            WriteRow(output, argument.Name, argument.Description);
        }
    }

    private static void WriteOptions(TextOutput output, string title, IEnumerable<Option> options)
    {
        Option[] shown = [.. options];
        if (shown.Length == 0) { return; }
        output.WriteLine(title, TextStyle.Strong);
        foreach (Option option in shown) { WriteRow(output, NameOf(option), option.Description); }
    }

    private static void WriteRow(TextOutput output, string name, string? description)
    {
        output.Write("  ").Write(name.PadRight(NameColumn - 2));
        if (name.Length > NameColumn - 3) { output.Write(" "); }
        output.WriteLine(description ?? "");
    }
}
