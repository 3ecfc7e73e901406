using Palimpsest.Tests.Tooling;
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

    // qemu-io reports failures of single commands on either stream and still returns 0.
    private static string Run(string tool, string[] arguments)
    {
        ToolResult result = Tool.Run(tool, arguments).MustSucceed();
        return result.Output + result.Error;
    }
}
