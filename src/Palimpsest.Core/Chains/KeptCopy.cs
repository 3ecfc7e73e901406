using System.Globalization;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains;

/// <summary>Keeps bytes that are about to be replaced, under a name beside them that was free.</summary>
internal static class KeptCopy
{
    private const int MaximumCopies = 10_000;

    /// <summary>The first free one of NAME.SUFFIX-1, NAME.SUFFIX-2 and so on.</summary>
    public static string FreeName(IHost host, string path, string suffix)
    {
        for (int number = 1; number <= MaximumCopies; number++)
        {
            string candidate = string.Create(CultureInfo.InvariantCulture, $"{path}.{suffix}-{number}");
            if (host.Stat(candidate) is null) { return candidate; }
        }
        throw new BlockException(BlockErrorKind.Refused, path, null,
            $"there are {MaximumCopies} kept copies of it already; move some away");
    }

    /// <summary>Writes the copy, durably, and returns its path.</summary>
    public static string Write(IHost host, string path, string suffix, ReadOnlySpan<byte> content)
    {
        string kept = FreeName(host, path, suffix);
        AtomicFile.Replace(host, kept, content);
        return kept;
    }
}
