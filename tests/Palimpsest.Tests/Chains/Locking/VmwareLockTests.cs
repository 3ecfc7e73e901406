using System.Diagnostics;
using System.Globalization;
using System.Text;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Locking;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Cli;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Chains.Locking;

/// <summary>
/// Lock files of VMware's hosted products, in the form that open-vm-tools writes and reads: whose process is
/// gone is told apart; everything else keeps writers off.
/// </summary>
public sealed class VmwareLockTests : IDisposable
{
    private const string Elsewhere = "00:50:56:99:88:77";
    private readonly TempFolder folder = new();
    private readonly string disk;

    public VmwareLockTests() => disk = folder.NewDisk("disk.vmdk", 1 << 20, "monolithicFlat");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("write")]
    [InlineData("resize")]
    [InlineData("commit")]
    [InlineData("clone")]
    public void ALockOfADeadProcessIsToldApartAndPassedOnRequest(string verb)
    {
        string delta = folder.File("delta.vmdk");
        Tool.Run("qemu-img", "create", "-q", "-f", "vmdk", "-b", disk, "-F", "vmdk", delta).MustSucceed();
        int gone = GoneProcess();
        string held = Lock(disk, $"{ThisMachine()} {gone}-4711(vmware-vmx) 1 X 0 lc=123");
        if (verb is "write" or "resize") { File.Delete(delta); }
        string[] line = verb switch
        {
            "write" => ["write", "--offset", "0", disk],
            "resize" => ["resize", disk, "2M"],
            "commit" => ["commit", delta],
            _ => ["clone", "--linked", disk, folder.File("other.vmdk")],
        };
        CommandResult run = CommandRun.Vmdk([1], null, line).MustReturn(ExitCodes.Locked);
        Assert.Contains("VMDK7610", run.Error, StringComparison.Ordinal);
        Assert.Contains($"stale: vmware-vmx (pid {gone}) of this machine is gone", run.Error,
            StringComparison.Ordinal);
        Assert.Contains("--force-stale-lock", run.Error, StringComparison.Ordinal);
        CommandResult forced = CommandRun.Vmdk([1], null, [.. line, "--force-stale-lock"]).MustReturn(0);
        Assert.Contains("VMDK7611", forced.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(held));
    }

    [Fact]
    public void ALockOfALaterProcessOfTheSameNumberIsStale()
    {
        ulong start = StartTicks(Environment.ProcessId);
        Lock(disk, $"{ThisMachine()} {Environment.ProcessId}-{start - 1}(vmware-vmx) 1 X 0 lc=1");
        Write().MustReturn(ExitCodes.Locked);
        Write("--force-stale-lock").MustReturn(0);
    }

    [Fact]
    public void ALivingProcessIsNamedAndNeverPassed()
    {
        int id = Environment.ProcessId;
        foreach (string execution in (string[])[$"{id}-{StartTicks(id)}(vmware-vmx)", $"{id}-0(vmware-vmx)",
            $"{id}(vmware-vmx)"])
        {
            Lock(disk, $"{ThisMachine()} {execution} 1 X 0 lc=1");
            CommandResult run = Write("--force-stale-lock").MustReturn(ExitCodes.Locked);
            Assert.Contains($"held by vmware-vmx (pid {id}) of this machine, taken 20", run.Error,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnotherMachineIsNamedAndNeverPassed()
    {
        int gone = GoneProcess();
        Lock(disk, $"{MachineId("elsewhere", Elsewhere)} {gone}-1(vmware-vmx) 1 X 0 lc=1");
        Assert.Contains($"pid {gone}) of the machine with the network card {Elsewhere}",
            Write("--force-stale-lock").MustReturn(ExitCodes.Locked).Error, StringComparison.Ordinal);
        Lock(disk, $"{MachineId("elsewhere", null)} {gone}-1(vmware-vmx) 1 X 0 lc=1");
        Assert.Contains("of a machine of another name",
            Write("--force-stale-lock").MustReturn(ExitCodes.Locked).Error,
            StringComparison.Ordinal);
        Lock(disk, $"uuid=56-4d-aa {gone}-1(vmware-vmx.exe) 1 X 0 lc=1");
        Assert.Contains("of the machine \"uuid=56-4d-aa\"",
            Write("--force-stale-lock").MustReturn(ExitCodes.Locked).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AMachineWithoutACardIsKnownByItsName()
    {
        Lock(disk, $"{MachineId(HostName(), null)} {GoneProcess()}-1(vmware-vmx) 1 X 0 lc=1");
        Assert.Contains("by its host name alone", Write().MustReturn(ExitCodes.Locked).Error,
            StringComparison.Ordinal);
        Write("--force-stale-lock").MustReturn(0);
    }

    [Fact]
    public void WhatCannotBeUnderstoodKeepsWritersOff()
    {
        string machine = ThisMachine();
        int gone = GoneProcess();
        string[] contents =
        [
            "", "\0", " ", "nonsense", $"{machine} {gone}-1 1 X", $"{machine} x-1 1 X 0",
                $"{machine} {gone}-1 x X 0",
            $"{machine} {gone}-1 1 W 0", $"{machine} -1-1 1 X 0", $"{machine} 0-1 1 X 0",
            $"{machine} 99999999999-1 1 X 0", $"{machine} {gone}-x 1 X 0", $"{machine} {gone}-1-1 1 X 0",
            $"{machine}\n{gone}-1 1 X 0",
                $"{machine} {gone}-1 1 X 0{string.Concat(Enumerable.Repeat(" a=b", 12))}",
            $"\u001B[2J {gone}-1 1 X 0", new string('A', 100_000),
        ];
        foreach (string content in contents)
        {
            Lock(disk, content);
            CommandResult run = Write("--force-stale-lock").MustReturn(ExitCodes.Locked);
            Assert.Contains("cannot be told", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain('\u001B', run.Error);
        }
    }

    [Fact]
    public void WhatIsNoLockFileIsNotOpened()
    {
        string place = Directory.CreateDirectory(disk + ".lck").FullName;
        Tool.Run("mkfifo", Path.Combine(place, "M00001.lck")).MustSucceed();
        Write("--force-stale-lock").MustReturn(ExitCodes.Locked);
        File.Delete(Path.Combine(place, "M00001.lck"));
        Write().MustReturn(0);
        Directory.CreateDirectory(Path.Combine(place, "D00001.lck"));
        Write("--force-stale-lock").MustReturn(ExitCodes.Locked);
        Directory.Delete(place, recursive: true);

        // So ESXi locks, on its own file systems.
        File.WriteAllText(disk + ".lck", "");
        Write("--force-stale-lock").MustReturn(ExitCodes.Locked);
    }

    [Fact]
    public void OneLockOfSeveralIsEnough()
    {
        Lock(disk, $"{ThisMachine()} {GoneProcess()}-1(vmware-vmx) 1 X 0 lc=1", "M00001.lck");
        Lock(disk, $"{ThisMachine()} {Environment.ProcessId}-0(vmware-vmx) 2 X 0 lc=1", "M99999.lck");
        Write("--force-stale-lock").MustReturn(ExitCodes.Locked);
        Directory.Delete(disk + ".lck", recursive: true);
        Lock(folder.File("disk-flat.vmdk"), "nonsense");
        Write().MustReturn(ExitCodes.Locked);
    }

    [Fact]
    public void AReaderDoesNotKeepACloneOff()
    {
        string held = $"{ThisMachine()} {Environment.ProcessId}-0(vmware-vmx) 2";
        Lock(disk, $"{held} S 0 lc=1");
        Write().MustReturn(ExitCodes.Locked);
        CommandRun.Vmdk("clone", "--linked", disk, folder.File("a.vmdk")).MustReturn(0);
        Lock(disk, $"{held} X 0 lc=1");
        CommandRun.Vmdk("clone", "--linked", disk, folder.File("b.vmdk")).MustReturn(ExitCodes.Locked);
    }

    [Fact]
    public void OlderLocksHaveTheTimeInTheFifthField()
    {
        VmwareLockFile held = VmwareLockFile.Parse(Encoding.ASCII.GetBytes("AAAA 12 3 S 4567 lc=1"))!;
        Assert.Equal(new VmwareLockFile("AAAA", 12, 4567, null, false), held);
        held = VmwareLockFile.Parse(Encoding.ASCII.GetBytes("AAAA 12-34(a_name) 3 X 4567\0lc=1"))!;
        Assert.Equal(new VmwareLockFile("AAAA", 12, 34, "a_name", true), held);
    }

    [Fact]
    public void NoBytesMakeItFail()
    {
        var random = new Random(RandomCases.Seed);
        byte[] seed = Encoding.ASCII.GetBytes($"{ThisMachine()} 4711-99(vmware-vmx) 1 X 0 lc=123");
        for (int i = 0; i < RandomCases.Count(20_000); i++)
        {
            byte[] bytes = i % 2 == 0 ? [.. seed] : new byte[random.Next(600)];
            if (i % 2 != 0) { random.NextBytes(bytes); }
            for (int change = random.Next(4); change > 0 && bytes.Length > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            VmwareLockFile? held = VmwareLockFile.Parse(bytes);
            Assert.True(held is null || held.ProcessId > 0);
            _ = held?.MachineBytes;
        }
    }

    // Values of the published hash (Bernstein, factor 33, start 5381) for known words.
    [Theory]
    [InlineData("", 5381u)]
    [InlineData("a", 177670u)]
    [InlineData("hello", 261238937u)]
    public void HostNamesAreHashedAsPublished(string name, uint hash) =>
        Assert.Equal(hash, LocalMachine.HashOf(name));

    private CommandResult Write(params string[] more) =>
        CommandRun.Vmdk([1], null, ["write", "--offset", "0", disk, .. more]);

    private static string Lock(string path, string content, string name = "M12345.lck")
    {
        string place = Directory.CreateDirectory(path + ".lck").FullName;
        byte[] bytes = new byte[Math.Max(512, content.Length)];
        Encoding.Latin1.GetBytes(content, bytes);
        string file = Path.Combine(place, name);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    private static int GoneProcess()
    {
        using Process process = Process.Start(Tool.Start("true", []))!;
        process.WaitForExit();
        return process.Id;
    }

    private static ulong StartTicks(int processId) => ulong.Parse(
        Tool.Run("ps", "-o", "pid=", "-p", $"{processId}").MustSucceed().Output.Trim() is { Length: > 0 }
            ? Tool.Run("sed", "s/.*) //", $"/proc/{processId}/stat").MustSucceed().Output.Split(' ')[19]
                : "0",
        CultureInfo.InvariantCulture);

    private static string HostName() => Tool.Run("uname", "-n").MustSucceed().Output.Trim();

    private static string ThisMachine()
    {
        string? card = Directory.GetFileSystemEntries("/sys/class/net").FirstOrDefault(path =>
            Path.GetFileName(path).StartsWith("eth", StringComparison.Ordinal)
                || Directory.Exists(path + "/device"));
        return MachineId(HostName(), card is null ? null : File.ReadAllText(card + "/address").Trim());
    }

    // 32 bits of the name's hash, little-endian; the card's address; two zeros; in base64 with - for /.
    private static string MachineId(string hostName, string? address)
    {
        uint hash =
            Encoding.UTF8.GetBytes(hostName).Aggregate(5381u, (sum, letter) =>
                unchecked((sum * 33) + letter));
        byte[] card = address is null ? new byte[6]
            : Convert.FromHexString(address.Replace(":", "", StringComparison.Ordinal));
        byte[] bytes = [(byte)hash, (byte)(hash >> 8), (byte)(hash >> 16), (byte)(hash >> 24), .. card, 0, 0];
        return Convert.ToBase64String(bytes).Replace('/', '-');
    }
}
