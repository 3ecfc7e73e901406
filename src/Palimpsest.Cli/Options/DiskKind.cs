using System.CommandLine;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Formats.Vmdk.Descriptor;

namespace Palimpsest.Cli.Options;

/// <summary>
/// The kinds of disks that can be made, and the words for the other choices of <c>create</c>.
/// </summary>
internal static class DiskKind
{
    private static readonly string[] Kinds =
    [
        CreateTypes.MonolithicFlat, CreateTypes.TwoGbMaxExtentFlat, CreateTypes.Vmfs,
        CreateTypes.MonolithicSparse, CreateTypes.TwoGbMaxExtentSparse, CreateTypes.VmfsSparse,
        CreateTypes.StreamOptimized, DiskCreation.RawKind,
    ];

    /// <summary>An option for the kind of a new disk; a flat one without it.</summary>
    public static Option<string> Create(string name, params string[] aliases)
    {
        Option<string> option =
            CreateOptional("A createType, or raw; monolithicFlat without it.", name, aliases);
        option.DefaultValueFactory = _ => CreateTypes.MonolithicFlat;
        return option;
    }

    /// <summary>An option for the kind of a new disk that has no value when it is not given.</summary>
    public static Option<string> CreateOptional(string description, string name, params string[] aliases)
    {
        var option = new Option<string>(name, aliases) { HelpName = "KIND", Description = description };
        option.CompletionSources.Add(Kinds);
        option.Validators.Add(result =>
        {
            string kind = result.Tokens.Count > 0 ? result.Tokens[0].Value : CreateTypes.MonolithicFlat;
            if (!Kinds.Contains(kind, StringComparer.OrdinalIgnoreCase))
            {
                result.AddError($"\"{kind}\" is no kind that can be written; choose one of "
                    + $"{string.Join(", ", Kinds)}");
            }
        });
        return option;
    }
}
