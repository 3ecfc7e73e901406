using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains;

/// <summary>What a repair may do beyond what is certain.</summary>
public sealed record RepairOptions
{
    /// <summary>
    /// Takes the parent as it is for the one this disk was made on, and writes its content id into this disk.
    /// Only right when nothing wrote to the parent's data since.
    /// </summary>
    public bool AcceptParent { get; init; }
}

/// <summary>What is to be changed in one file.</summary>
public sealed record RepairStep
{
    /// <summary>The file.</summary>
    public required string FilePath { get; init; }

    /// <summary>What for, in plain words.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>
    /// Changes in place, in the order in which they are made. Empty where the whole file is replaced.
    /// </summary>
    public IReadOnlyList<ByteChange> Changes { get; init; } = [];

    /// <summary>The text of a descriptor file before; null for changes in place.</summary>
    public byte[]? OldText { get; init; }

    /// <summary>Its text afterwards; null for changes in place.</summary>
    public byte[]? NewText { get; init; }

    /// <summary>Bytes that are written.</summary>
    public long ChangedBytes => NewText?.Length ?? Changes.Sum(change => (long)change.New.Length);
}

/// <summary>What a repair would do. Making it changes nothing.</summary>
public sealed record RepairPlan
{
    /// <summary>What was named.</summary>
    public required string Path { get; init; }

    /// <summary>How the disk is opened.</summary>
    public required DiskOpenOptions OpenOptions { get; init; }

    /// <summary>What it may do; followed again when what is left after it needs another round.</summary>
    public RepairOptions RepairOptions { get; init; } = new();

    /// <summary>One for each file, in the order in which they are done: data structures before descriptors.</summary>
    public required IReadOnlyList<RepairStep> Steps { get; init; }

    /// <summary>What the check found before, and what the repair leaves undecided.</summary>
    public required FindingList Findings { get; init; }
}

/// <summary>A repair that was done.</summary>
/// <param name="Steps">What was changed, in the order in which it was: first what was planned, then what further rounds
/// found to be mendable.</param>
/// <param name="KeptPaths">Old descriptors, each whole.</param>
/// <param name="UndoPaths">Undo files, one for each file that a round changed in place, in the order to take them back:
/// the last one written is the first; see <see cref="DiskRepair.Undo"/>.</param>
/// <param name="After">What a new check finds.</param>
public sealed record RepairResult(IReadOnlyList<RepairStep> Steps, IReadOnlyList<string> KeptPaths,
    IReadOnlyList<string> UndoPaths, CheckResult After);
