using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;

namespace Palimpsest.Tests.Blocks;

/// <summary>Several devices in a row, an empty one among them.</summary>
public sealed class ConcatDeviceContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        content = ContractContent.Bytes(200_000);
        return new ConcatDevice(
        [
            new MemoryDevice(content[..1]), new MemoryDevice(content[1..70_001]), new MemoryDevice([]),
            new MemoryDevice(content[70_001..]),
        ]);
    }
}

/// <summary>Readers in a row, zeros among them.</summary>
public sealed class ConcatReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        content = ContractContent.Bytes(200_000);
        content.AsSpan(50_000, 60_000).Clear();
        return new ConcatReader(
            [new MemoryDevice(content[..50_000]), new ZeroReader(60_000),
                new MemoryDevice(content[110_000..])]);
    }
}

/// <summary>A part of a device.</summary>
public sealed class SliceDeviceContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        byte[] whole = ContractContent.Bytes(300_000);
        content = whole[1000..290_000];
        return new SliceDevice(Own(new MemoryDevice(whole)), 1000, 289_000);
    }
}

/// <summary>A device that renews its content id at the first write.</summary>
public sealed class FirstWriteDeviceContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        content = ContractContent.Bytes(100_000);
        return new FirstWriteDevice(new MemoryDevice((byte[])content.Clone()), () => { });
    }
}

/// <summary>Declared zeros.</summary>
public sealed class ZeroReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        content = new byte[123_456];
        return new ZeroReader(content.Length);
    }
}

/// <summary>What hides that a device can be written.</summary>
public sealed class ReadOnlyReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        content = ContractContent.Bytes(50_000);
        return new ReadOnlyReader(Own(new MemoryDevice((byte[])content.Clone())));
    }
}

/// <summary>A reader with scars.</summary>
public sealed class FaultReaderContract : BlockReaderContract
{
    protected override IReadOnlyList<(long Offset, long Length)> Scars =>
        [(0, 512), (40_000, 1), (199_488, 512)];

    protected override IBlockReader Create(out byte[] content)
    {
        content = ContractContent.Bytes(200_000);
        return new FaultReader(new MemoryDevice((byte[])content.Clone()), Scars);
    }
}

/// <summary>A hosted sparse delta over a base.</summary>
public sealed class OverlayOverHostedSparseContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        content = ContractContent.Bytes(512 * 1001);
        var under = new MemoryDevice((byte[])content.Clone());
        HostedSparseDevice layer =
            SparseContent.Device(new SimulatedHost(), content.Length, 8192, hasParent: true);
        var overlay = new OverlayDevice<HostedSparseDevice>(layer, Own(under));
        ContractContent.Bytes(30_000, 1).CopyTo(content, 100_000);
        overlay.Write(100_000, content.AsSpan(100_000, 30_000));
        overlay.WriteZeroes(300_000, 50_000, ZeroMode.MayPunch);
        content.AsSpan(300_000, 50_000).Clear();
        return overlay;
    }
}

/// <summary>A read-only layer over a base.</summary>
public sealed class OverlayReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        content = ContractContent.Bytes(512 * 1001);
        var under = new MemoryDevice((byte[])content.Clone());
        var host = new SimulatedHost();
        using (HostedSparseDevice layer = SparseContent.Device(host, content.Length, 4096, hasParent: true))
        {
            byte[] grains = ContractContent.Bytes(40_960, 2);
            layer.Write(81_920, grains);
            grains.CopyTo(content, 81_920);
        }
        return new OverlayReader(
            HostedSparseReader.Open(host.Open("/s", HostAccess.Read), new FindingList()), Own(under));
    }
}
