using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Formats.Vmdk.SeSparse;
using Palimpsest.Tests.Formats.Vmdk.StreamOptimized;
using Palimpsest.Tests.Simulation;

namespace Palimpsest.Tests.Blocks;

/// <summary>Sparse extents for the subjects of the contracts.</summary>
internal static class SparseContent
{
    internal static HostedSparseDevice Device(SimulatedHost host, long capacityBytes, int grainBytes,
        bool hasParent)
    {
        using (HostFile file = host.Open("/s", HostAccess.CreateNew))
        {
            HostedSparseFile.Create(
                file, new HostedSparseCreation { CapacityBytes = capacityBytes, GrainBytes = grainBytes });
        }
        return HostedSparseDevice.Open(host.Open("/s", HostAccess.ReadWrite), new FindingList(), hasParent);
    }

    internal static CowdDevice Delta(SimulatedHost host, long capacityBytes, int grainBytes, bool hasParent)
    {
        using (HostFile file = host.Open("/s", HostAccess.CreateNew))
        {
            CowdFile.Create(file,
                new CowdCreation { CapacityBytes = capacityBytes, GrainBytes = grainBytes });
        }
        return CowdDevice.Open(host.Open("/s", HostAccess.ReadWrite), new FindingList(), hasParent);
    }

    internal static StreamOptimizedReader Stream(Func<StreamRecipe, byte[]> build, out byte[] content)
    {
        var recipe = new StreamRecipe(128 * 9);
        foreach (int grain in (int[])[0, 1, 4, 8]) { recipe.Grain(grain, StreamRecipe.Content(grain)); }
        content = recipe.Disk();
        return StreamOptimizedReader.Open(
            ContractContent.HostWith("/s", build(recipe)).Open("/s", HostAccess.Read), new FindingList());
    }

    /// <summary>Writes here and there, and the same into an array.</summary>
    internal static byte[] Fill(IBlockDevice device)
    {
        byte[] content = new byte[device.Length];
        var random = new Random(7);
        for (int i = 0; i < 12; i++)
        {
            int length = random.Next(1, 20_000), offset = random.Next(content.Length - length);
            random.NextBytes(content.AsSpan(offset, length));
            device.Write(offset, content.AsSpan(offset, length));
        }
        return content;
    }
}

/// <summary>A hosted sparse extent that ends within a grain.</summary>
public sealed class HostedSparseDeviceContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        HostedSparseDevice device =
            SparseContent.Device(new SimulatedHost(), 512 * 1001, 65536, hasParent: false);
        content = SparseContent.Fill(device);
        return device;
    }
}

/// <summary>A hosted sparse extent of several grain tables.</summary>
public sealed class HostedSparseSmallGrainsContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        HostedSparseDevice device =
            SparseContent.Device(new SimulatedHost(), 5 << 20, 4096, hasParent: false);
        content = SparseContent.Fill(device);
        return device;
    }
}

/// <summary>A hosted sparse extent, read only.</summary>
public sealed class HostedSparseReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        var host = new SimulatedHost();
        using (HostedSparseDevice device = SparseContent.Device(host, 3 << 20, 4096, hasParent: false))
        {
            content = SparseContent.Fill(device);
        }
        return HostedSparseReader.Open(host.Open("/s", HostAccess.Read), new FindingList());
    }
}

/// <summary>An ESX delta, alone.</summary>
public sealed class CowdDeviceContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        CowdDevice device = SparseContent.Delta(new SimulatedHost(), 512 * 5001, 512, hasParent: false);
        content = SparseContent.Fill(device);
        return device;
    }
}

/// <summary>An ESX delta, read only.</summary>
public sealed class CowdReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        var host = new SimulatedHost();
        using (CowdDevice device = SparseContent.Delta(host, 512 * 5001, 4096, hasParent: false))
        {
            content = SparseContent.Fill(device);
        }
        return CowdReader.Open(host.Open("/s", HostAccess.Read), new FindingList());
    }
}

/// <summary>An ESX delta over a base.</summary>
public sealed class OverlayOverCowdContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        content = ContractContent.Bytes(512 * 1001);
        var under = new MemoryDevice((byte[])content.Clone());
        CowdDevice layer = SparseContent.Delta(new SimulatedHost(), content.Length, 2048, hasParent: true);
        var overlay = new OverlayDevice<CowdDevice>(layer, Own(under));
        ContractContent.Bytes(30_000, 1).CopyTo(content, 100_001);
        overlay.Write(100_001, content.AsSpan(100_001, 30_000));
        return overlay;
    }
}

/// <summary>A space-efficient delta.</summary>
public sealed class SeSparseReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content)
    {
        var host = new SimulatedHost();
        content = new byte[1 << 20];
        using (HostFile file = host.Open("/s", HostAccess.CreateNew))
        {
            var builder = new SeSparseBuilder(file, content.Length);
            foreach (int grain in (int[])[0, 3, 4, 200, 255])
            {
                byte[] bytes = ContractContent.Bytes(4096, grain);
                builder.Grain(grain, bytes);
                bytes.CopyTo(content, grain * 4096);
            }
            builder.Entry(7, 0x2000_0000_0000_0000);
        }
        return SeSparseReader.Open(host.Open("/s", HostAccess.Read), new FindingList());
    }
}

/// <summary>A compressed stream, from its footer.</summary>
public sealed class StreamReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content) =>
        SparseContent.Stream(recipe => recipe.BuildStream(), out content);
}

/// <summary>A compressed stream with its tables in front.</summary>
public sealed class RandomAccessStreamReaderContract : BlockReaderContract
{
    protected override IBlockReader Create(out byte[] content) =>
        SparseContent.Stream(recipe => recipe.BuildRandomAccess(), out content);
}
