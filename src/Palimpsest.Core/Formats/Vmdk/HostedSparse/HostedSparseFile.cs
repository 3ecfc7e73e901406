using System.Runtime.InteropServices;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Formats.Vmdk.HostedSparse;

/// <summary>What a new hosted sparse extent shall be.</summary>
public sealed record HostedSparseCreation
{
    /// <summary>Guest-visible bytes: whole sectors.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>
    /// Bytes of a grain: a power of two from 4 KiB to 32 MiB. Every writer known uses 64 KiB.
    /// </summary>
    public int GrainBytes { get; init; } = 64 << 10;

    /// <summary>
    /// Text of the descriptor to embed; null for an extent of a disk that has its descriptor elsewhere.
    /// </summary>
    public ReadOnlyMemory<byte>? EmbeddedDescriptor { get; init; }

    /// <summary>True to announce zeroed grains from the start (version 2).</summary>
    public bool ZeroedGrains { get; init; }
}

/// <summary>Creates hosted sparse extents, and changes their embedded descriptor.</summary>
public static class HostedSparseFile
{
    private const int DescriptorStartSector = 1, UsualDescriptorSectors = 20;

    // Some writers append lines to the text without looking whether they fit.
    private const int DescriptorSlackBytes = 1024;

    /// <summary>
    /// Makes an empty extent of an empty file: header, descriptor, redundant directory and its tables,
    /// directory and its tables, each table in its final place and still a hole of the host. The file ends
    /// where the first grain goes.
    /// </summary>
    /// <exception cref="BlockException">The host has no room, or the capacity needs tables past 2
    /// TiB.</exception>
    public static void Create(HostFile file, HostedSparseCreation options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.CapacityBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.CapacityBytes % Sector.Bytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GrainBytes, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.GrainBytes,
            (int)HostedSparseLayout.MaxGrainSectors * Sector.Bytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(int.IsPow2(options.GrainBytes), true);
        int grainSectors = options.GrainBytes / Sector.Bytes;
        long descriptorSectors = options.EmbeddedDescriptor is { } text
            ? Math.Max(UsualDescriptorSectors, Sector.CountFor(text.Length + DescriptorSlackBytes)) : 0;
        long tableCount = GrainGeometry.CountTables(
            options.CapacityBytes, (long)options.GrainBytes * SparseHeader.StandardTableEntries);
        var places = new DirectoryPlaces(tableCount, DescriptorStartSector + descriptorSectors);
        long overhead = (places.EndSector + grainSectors - 1) / grainSectors * grainSectors;
        if (overhead >= uint.MaxValue)
        {
            throw new BlockException(BlockErrorKind.NoSpace, file.Path, null,
                "the tables alone would pass 2 TiB, more than sector numbers of this format can say");
        }

        // Crash order: everything but the header, flush, header, flush. Before the header there is no extent.
        file.SetLength(overhead * Sector.Bytes);
        if (options.EmbeddedDescriptor is { } descriptor)
        {
            file.Write(DescriptorStartSector * Sector.Bytes, descriptor.Span);
        }
        WriteEntries(file, places.RedundantDirectorySector * Sector.Bytes, places.RedundantTablesSector,
            tableCount);
        WriteEntries(file, places.DirectorySector * Sector.Bytes, places.TablesSector, tableCount);
        file.Flush();
        WriteHeader(file, new SparseHeader
        {
            Magic = SparseHeader.MagicNumber,
            Version = options.ZeroedGrains ? 2u : 1u,
            Flags = (uint)(SparseFlags.ValidNewlines | SparseFlags.RedundantDirectory
                | (options.ZeroedGrains ? SparseFlags.ZeroedGrains : 0)),
            Capacity = (ulong)(options.CapacityBytes / Sector.Bytes),
            GrainSize = (ulong)grainSectors,
            DescriptorOffset = descriptorSectors == 0 ? 0u : DescriptorStartSector,
            DescriptorSize = (ulong)descriptorSectors,
            TableEntries = SparseHeader.StandardTableEntries,
            RedundantDirectoryOffset = (ulong)places.RedundantDirectorySector,
            DirectoryOffset = (ulong)places.DirectorySector,
            OverHead = (ulong)overhead,
            SingleEndLineChar = 0x0A,
            NonEndLineChar = 0x20,
            DoubleEndLineChar1 = 0x0D,
            DoubleEndLineChar2 = 0x0A,
        });
        file.Flush();
    }

    /// <summary>Writes directory entries that name consecutive tables.</summary>
    internal static void WriteEntries(HostFile file, long hostOffset, long firstTableSector, long tableCount)
    {
        const int TableSectors = SparseHeader.StandardTableEntries * GrainGeometry.EntryBytes / Sector.Bytes;
        uint[] entries = new uint[Math.Min(tableCount, 16384)];
        for (long done = 0; done < tableCount; done += entries.Length)
        {
            int count = (int)Math.Min(entries.Length, tableCount - done);
            for (int index = 0; index < count; index++)
            {
                entries[index] = (uint)(firstTableSector + ((done + index) * TableSectors));
            }
            GrainEntries.Write(file, hostOffset + (done * GrainGeometry.EntryBytes),
                entries.AsSpan(0, count));
        }
    }

    /// <summary>Writes the header sector.</summary>
    internal static void WriteHeader(HostFile file, in SparseHeader header)
    {
        Span<byte> sector = stackalloc byte[SparseHeader.SizeBytes];
        sector.Clear();
        MemoryMarshal.Write(sector, header);
        file.Write(0, sector);
    }

    // Both directories, each followed by its tables, as VMware's products lay them out.
    private readonly record struct DirectoryPlaces(long TableCount, long RedundantDirectorySector)
    {
        private const int TableSectors =
            SparseHeader.StandardTableEntries * GrainGeometry.EntryBytes / Sector.Bytes;

        internal long RedundantTablesSector => RedundantDirectorySector + DirectorySectors;

        internal long DirectorySector => RedundantTablesSector + (TableCount * TableSectors);

        internal long TablesSector => DirectorySector + DirectorySectors;

        internal long EndSector => TablesSector + (TableCount * TableSectors);

        private long DirectorySectors => Sector.CountFor(TableCount * GrainGeometry.EntryBytes);
    }
}
