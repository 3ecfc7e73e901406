namespace Palimpsest.Core.Findings;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>Worth knowing; nothing is wrong.</summary>
    Info,

    /// <summary>Unusual or at risk; the content is not affected.</summary>
    Warning,

    /// <summary>Damaged: some content cannot be had, or a write would make things worse.</summary>
    Error,

    /// <summary>The disk is not opened at all: what the bytes mean cannot be known.</summary>
    Refusal,
}

/// <summary>
/// One kind of finding, with a stable identifier. <c>docs/findings.md</c> is generated from these.
/// </summary>
/// <param name="Id">Stable: <c>VMDK1042</c>. Never reused for another meaning.</param>
/// <param name="Severity">How bad.</param>
/// <param name="ExitCode">What a command that stops because of it returns; see
/// <see cref="ExitCodes"/>.</param>
/// <param name="Title">What was found, in a few words.</param>
/// <param name="Cause">How disks come to be so.</param>
/// <param name="Next">The next safe step.</param>
public sealed record FindingCode(
    string Id, Severity Severity, int ExitCode, string Title, string Cause, string Next)
{
    /// <inheritdoc/>
    public override string ToString() => Id;
}

/// <summary>Something wrong, or worth knowing, at one place of one file.</summary>
/// <param name="Code">Which kind.</param>
/// <param name="Path">The host file it was found in.</param>
/// <param name="Message">What exactly, with the values seen.</param>
/// <param name="OffsetBytes">Byte offset in the file, where one makes sense.</param>
/// <param name="Field">Name of the field or key, where there is one.</param>
public sealed record Finding(
    FindingCode Code, string Path, string Message, long? OffsetBytes = null, string? Field = null)
{
    /// <summary>Severity of the code.</summary>
    public Severity Severity => Code.Severity;

    /// <inheritdoc/>
    public override string ToString() => $"{Code.Id} {Path}: {Message}";
}

/// <summary>
/// Findings collected while parsing, validating and opening. Not thread-safe: one list belongs to one open.
/// Bounded, so that a hostile image cannot fill memory with complaints.
/// </summary>
public sealed class FindingList
{
    /// <summary>At most this many findings are kept; <see cref="DroppedCount"/> counts the rest.</summary>
    public const int Limit = 1000;

    private readonly List<Finding> findings = [];

    /// <summary>The findings, in the order they were made.</summary>
    public IReadOnlyList<Finding> Items => findings;

    /// <summary>How many were not kept because <see cref="Limit"/> was reached.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>The worst severity seen, dropped ones included; null when there is none.</summary>
    public Severity? Worst { get; private set; }

    /// <summary>Adds a finding.</summary>
    public void Add(FindingCode code, string path, string message, long? offsetBytes = null,
        string? field = null) =>
            Add(new Finding(code, path, message, offsetBytes, field));

    /// <summary>Adds a finding.</summary>
    public void Add(Finding finding)
    {
        if (Worst is null || finding.Severity > Worst) { Worst = finding.Severity; }
        if (findings.Count >= Limit && finding.Severity < Severity.Refusal) { DroppedCount++; return; }
        findings.Add(finding);
    }

    /// <summary>
    /// Throws <see cref="ImageException"/> when any finding is a <see cref="Severity.Refusal"/>.
    /// </summary>
    public void ThrowIfRefused()
    {
        foreach (Finding finding in findings)
        {
            if (finding.Severity == Severity.Refusal) { throw new ImageException(finding, findings); }
        }
    }

    /// <summary>Adds the finding and throws it: for the point where opening cannot go on.</summary>
    public ImageException Refuse(
        FindingCode code, string path, string message, long? offsetBytes = null, string? field = null) =>
        Refuse(new Finding(code, path, message, offsetBytes, field));

    /// <summary>Adds the finding and throws it.</summary>
    public ImageException Refuse(Finding finding)
    {
        Add(finding);
        return new ImageException(finding, findings);
    }
}

/// <summary>
/// An image was refused: what its bytes mean cannot be known, or using them would be unsafe.
/// </summary>
public sealed class ImageException : Exception
{
    /// <summary>Creates the refusal with everything found until then.</summary>
    public ImageException(Finding reason, IReadOnlyList<Finding> findings)
        : base($"{reason.Path}: {reason.Message} [{reason.Code.Id}]")
    {
        Reason = reason;
        Findings = [.. findings];
    }

    /// <summary>The finding that stopped it.</summary>
    public Finding Reason { get; }

    /// <summary>All findings made before, and <see cref="Reason"/>.</summary>
    public IReadOnlyList<Finding> Findings { get; }
}
