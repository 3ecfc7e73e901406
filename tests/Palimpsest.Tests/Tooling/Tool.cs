using System.Diagnostics;
using System.Text;
using Xunit;

namespace Palimpsest.Tests.Tooling;

/// <summary>What a command did.</summary>
/// <param name="CommandLine">For messages.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="OutputBytes">All of its standard output.</param>
/// <param name="Error">All of its standard error, as UTF-8.</param>
internal sealed record ToolResult(string CommandLine, int ExitCode, byte[] OutputBytes, string Error)
{
    /// <summary>Standard output as UTF-8.</summary>
    internal string Output => Encoding.UTF8.GetString(OutputBytes);

    /// <summary>
    /// Fails the test, with all the command said, unless it returned <paramref name="exitCode"/>.
    /// </summary>
    internal ToolResult MustReturn(int exitCode)
    {
        Assert.True(ExitCode == exitCode,
            $"{CommandLine}\nreturned {ExitCode}, not {exitCode}\n-- output\n{Output}\n-- error\n{Error}");
        return this;
    }

    /// <summary>Fails the test unless the command returned 0.</summary>
    internal ToolResult MustSucceed() => MustReturn(0);
}

/// <summary>
/// Runs commands for tests. A foreign tool that is missing skips the test, or fails it in CI (see
/// <see cref="RequiredTool"/>), so a test that runs one needs no guard of its own.
/// </summary>
internal static class Tool
{
    /// <summary>
    /// A command that runs longer hangs: it is killed and the test fails. Not a measure of speed.
    /// </summary>
    private static readonly TimeSpan HangGuard = TimeSpan.FromMinutes(5);

    /// <summary>Runs a foreign tool with nothing on standard input.</summary>
    internal static ToolResult Run(string program, params IEnumerable<string> arguments) =>
        Run(Start(program, arguments), input: null);

    /// <summary>Runs a foreign tool in a folder.</summary>
    internal static ToolResult RunIn(TempFolder folder, string program,
        params IEnumerable<string> arguments) =>
            Run(Start(program, arguments, folder.Path), input: null);

    /// <summary>Runs a foreign tool with <paramref name="input"/> on standard input.</summary>
    internal static ToolResult RunWithInput(byte[] input, string program,
        params IEnumerable<string> arguments) =>
            Run(Start(program, arguments), input);

    /// <summary>Runs our own command as a process of its own.</summary>
    internal static ToolResult Vmdk(params IEnumerable<string> arguments) =>
        Run(Start(OwnCommand, arguments), input: null);

    /// <summary>Runs our own command as a process of its own, in a folder.</summary>
    internal static ToolResult VmdkIn(TempFolder folder, params IEnumerable<string> arguments) =>
        Run(Start(OwnCommand, arguments, folder.Path), input: null);

    /// <summary>Runs our own command with <paramref name="input"/> on standard input.</summary>
    internal static ToolResult VmdkWithInput(byte[] input, params IEnumerable<string> arguments) =>
        Run(Start(OwnCommand, arguments), input);

    /// <summary>
    /// A start with all three streams piped; for tests that watch a running process. Resolves
    /// <paramref name="program"/> and skips or fails where it is missing.
    /// </summary>
    internal static ProcessStartInfo Start(string program, IEnumerable<string> arguments,
        string? workingFolder = null)
    {
        var start = new ProcessStartInfo(RequiredTool.Find(program))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = workingFolder ?? "",
        };
        foreach (string argument in arguments) { start.ArgumentList.Add(argument); }

        // Messages are compared by tests: no translation, no colour.
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["NO_COLOR"] = "1";
        return start;
    }

    private static string OwnCommand => Path.Combine(AppContext.BaseDirectory, "vmdk");

    private static ToolResult Run(ProcessStartInfo start, byte[]? input)
    {
        string commandLine = string.Join(' ', start.ArgumentList.Prepend(Path.GetFileName(start.FileName)));
        using Process process = Process.Start(start)!;
        using var output = new MemoryStream();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task feeding = Feed(process, input ?? []);
        using var guard = new CancellationTokenSource(HangGuard);
        try
        {
            Task.WhenAll(reading, errors, feeding, process.WaitForExitAsync(guard.Token)).Wait(guard.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{commandLine}\nstill ran after {HangGuard.TotalMinutes} minutes and was stopped");
        }
        return new ToolResult(commandLine, process.ExitCode, output.ToArray(), errors.Result);
    }

    private static async Task Feed(Process process, byte[] input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It closed its end early. What it returned says whether that was right.
        }
    }
}
