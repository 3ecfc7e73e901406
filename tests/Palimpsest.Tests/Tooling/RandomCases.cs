using System.Globalization;

namespace Palimpsest.Tests.Tooling;

/// <summary>
/// How many random cases a test tries and from which seed: PALIMPSEST_CASES and PALIMPSEST_SEED.
/// </summary>
internal static class RandomCases
{
    /// <summary>The seed to start from: a fixed one unless the environment names another.</summary>
    internal static int Seed { get; } = FromEnvironment("PALIMPSEST_SEED") ?? 20_250_101;

    /// <summary>
    /// How many cases to try, <paramref name="usual"/> unless the environment names another number.
    /// </summary>
    internal static int Count(int usual) => FromEnvironment("PALIMPSEST_CASES") ?? usual;

    private static int? FromEnvironment(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value)
            ? value : null;
}
