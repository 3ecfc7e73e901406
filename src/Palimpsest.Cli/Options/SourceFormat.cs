using System.CommandLine;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Findings;

namespace Palimpsest.Cli.Options;

/// <summary>
/// <c>-f FORMAT</c> as qemu-img has it. Formats are recognised here; the option is a promise that is held
/// against what was found, so that a raw image whose guest wrote a descriptor into it is never taken for a
/// disk by a script.
/// </summary>
internal static class SourceFormat
{
    /// <summary>A new option for one verb.</summary>
    public static Option<string> Create(string name = "-f", string whose = "the disk")
    {
        var option = new Option<string>(name)
        {
            HelpName = "raw|vmdk",
            Description = $"Refuse unless {whose} is of this format.",
        };
        option.AcceptOnlyFromAmong("raw", "vmdk");
        return option;
    }

    /// <summary>Throws when the disk is not what was promised; null promises nothing.</summary>
    public static void Hold(string? promised, string path, IReadOnlyList<Link> links)
    {
        if (promised is null || links.Count == 0) { return; }
        string found = links[0].Format == LinkFormat.Raw ? "raw" : "vmdk";
        if (found != promised)
        {
            throw new BlockException(
                BlockErrorKind.Refused, path, null, $"it is {found}, and -f says that it is {promised}");
        }
    }
}
