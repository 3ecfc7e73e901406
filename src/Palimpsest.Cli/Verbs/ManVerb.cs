using System.CommandLine;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Findings;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk man</c>: the manual page, made from the command tree.</summary>
internal static class ManVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create(Func<RootCommand> root) =>
        new("man", "Print the manual page (roff).",
            session =>
            {
                ManualPage.Write(session.Output, root());
                return ExitCodes.Fine;
            },
            "vmdk man | man -l -");
}
