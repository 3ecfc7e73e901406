using System.Text;
using System.Text.Json;
using Palimpsest.Cli;
using Xunit;

namespace Palimpsest.Tests.Cli;

/// <summary>What one run of the command did.</summary>
internal sealed record CommandResult(int ExitCode, byte[] OutputBytes, string Error)
{
    internal string Output => Encoding.UTF8.GetString(OutputBytes);

    internal CommandResult MustReturn(int exitCode)
    {
        Assert.True(ExitCode == exitCode,
            $"returned {ExitCode}, not {exitCode}\n-- output\n{Output}\n-- error\n{Error}");
        return this;
    }

    /// <summary>Standard output as one JSON document.</summary>
    internal JsonElement Json()
    {
        using JsonDocument document = JsonDocument.Parse(OutputBytes);
        return document.RootElement.Clone();
    }
}

/// <summary>
/// Runs the command in this process, with nothing that is a terminal unless a test says so.
/// </summary>
internal static class CommandRun
{
    internal static CommandResult Vmdk(params string[] arguments) => Vmdk([], null, arguments);

    internal static CommandResult Vmdk(byte[] input, Terminal? terminal, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        int code = VmdkCommand.Run(arguments, new MemoryStream(input), output, error, terminal);
        return new CommandResult(code, output.ToArray(), Encoding.UTF8.GetString(error.ToArray()));
    }
}
