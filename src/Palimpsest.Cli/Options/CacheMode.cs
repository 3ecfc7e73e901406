using System.CommandLine;

namespace Palimpsest.Cli.Options;

/// <summary><c>-t CACHE</c> as qemu-img spells it, for the two modes that a copy here can have.</summary>
internal static class CacheMode
{
    private const string Writeback = "writeback", Unsafe = "unsafe";

    /// <summary>A new option for one verb.</summary>
    public static Option<string> Create()
    {
        var option = new Option<string>("-t")
        {
            HelpName = "writeback|unsafe",
            Description =
                "writeback (without it): durable before the copy has its name; unsafe: as cp leaves it.",
        };
        option.AcceptOnlyFromAmong(Writeback, Unsafe);
        return option;
    }

    /// <summary>True unless flushes were given up.</summary>
    public static bool IsFlushed(string? mode) => mode != Unsafe;
}
