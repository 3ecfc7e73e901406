using System.Diagnostics;
using Palimpsest.Cli.Boot;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Birth;

/// <summary>
/// Birth: a flat disk that our command made, with our boot sector, is started by a real machine's firmware
/// (QEMU's SeaBIOS) from LSI Logic adapters, and the line it prints is read from the machine's serial port.
/// </summary>
public sealed class BootTest
{
    /// <summary>
    /// Emulation without KVM on a busy machine takes seconds; a machine that says nothing is stopped here.
    /// </summary>
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(120);

    [Theory]
    [InlineData("mptsas1068")]
    [InlineData("lsi53c895a")]
    public async Task FirmwareStartsTheDisk(string adapter)
    {
        using var folder = new TempFolder();
        ProcessStartInfo start = Tool.Start("qemu-system-x86_64",
        [
            "-machine", "pc,accel=tcg", "-m", "32", "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot",
            "-serial", "stdio", "-drive", $"file={CreateDisk(folder)},format=vmdk,if=none,id=disk",
            "-device", $"{adapter},id=scsi", "-device", "scsi-hd,bus=scsi.0,drive=disk,bootindex=1",
        ]);
        using Process machine = Process.Start(start)!;
        Task<string> errors = machine.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string? line;
        using (var guard = new CancellationTokenSource(HangGuard))
        {
            try
            {
                line = await machine.StandardOutput.ReadLineAsync(guard.Token);
            }
            catch (OperationCanceledException)
            {
                line = $"(nothing for {HangGuard.TotalSeconds} s)";
            }
        }
        machine.Kill();
        await machine.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(line == BuiltInBootSector.Message, $"the serial port gave: {line}\n{await errors}");
    }

    private static string CreateDisk(TempFolder folder)
    {
        string disk = folder.File("born.vmdk");
        string bootSector = folder.Write("hello.bin", BuiltInBootSector.Bytes);
        Tool.Vmdk("create", disk, "--size", "64M", "--adapter", "lsilogic", "--boot-sector", bootSector)
            .MustSucceed();
        return disk;
    }
}
