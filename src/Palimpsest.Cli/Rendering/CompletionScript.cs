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
        output.WriteLine(
            $"        mapfile -t COMPREPLY < <(compgen -W '{NamesBelow(root)}' -f -- \"$word\")");
        output.WriteLine("        return");
        output.WriteLine("    fi");
        foreach (Command group in Groups(root))
        {
            output.WriteLine($"    if [[ $verb == {group.Name} ]]; then");
            output.WriteLine("        if ((COMP_CWORD == 2)) && [[ $word != -* ]]; then");
            string files = group.Arguments.Count > 0 ? " -f" : "";
            output.WriteLine(
                $"            mapfile -t COMPREPLY < <(compgen -W '{NamesBelow(group)}'{files} -- \"$word\")");
            output.WriteLine("            return");
            output.WriteLine("        fi");
            output.WriteLine("        verb+=\" ${COMP_WORDS[2]}\"");
            output.WriteLine("    fi");
        }
        output.WriteLine("    case $verb in");
        WriteCases(output, root, options => $"options='{options}'");
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
        output.WriteLine("    local verb=$words[2]");
        output.WriteLine("    if ((CURRENT == 2)); then");
        WriteZshVerbs(output, root);
        output.WriteLine("        _describe verb verbs; _files; return");
        output.WriteLine("    fi");
        foreach (Command group in Groups(root))
        {
            output.WriteLine($"    if [[ $verb == {group.Name} ]] && ((CURRENT == 3)); then");
            WriteZshVerbs(output, group);
            string files = group.Arguments.Count > 0 ? " _files;" : "";
            output.WriteLine($"        _describe verb verbs;{files} return");
            output.WriteLine("    fi");
            output.WriteLine($"    if [[ $verb == {group.Name} ]]; then verb+=\" $words[3]\"; fi");
        }
        output.WriteLine("    case $verb in");
        WriteCases(output, root, options => $"options=({options})");
        output.WriteLine("    esac");
        output.WriteLine("    if [[ $words[CURRENT] == -* ]]; then compadd -- $options; else _files; fi");
        output.WriteLine("}");
        output.WriteLine("compdef _vmdk vmdk");
    }

    private static void WriteZshVerbs(TextOutput output, Command command)
    {
        output.WriteLine("        verbs=(");
        foreach (Command verb in VerbTree.Below(command))
        {
            output.WriteLine($"            {Quote($"{verb.Name}:{verb.Description}")}");
        }
        output.WriteLine("        )");
    }

    // One line for each verb, those below another one first, and one for whatever else comes first.
    private static void WriteCases(TextOutput output, RootCommand root, Func<string, string> assignment)
    {
        foreach (Command verb in VerbTree.Doing(root).OrderBy(verb => Groups(root).Contains(verb)))
        {
            string options = string.Join(' ', OptionsOf(verb, root));
            output.WriteLine($"        '{VerbTree.NameOf(verb)}'{(Groups(root).Contains(verb) ? "*" : "")}) "
                + $"{assignment(options)} ;;");
        }
        output.WriteLine($"        *) {assignment(string.Join(' ', OptionsOf(root, root)))} ;;");
    }

    private static void WriteFish(TextOutput output, RootCommand root)
    {
        foreach (Command verb in VerbTree.Below(root))
        {
            WriteFishVerb(output, "__fish_use_subcommand", verb);
            WriteFishOptions(output, verb, SeenAlone(root, verb));
        }
        foreach (Command group in Groups(root))
        {
            string seen = $"__fish_seen_subcommand_from {group.Name}";
            foreach (Command verb in VerbTree.Below(group))
            {
                WriteFishVerb(output, $"'{seen}; and not __fish_seen_subcommand_from {NamesBelow(group)}'",
                    verb);
                WriteFishOptions(output, verb, $"{seen}; and __fish_seen_subcommand_from {verb.Name}");
            }
        }
        foreach (Option option in root.Options) { WriteFishOption(output, option, null); }
    }

    // The shell knows only which words were seen: a word may be a verb, and also the second word of a group.
    private static string SeenAlone(RootCommand root, Command verb)
    {
        string condition = $"__fish_seen_subcommand_from {verb.Name}";
        foreach (Command group in Groups(root)
            .Where(group => VerbTree.Below(group).Any(other => other.Name == verb.Name)))
        {
            condition += $"; and not __fish_seen_subcommand_from {group.Name}";
        }
        return condition;
    }

    private static void WriteFishVerb(TextOutput output, string condition, Command verb) =>
        output.WriteLine(
        $"complete -c vmdk -n {condition} -a {verb.Name} -d {Quote(verb.Description ?? "")}");

    private static void WriteFishOptions(TextOutput output, Command verb, string condition)
    {
        foreach (Option option in verb.Options) { WriteFishOption(output, option, condition); }
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

    private static IEnumerable<Command> Groups(RootCommand root) =>
        VerbTree.Below(root).Where(verb => VerbTree.Below(verb).Any());

    private static string NamesBelow(Command command) =>
        string.Join(' ', VerbTree.Below(command).Select(verb => verb.Name));

    private static IEnumerable<string> OptionsOf(Command command, RootCommand root) =>
        command.Options.Concat(command == root ? [] : root.Options.Where(option => option.Recursive))
            .Where(option => !option.Hidden).SelectMany(NamesOf);

    // "-?" means something to every shell; -h does the same.
    private static IEnumerable<string> NamesOf(Option option) =>
        option.Aliases.Prepend(option.Name).Distinct().Where(name => name != "-?");

    private static string Quote(string text) =>
        "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
