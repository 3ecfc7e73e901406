using System.Globalization;

namespace Palimpsest.Cli.Rendering;

/// <summary>Times for people.</summary>
internal static class TimeText
{
    /// <summary>To the minute, in UTC: <c>2026-01-03 12:00 UTC</c>.</summary>
    public static string Short(DateTime utc) =>
        utc.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
