namespace Palimpsest.Cli.Rendering;

/// <summary>Sizes for people.</summary>
internal static class SizeText
{
    private static readonly string[] Units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>
    /// Three digits and a unit; exact sizes without a fraction: <c>40 GiB</c>, <c>1.5 MiB</c>.
    /// </summary>
    public static string Short(long bytes)
    {
        if (bytes == 1) { return "1 byte"; }
        int unit = 0;
        double value = bytes;
        while (value >= 1024 && unit + 1 < Units.Length)
        {
            value /= 1024;
            unit++;
        }
        string digits = value >= 100 || value == Math.Floor(value) ? $"{value:0}" : value >= 10
            ? $"{value:0.#}" : $"{value:0.##}";
        return $"{digits} {Units[unit]}";
    }

    /// <summary>
    /// With the exact number where the short form has a unit: <c>40 GiB (42949672960 bytes)</c>.
    /// </summary>
    public static string Exact(long bytes) => bytes < 1024 ? Short(bytes) : $"{Short(bytes)} ({bytes} bytes)";

    /// <summary>"1 link", "3 links".</summary>
    public static string Count(long count, string singular, string? plural = null) =>
        count == 1 ? $"1 {singular}" : $"{count} {plural ?? singular + "s"}";
}
