using Palimpsest.Core.Blocks;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Drifting;
using Palimpsest.Core.Platform;
using Xunit;

namespace Palimpsest.Tests.Chains.Drifting;

/// <summary>
/// What a chain's layers must hold, from a record of the writes: for each layer one word per sector. Slow and
/// simple.
/// </summary>
internal sealed class DriftModel
{
    private readonly List<Layer> layers = [];

    /// <summary>A layer on top of the others, from its link, opened and not written yet.</summary>
    internal void AddLayer(Link link)
    {
        var layer = new Layer(
            new Part[link.CapacityBytes / Sector.Bytes],
            [.. link.Extents.Select(extent => (
                extent.VirtualOffset / Sector.Bytes, extent.Line.SectorCount,
                extent.Reader is ISparseLayer sparse ? sparse.GrainBytes / Sector.Bytes : 0))]);
        layers.Insert(0, layer);
        foreach (LinkExtent extent in link.Extents)
        {
            if (extent.Reader is ISparseLayer) { continue; }
            bool isZero = extent.Reader is ZeroReader;
            layer.Sectors.AsSpan((int)(extent.VirtualOffset / Sector.Bytes), (int)extent.Line.SectorCount)
                .Fill(isZero ? Part.Zero : Part.Data);
        }
    }

    /// <summary>A write to the head: in extents with grains, whole ones are stored.</summary>
    internal void Write(long firstSector, long sectorCount)
    {
        Layer head = layers[0];
        for (long sector = firstSector; sector < firstSector + sectorCount; sector++)
        {
            (long start, long count, int grain) = head.ExtentAt(sector);
            if (grain == 0) { continue; }
            long grainStart = start + ((sector - start) / grain * grain);
            long grainEnd = Math.Min(grainStart + grain, start + count);
            head.Sectors.AsSpan((int)grainStart, (int)(grainEnd - grainStart)).Fill(Part.Data);
        }
    }

    /// <summary>Asserts that the measured numbers are these.</summary>
    internal void AssertSame(ChainDrift drift)
    {
        int count = layers[0].Sectors.Length, last = layers.Count - 1;
        int[] visible = [.. Enumerable.Range(0, count).Select(sector =>
            layers.FindIndex(layer => layer.Sectors[sector] != Part.None))];
        Assert.Equal(layers.Count, drift.Layers.Count);
        for (int depth = 0; depth <= last; depth++)
        {
            LayerDrift layer = drift.Layers[depth];
            Part[] sectors = layers[depth].Sectors;
            Assert.Equal(Bytes(sectors, (part, _) => part == Part.Data), layer.DataBytes);
            Assert.Equal(Bytes(sectors, (part, _) => part == Part.Zero), layer.ZeroBytes);
            Assert.Equal(Bytes(sectors, (part, i) => part == Part.Data && visible[i] == depth),
                layer.VisibleDataBytes);
            Assert.Equal(Bytes(sectors, (part, i) => part != Part.None && visible[i] == depth),
                layer.VisibleBytes);
            Assert.Equal(Bytes(sectors, (part, i) => part != Part.None && visible[i] != depth),
                layer.HiddenBytes);
            AssertCells(drift, layer.Cells, i => sectors[i] != Part.None);
            AssertCells(drift, layer.VisibleCells, i => sectors[i] != Part.None && visible[i] == depth);
            if (depth < last)
            {
                Assert.Equal(RoomIn(layers[depth + 1], i => sectors[i] == Part.Data),
                    layer.Commit!.RoomBytes);
                Assert.Equal(layer.DataBytes + layer.ZeroBytes, layer.Commit.BytesToWrite);
            }
        }
        Assert.Null(drift.Base.Commit);
        Assert.Equal(visible.Count(depth => depth < 0) * (long)Sector.Bytes, drift.UnansweredBytes);
        Assert.Equal(visible.Count(depth => depth >= 0 && depth < last) * (long)Sector.Bytes,
            drift.CoveredBytes);
        Assert.Equal(Bytes(layers[last].Sectors, (part, i) => part == Part.Data && visible[i] != last),
            drift.SupersededBytes);
        AssertMean(drift, visible);
        if (last == 0) { return; }
        Assert.Equal(RoomIn(layers[last], i =>
            visible[i] >= 0 && visible[i] < last && layers[visible[i]].Sectors[i] == Part.Data),
            drift.Consolidation!.RoomBytes);
        Assert.Equal(drift.CoveredBytes, drift.Consolidation.BytesToWrite);
    }

    private void AssertMean(ChainDrift drift, int[] visible)
    {
        int[] depths = [.. visible.Where((depth, i) => depth >= 0 && layers[depth].Sectors[i] == Part.Data)];
        Assert.Equal(depths.Length > 0 ? depths.Average() : null, drift.MeanDepth);
    }

    private static void AssertCells(ChainDrift drift, IReadOnlyList<long> cells, Func<int, bool> isIn)
    {
        int sectorsPerCell = (int)(drift.CellBytes / Sector.Bytes);
        int sectorCount = (int)(drift.CapacityBytes / Sector.Bytes);
        Assert.InRange(cells.Count, 1, ChainDrift.CellCount);
        for (int cell = 0; cell < cells.Count; cell++)
        {
            int start = cell * sectorsPerCell, end = Math.Min(start + sectorsPerCell, sectorCount);
            Assert.Equal(
                Enumerable.Range(start, end - start).Count(isIn) * (long)Sector.Bytes, cells[cell]);
        }
    }

    private static long Bytes(Part[] sectors, Func<Part, int, bool> counts) =>
        sectors.Where(counts).Count() * (long)Sector.Bytes;

    // Sectors that come in and are not stored yet; where there are grains, each grain they lie in once.
    private static long RoomIn(Layer target, Func<int, bool> comesIn)
    {
        long bytes = 0;
        var grains = new HashSet<(long, long)>();
        for (int sector = 0; sector < target.Sectors.Length; sector++)
        {
            if (!comesIn(sector) || target.Sectors[sector] == Part.Data) { continue; }
            (long start, _, int grain) = target.ExtentAt(sector);
            if (grain == 0) { bytes += Sector.Bytes; }
            else if (grains.Add((start, (sector - start) / grain))) { bytes += grain * (long)Sector.Bytes; }
        }
        return bytes;
    }

    private enum Part : byte
    {
        None,
        Data,
        Zero,
    }

    private sealed record Layer(Part[] Sectors, (long Start, long Count, int GrainSectors)[] Extents)
    {
        internal (long Start, long Count, int GrainSectors) ExtentAt(long sector) =>
            Extents.First(extent => sector >= extent.Start && sector < extent.Start + extent.Count);
    }
}
