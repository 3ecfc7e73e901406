using System.Reflection;

namespace Palimpsest.Cli.Boot;

/// <summary>
/// The boot sector that ships with the command: it prints one line on COM1 and on the screen and halts.
/// Assembled by the build from <c>hello.asm</c>. Bytes 440 to 509 (disk signature and partition table) are
/// zero.
/// </summary>
internal static class BuiltInBootSector
{
    /// <summary>Length in bytes: one sector.</summary>
    internal const int LengthBytes = 512;

    /// <summary>What it prints, without the end of the line.</summary>
    internal const string Message = "Palimpsest: this flat file is alive";

    /// <summary>A fresh copy of the 512 bytes.</summary>
    internal static byte[] Bytes
    {
        get
        {
            using Stream resource = Assembly.GetExecutingAssembly()
                .GetManifestResourceStream("boot/hello.bin")!;
            byte[] sector = new byte[LengthBytes];
            resource.ReadExactly(sector);
            return sector;
        }
    }
}
