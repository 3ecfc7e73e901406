using System.CommandLine;

namespace Palimpsest.Cli.Rendering;

/// <summary>Completion scripts: verbs, each verb's options, and file names for everything else.</summary>
internal static class CompletionScript
{
    /// <summary>The script for bash, zsh or fish.</summary>
    public static void Write(TextOutput output, RootCommand root, string shell)
    {
        switch (shell)
        {
            case "bash": WriteBash(output, root); break;
            case "zsh": WriteZsh(output, root); break;
            default: WriteFish(output, root); break;
        }
    }

    private static void WriteBash(TextOutput output, RootCommand root)
    {
        output.WriteLine("_vmdk() {");
        output.WriteLine("    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} options");
        output.WriteLine("    if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then");
        string verbs = string.Join(' ', Verbs(root).Select(verb => verb.Name));
        output.WriteLine($"        mapfile -t COMPREPLY < <(compgen -W '{verbs}' -f -- \"$word\")");
        output.WriteLine("        return");
        output.WriteLine("    fi");
        output.WriteLine("    case $verb in");
        foreach (Command verb in Verbs(root))
        {
            output.WriteLine($"        {verb.Name}) options='{string.Join(' ', OptionsOf(verb, root))}' ;;");
        }
        output.WriteLine($"        *) options='{string.Join(' ', OptionsOf(root, root))}' ;;");
        output.WriteLine("    esac");
        output.WriteLine("    if [[ $word == -* ]]; then");
        output.WriteLine("        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")");
        output.WriteLine("    else");
        output.WriteLine("        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
        output.WriteLine("    fi");
        output.WriteLine("}");
        output.WriteLine("complete -o filenames -F _vmdk vmdk");
    }

    private static void WriteZsh(TextOutput output, RootCommand root)
    {
        output.WriteLine("#compdef vmdk");
        output.WriteLine("_vmdk() {");
        output.WriteLine("    local -a verbs options");
        output.WriteLine("    verbs=(");
        foreach (Command verb in Verbs(root))
        {
            output.WriteLine($"        {Quote($"{verb.Name}:{verb.Description}")}");
        }
        output.WriteLine("    )");
        output.WriteLine("    if ((CURRENT == 2)); then _describe verb verbs; _files; return; fi");
        output.WriteLine("    case $words[2] in");
        foreach (Command verb in Verbs(root))
        {
            output.WriteLine($"        {verb.Name}) options=({string.Join(' ', OptionsOf(verb, root))}) ;;");
        }
        output.WriteLine($"        *) options=({string.Join(' ', OptionsOf(root, root))}) ;;");
        output.WriteLine("    esac");
        output.WriteLine("    if [[ $words[CURRENT] == -* ]]; then compadd -- $options; else _files; fi");
        output.WriteLine("}");
        output.WriteLine("compdef _vmdk vmdk");
    }

    private static void WriteFish(TextOutput output, RootCommand root)
    {
        foreach (Command verb in Verbs(root))
        {
            string description = Quote(verb.Description ?? "");
            output.WriteLine($"complete -c vmdk -n __fish_use_subcommand -a {verb.Name} -d {description}");
            foreach (Option option in verb.Options)
            {
                WriteFishOption(output, option, $"__fish_seen_subcommand_from {verb.Name}");
            }
        }
        foreach (Option option in root.Options) { WriteFishOption(output, option, null); }
    }

    private static void WriteFishOption(TextOutput output, Option option, string? condition)
    {
        string line = "complete -c vmdk";
        if (condition is not null) { line += $" -n '{condition}'"; }
        foreach (string name in NamesOf(option))
        {
            line += name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}";
        }
        if (option.ValueType != typeof(bool)) { line += " -r"; }
        output.WriteLine($"{line} -d {Quote(option.Description ?? "")}");
    }

    private static IEnumerable<Command> Verbs(RootCommand root) =>
        root.Subcommands.Where(verb => !verb.Hidden);

    private static IEnumerable<string> OptionsOf(Command command, RootCommand root) =>
        command.Options.Concat(command == root ? [] : root.Options.Where(option => option.Recursive))
            .Where(option => !option.Hidden).SelectMany(NamesOf);

    // "-?" means something to every shell; -h does the same.
    private static IEnumerable<string> NamesOf(Option option) =>
        option.Aliases.Prepend(option.Name).Distinct().Where(name => name != "-?");

    private static string Quote(string text) =>
        "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
