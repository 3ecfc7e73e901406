namespace Palimpsest.Core.Formats.Vmdk.StreamOptimized;

/// <summary>What an index of grains knows of one.</summary>
internal enum GrainState : byte
{
    /// <summary>Nobody stored it.</summary>
    Hole,

    /// <summary>Known to be zero.</summary>
    Zero,

    /// <summary>A marker with compressed data is said to be at a sector of the file.</summary>
    Stored,

    /// <summary>It may have been stored, and cannot be had.</summary>
    Unreadable,
}

/// <summary>Neighbouring grains of one state.</summary>
/// <param name="State">Their state.</param>
/// <param name="Count">At least 1.</param>
/// <param name="MarkerSector">Sector of the first one's marker, when stored.</param>
internal readonly record struct GrainSpan(GrainState State, long Count, uint MarkerSector = 0);

/// <summary>
/// Where grains lie: the file's own tables, or an index rebuilt from its markers. Thread-safe.
/// </summary>
internal interface IGrainMap
{
    /// <summary>
    /// The span that begins at <paramref name="grainIndex"/>, at most <paramref name="maxCount"/> grains. May
    /// end early: the work per call is bounded.
    /// </summary>
    GrainSpan Find(long grainIndex, long maxCount);

    /// <summary>Why grains are <see cref="GrainState.Unreadable"/>, for the error of a read.</summary>
    string UnreadableReason { get; }
}
