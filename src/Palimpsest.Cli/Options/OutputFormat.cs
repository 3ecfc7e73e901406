using System.CommandLine;

namespace Palimpsest.Cli.Options;

/// <summary><c>--output=human|json</c> as qemu-img spells it, on the verbs that it has too.</summary>
internal static class OutputFormat
{
    /// <summary>
    /// A new option for one verb. <c>json</c> here means QEMU's shape, where the verb has one.
    /// </summary>
    public static Option<string> Create(string description)
    {
        var option = new Option<string>("--output") { HelpName = "human|json", Description = description };
        option.AcceptOnlyFromAmong("human", "json");
        return option;
    }
}
