using System.CommandLine;
using Palimpsest.Core.Findings;

namespace Palimpsest.Cli.Rendering;

/// <summary>The manual page vmdk(1), in roff, from the command tree.</summary>
internal static class ManualPage
{
    private static readonly (int Code, string Meaning)[] ExitStatus =
    [
        (ExitCodes.Fine, "All is well."),
        (ExitCodes.Finding, "There is a finding, or a difference."),
        (ExitCodes.Usage, "The command line was wrong."),
        (ExitCodes.SourceUnreadable, "Done, but some source was unreadable."),
        (ExitCodes.Damaged, "The disk is damaged."),
        (ExitCodes.Refused, "Refused for safety."),
        (ExitCodes.ChainIncomplete, "The chain is incomplete."),
        (ExitCodes.Locked, "Somebody else holds the disk."),
        (ExitCodes.Unsupported, "Recognised, and not supported."),
        (ExitCodes.Bug, "A mistake in this program."),
        (ExitCodes.Interrupted, "Interrupted; the state is whole."),
    ];

    /// <summary>Writes the page.</summary>
    public static void Write(TextOutput output, RootCommand root)
    {
        output.WriteLine($".TH VMDK 1 \"\" \"vmdk {VmdkCommand.Version}\" \"Palimpsest\"");
        Section(output, "NAME", "vmdk - read, check, repair and change VMware disks");
        output.WriteLine(".SH SYNOPSIS");
        output.WriteLine(".B vmdk");
        output.WriteLine(".I DISK");
        output.WriteLine(".br");
        foreach (Command verb in VerbTree.Doing(root))
        {
            output.WriteLine(Text(HelpText.UsageOf(verb)));
            output.WriteLine(".br");
        }
        Section(output, "DESCRIPTION",
            "With a disk alone it tells the disk's whole story and never writes. Nothing is changed but by "
            + "the verbs that say so. A disk is a descriptor, a sparse disk, or a flat file without a "
            + "descriptor. Sizes and offsets are bytes; K, M, G, T, P and E are powers of 1024.");
        output.WriteLine(".SH VERBS");
        foreach (Command verb in VerbTree.Doing(root)) { WriteVerb(output, verb); }
        output.WriteLine(".SH OPTIONS EVERYWHERE");
        WriteOptions(output, root.Options);
        output.WriteLine(".SH EXIT STATUS");
        foreach ((int code, string meaning) in ExitStatus)
        {
            output.WriteLine(".TP");
            output.WriteLine($".B {code}");
            output.WriteLine(Text(meaning));
        }
        Section(output, "ENVIRONMENT", "NO_COLOR switches colours off when it is set and not empty.");
    }

    private static void WriteVerb(TextOutput output, Command verb)
    {
        output.WriteLine(".SS " + Text(HelpText.UsageOf(verb)));
        output.WriteLine(Text(verb.Description ?? ""));
        if (verb is VerbCommand { Details.Length: > 0 } explained)
        {
            output.WriteLine(Text(explained.Details));
        }
        WriteOptions(output, verb.Options);
        output.WriteLine(".PP");
        output.WriteLine(".nf");
        foreach (string example in (verb as VerbCommand)?.Examples ?? [])
        {
            output.WriteLine(Text("    " + example));
        }
        output.WriteLine(".fi");
    }

    private static void WriteOptions(TextOutput output, IEnumerable<Option> options)
    {
        foreach (Option option in options.Where(option => !option.Hidden))
        {
            output.WriteLine(".TP");
            output.WriteLine(".B " + Text(HelpText.NameOf(option)));
            output.WriteLine(Text(option.Description ?? ""));
        }
    }

    private static void Section(TextOutput output, string title, string text)
    {
        output.WriteLine(".SH " + title);
        output.WriteLine(Text(text));
    }

    // A minus is an option's minus, and no line of text may begin with a control character of roff.
    private static string Text(string text)
    {
        string escaped = text.Replace("\\", "\\e", StringComparison.Ordinal)
            .Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
