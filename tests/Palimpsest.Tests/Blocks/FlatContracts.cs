using Palimpsest.Core.Blocks;
using Palimpsest.Core.Formats.Vmdk.Flat;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;
using Palimpsest.Tests.Tooling;

namespace Palimpsest.Tests.Blocks;

/// <summary>Random bytes for the subjects of the contracts.</summary>
internal static class ContractContent
{
    internal static byte[] Bytes(int length, int seed = 42)
    {
        byte[] content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    internal static SimulatedHost HostWith(string path, byte[] bytes)
    {
        var host = new SimulatedHost();
        host.Put(path, bytes);
        return host;
    }
}

/// <summary>The array that other subjects are built on holds to the contract itself.</summary>
public sealed class MemoryDeviceContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        content = ContractContent.Bytes(300_000);
        return new MemoryDevice((byte[])content.Clone());
    }
}

/// <summary>A flat extent on this machine's own file system, with real holes.</summary>
public sealed class FlatOnDiskContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        TempFolder folder = Own(new TempFolder());
        content = new byte[512 * 600];
        string path = folder.WriteHole("flat.bin", content.Length);
        LocalFile file = LocalFile.Open(path, HostAccess.ReadWrite);
        ContractContent.Bytes(70_000).CopyTo(content, 65536);
        file.Write(65536, content.AsSpan(65536, 70_000));
        return new FlatDevice(file, 0, content.Length);
    }
}

/// <summary>A flat extent on a host that can neither punch nor zero.</summary>
public sealed class FlatOnPoorHostContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        content = ContractContent.Bytes(512 * 500);
        SimulatedHost host = ContractContent.HostWith("/f", (byte[])content.Clone());
        (host.CanPunch, host.CanZeroRange) = (false, false);
        return new FlatDevice(host.Open("/f", HostAccess.ReadWrite), 0, content.Length);
    }
}

/// <summary>A flat extent in the middle of a file.</summary>
public sealed class FlatWithOffsetContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        byte[] file = ContractContent.Bytes(512 * 700);
        content = file[(512 * 63)..(512 * 600)];
        return new FlatDevice(
            ContractContent.HostWith("/f", file).Open("/f", HostAccess.ReadWrite), 512 * 63, content.Length);
    }
}

/// <summary>A flat extent whose file was cut: what is missing cannot be read.</summary>
public sealed class FlatTooShortContract : BlockReaderContract
{
    protected override IReadOnlyList<(long Offset, long Length)> Scars => [(100_000, 56_000)];

    protected override IBlockReader Create(out byte[] content)
    {
        byte[] file = ContractContent.Bytes(100_000);
        content = new byte[156_000];
        file.CopyTo(content, 0);
        return new FlatReader(ContractContent.HostWith("/f", file).Open("/f", HostAccess.Read), 0,
            content.Length);
    }
}
