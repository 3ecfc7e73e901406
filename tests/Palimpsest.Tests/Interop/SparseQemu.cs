using System.Diagnostics;
using Xunit;

namespace Palimpsest.Tests.Interop;

/// <summary>Runs qemu-img and qemu-io for the tests of the sparse formats.</summary>
internal static class SparseQemu
{
    public static string Img(params string[] arguments) => Run("qemu-img", arguments);

    public static string Io(string image, params string[] commands)
    {
        List<string> arguments = ["-f", "vmdk"];
        foreach (string command in commands) { arguments.AddRange(["-c", command]); }
        arguments.Add(image);
        string output = Run("qemu-io", [.. arguments]);
        Assert.DoesNotContain("failed", output);
        Assert.DoesNotContain("rror", output);
        return output;
    }

    public static byte[] ToRaw(string image)
    {
        string raw = image + ".raw";
        Img("convert", "-f", "vmdk", "-O", "raw", image, raw);
        byte[] content = File.ReadAllBytes(raw);
        File.Delete(raw);
        return content;
    }

    private static string Run(string tool, string[] arguments)
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            string reason = $"{tool} is not installed (Debian package qemu-utils)";
            if (Environment.GetEnvironmentVariable("CI") is not null) { Assert.Fail(reason); }
            Assert.Skip(reason);
        }
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {output}");
        return output;
    }
}
