namespace Palimpsest.Cli;

/// <summary>The command line asks for something that makes no sense. The message is one sentence.</summary>
internal sealed class UsageException(string message) : Exception(message);
