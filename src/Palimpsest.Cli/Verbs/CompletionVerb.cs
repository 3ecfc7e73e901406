using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Findings;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk completion</c>: a script for the user's shell, made from the command tree.</summary>
internal static class CompletionVerb
{
    /// <summary>The verb; <paramref name="root"/> is asked for when it runs, and is whole then.</summary>
    public static VerbCommand Create(Func<RootCommand> root)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return new VerbCommand("completion", "Print the completion script for a shell.",
            session =>
            {
                CompletionScript.Write(session.Output, root(), session.Get(shell));
                return ExitCodes.Fine;
            },
            "vmdk completion bash > ~/.local/share/bash-completion/completions/vmdk")
        {
            Arguments = { shell },
        };
    }
}
