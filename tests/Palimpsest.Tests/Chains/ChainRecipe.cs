using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains;

/// <summary>
/// Small disks for tests: flat files in which every sector carries its own number, and hand-written
/// descriptors.
/// </summary>
internal static class ChainRecipe
{
    internal const string Head =
        "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"custom\"\n";

    /// <summary>Bytes in which sector n holds the number n, over and over.</summary>
    internal static byte[] Numbered(int sectorCount, int first = 0)
    {
        var bytes = new byte[sectorCount * 512];
        for (int i = 0; i < bytes.Length; i += 4)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), first + (i / 512) + 1);
        }
        return bytes;
    }

    internal static string Write(this TempFolder folder, string name, byte[] bytes)
    {
        string path = Path.Combine(folder.Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    internal static string WriteDescriptor(this TempFolder folder, string name, string text) =>
        folder.Write(name, Encoding.UTF8.GetBytes(text));

    internal static string NewDisk(this TempFolder folder, string name, long capacityBytes, string kind)
    {
        string path = Path.Combine(folder.Path, name);
        DiskCreator.Create(new DiskCreation { Path = path, CapacityBytes = capacityBytes, Kind = kind },
            default);
        return path;
    }

    internal static byte[] ReadAll(string path)
    {
        using Disk disk = Disk.Open(path);
        var bytes = new byte[disk.CapacityBytes];
        disk.Reader.Read(0, bytes);
        return bytes;
    }

    /// <summary>Asserts that opening is refused with this code and exit code.</summary>
    internal static ImageException AssertRefused(string path, FindingCode code,
        DiskOpenOptions? options = null)
    {
        ImageException refusal = Assert.Throws<ImageException>(() => Disk.Open(path, options).Dispose());
        Assert.Equal(code.Id, refusal.Reason.Code.Id);
        return refusal;
    }
}
