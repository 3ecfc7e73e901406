namespace Palimpsest.Core.Findings;

/// <summary>
/// Why the world, or an image, refused an operation. One table maps each kind to exit code and errno.
/// </summary>
public enum BlockErrorKind
{
    /// <summary>The host could not read or write.</summary>
    Io,

    /// <summary>The image contradicts itself where the bytes were needed.</summary>
    Corrupt,

    /// <summary>A format, version or feature this tool does not handle.</summary>
    Unsupported,

    /// <summary>Written through something that is read-only.</summary>
    ReadOnly,

    /// <summary>Bytes that should exist do not: a file ends before its extent.</summary>
    OutOfRange,

    /// <summary>The host, or the format, has no room left.</summary>
    NoSpace,

    /// <summary>Somebody else holds the disk.</summary>
    Locked,

    /// <summary>A file is not there.</summary>
    NotFound,

    /// <summary>The host said no: permissions.</summary>
    Denied,

    /// <summary>Refused for safety; the message says what would allow it.</summary>
    Refused,

    /// <summary>A link of the chain is missing or does not fit.</summary>
    ChainIncomplete,
}

/// <summary>
/// The world failed: a host file could not be read, there is no room, a range of an image is unreadable.
/// Carries what callers need to map it: kind, file, byte offset.
/// </summary>
public sealed class BlockException : IOException
{
    /// <summary>
    /// Creates the error. <paramref name="message"/> says what, where and what next, without the path.
    /// </summary>
    public BlockException(BlockErrorKind kind, string? path, long? offsetBytes, string message,
        Exception? inner = null)
        : base(Compose(path, offsetBytes, message), inner)
    {
        Kind = kind;
        Path = path;
        OffsetBytes = offsetBytes;
    }

    /// <summary>Why.</summary>
    public BlockErrorKind Kind { get; }

    /// <summary>The host file concerned, if one is.</summary>
    public string? Path { get; }

    /// <summary>Byte offset in that file (or in the device, without a path), if one is known.</summary>
    public long? OffsetBytes { get; }

    private static string Compose(string? path, long? offsetBytes, string message) =>
        (path, offsetBytes) switch
    {
        (null, null) => message,
        (null, _) => $"at byte {offsetBytes}: {message}",
        (_, null) => $"{path}: {message}",
        _ => $"{path}, byte {offsetBytes}: {message}",
    };
}
