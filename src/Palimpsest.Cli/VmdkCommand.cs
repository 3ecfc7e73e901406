using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Cli.Verbs;
using Palimpsest.Core.Findings;

namespace Palimpsest.Cli;

/// <summary>The command <c>vmdk</c>: its tree of verbs, and one run of it.</summary>
internal sealed class VmdkCommand
{
    private readonly CommonOptions common = new();
    private readonly Option<bool> help = new("--help", "-h", "-?")
    {
        Description = "Show help.",
        Recursive = true,
    };
    private readonly Option<bool> version = new("--version") { Description = "Show the version." };
    private readonly Argument<string?> disk = new("DISK")
    {
        Description = "A descriptor, a sparse disk, a flat file without a descriptor, or a folder.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private VmdkCommand()
    {
        // Directives are switched off: [brackets] are part of VMware's names.
        Root = new RootCommand("Read, check, repair and change VMware disks; flat files above all.");
        Root.Options.Clear();
        Root.Directives.Clear();
        Root.Arguments.Add(disk);
        common.AddTo(Root);
        Root.Options.Add(help);
        Root.Options.Add(version);
        Root.SetAction(_ => 0);
        foreach (VerbCommand verb in CreateVerbs()) { Root.Subcommands.Add(verb); }
    }

    /// <summary>The tree, for help, the manual page and completion.</summary>
    public RootCommand Root { get; }

    /// <summary>Version of this build, three numbers.</summary>
    public static string Version => typeof(VmdkCommand).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>
    /// Runs one command line over the given streams and returns the exit code. Nothing is thrown, and no
    /// state outlives the call.
    /// </summary>
    public static int Run(
        IReadOnlyList<string> arguments, Stream input, Stream output, Stream error, Terminal? terminal = null,
        CancellationToken cancellation = default)
    {
        var command = new VmdkCommand();
        ParseResult parsed = command.Root.Parse(arguments, new ParserConfiguration
        {
            // A disk may be called @something.
            ResponseFileTokenReplacer = null,
        });
        var session = new Session(
            input, output, error, terminal ?? Terminal.None, command.common, parsed, cancellation);
        return Failure.Guard(session, command.Dispatch);
    }

    private int Dispatch(Session session)
    {
        ParseResult parsed = session.Parsed;
        Command called = parsed.CommandResult.Command;
        if (parsed.GetValue(help))
        {
            HelpText.Write(session.Output, Root, called);
            return ExitCodes.Fine;
        }
        if (parsed.GetValue(version))
        {
            session.Output.WriteLine($"vmdk {Version}");
            return ExitCodes.Fine;
        }
        if (parsed.Errors.Count > 0)
        {
            string usage = called is VerbCommand ? $"vmdk {VerbTree.NameOf(called)} --help" : "vmdk --help";
            throw new UsageException($"{parsed.Errors[0].Message.TrimEnd('.')}. See: {usage}");
        }
        if (called is VerbCommand { Run: { } run }) { return run(session); }
        if (called == Root && parsed.GetValue(disk) is { } path) { return StoryVerb.Run(session, path); }
        HelpText.Write(session.Error, Root, called);
        session.Error.Flush();
        return ExitCodes.Usage;
    }

    private IEnumerable<VerbCommand> CreateVerbs() =>
    [
        InfoVerb.Create(), CreateVerb.Create(), CheckVerb.Create(), MapVerb.Create(), DescribeVerb.Create(),
        RepairVerb.Create(), ConvertVerb.Create(), CompareVerb.Create(), ResizeVerb.Create(),
        ReadVerb.Create(), WriteVerb.Create(), ChainVerb.Create(), DriftVerb.Create(),
        CommitVerb.Create(), RebaseVerb.Create(),
        CompletionVerb.Create(() => Root), ManVerb.Create(() => Root),
    ];
}
