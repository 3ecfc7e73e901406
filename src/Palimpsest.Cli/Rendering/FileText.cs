using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Rendering;

/// <summary>Prints the files that a verb made.</summary>
internal static class FileText
{
    /// <summary>One line each: name, length, what the host stores.</summary>
    public static void Write(TextOutput output, IReadOnlyList<FileReport> files)
    {
        foreach (FileReport file in files)
        {
            string stored = file.AllocatedBytes is { } bytes ? $", {SizeText.Short(bytes)} stored" : "";
            string length = SizeText.Short(file.ApparentBytes ?? 0);
            output.WriteLine($"  {PathText.Shown(file.Path)}: {length}{stored}");
        }
    }
}
