namespace Palimpsest.Core.Findings;

/// <summary>Process exit codes, and the one table that maps failures to them.</summary>
public static class ExitCodes
{
    /// <summary>All is well.</summary>
    public const int Fine = 0;

    /// <summary>A finding, or a difference.</summary>
    public const int Finding = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 2;

    /// <summary>Done, but some source was unreadable.</summary>
    public const int SourceUnreadable = 3;

    /// <summary>The image is damaged.</summary>
    public const int Damaged = 4;

    /// <summary>Refused for safety.</summary>
    public const int Refused = 5;

    /// <summary>The chain is incomplete.</summary>
    public const int ChainIncomplete = 10;

    /// <summary>Somebody else holds the disk.</summary>
    public const int Locked = 11;

    /// <summary>Recognised, and not supported.</summary>
    public const int Unsupported = 63;

    /// <summary>A mistake in this program.</summary>
    public const int Bug = 70;

    /// <summary>Interrupted; the state is whole and the work can go on.</summary>
    public const int Interrupted = 130;

    /// <summary>Exit code for a failure of the world.</summary>
    public static int For(BlockErrorKind kind) => kind switch
    {
        BlockErrorKind.Io => SourceUnreadable,
        BlockErrorKind.Corrupt or BlockErrorKind.OutOfRange => Damaged,
        BlockErrorKind.Unsupported => Unsupported,
        BlockErrorKind.Locked => Locked,
        BlockErrorKind.ChainIncomplete => ChainIncomplete,
        BlockErrorKind.NotFound => Usage,
        _ => Refused,
    };
}
