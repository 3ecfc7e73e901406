using Palimpsest.Core.Blocks;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Formats.Vmdk.StreamOptimized;
using Palimpsest.Core.Platform;
using Palimpsest.Tests.Simulation;

namespace Palimpsest.Tests.Blocks;

/// <summary>Sparse extents for the subjects of the contracts.</summary>
internal static class SparseContent
{
    internal static HostedSparseDevice Device(SimulatedHost host, long capacityBytes, int grainBytes, bool hasParent)
    {
        using (HostFile file = host.Open("/s", HostAccess.CreateNew))
        {
            HostedSparseFile.Create(
                file, new HostedSparseCreation { CapacityBytes = capacityBytes, GrainBytes = grainBytes });
        }
        return HostedSparseDevice.Open(host.Open("/s", HostAccess.ReadWrite), new FindingList(), hasParent);
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
        HostedSparseDevice device = SparseContent.Device(new SimulatedHost(), 512 * 1001, 65536, hasParent: false);
        content = SparseContent.Fill(device);
        return device;
    }
}

/// <summary>A hosted sparse extent of several grain tables.</summary>
public sealed class HostedSparseSmallGrainsContract : BlockDeviceContract
{
    protected override IBlockDevice CreateDevice(out byte[] content)
    {
        HostedSparseDevice device = SparseContent.Device(new SimulatedHost(), 5 << 20, 4096, hasParent: false);
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
