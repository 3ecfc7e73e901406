using System.CommandLine;

namespace Palimpsest.Cli.Options;

/// <summary>The options that every verb has.</summary>
internal sealed class CommonOptions
{
    /// <summary>One JSON document on standard output.</summary>
    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON document (schema palimpsest/1).",
        Recursive = true,
    };

    /// <summary>Nothing but errors.</summary>
    public Option<bool> Quiet { get; } = new("--quiet", "-q")
    {
        Description = "Print nothing but errors; the exit code tells.",
        Recursive = true,
    };

    /// <summary>No colours even on a terminal.</summary>
    public Option<bool> NoColor { get; } = new("--no-color")
    {
        Description = "No colours; NO_COLOR in the environment does the same.",
        Recursive = true,
    };

    /// <summary>Names may lead out of the disk's folder.</summary>
    public Option<bool> AllowOutside { get; } = new("--allow-outside")
    {
        Description = "Follow names in descriptors that lead out of the disk's folder.",
        Recursive = true,
    };

    /// <summary>A lock that VMware left behind does not stop a command.</summary>
    public Option<bool> ForceStaleLock { get; } = new("--force-stale-lock")
    {
        Description = "Write although VMware left a lock, if its process is gone.",
        Recursive = true,
    };

    /// <summary>Adds them to the root; they hold for every verb below it.</summary>
    public void AddTo(RootCommand root)
    {
        root.Options.Add(Json);
        root.Options.Add(Quiet);
        root.Options.Add(NoColor);
        root.Options.Add(AllowOutside);
        root.Options.Add(ForceStaleLock);
    }
}
