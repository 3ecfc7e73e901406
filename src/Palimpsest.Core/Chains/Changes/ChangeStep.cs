using System.Text.Json.Serialization;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// One step of a change that spans several files. Doing a step again does no harm, so that a change which was
/// interrupted is finished by doing its steps again from the first that is not known to be done.
/// </summary>
/// <remarks>Paths are bare names in the change's folder, or absolute where a chain spans folders.</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "step")]
[JsonDerivedType(typeof(MergeStep), "merge")]
[JsonDerivedType(typeof(NewDeltaStep), "new-delta")]
[JsonDerivedType(typeof(EmptyDeltaStep), "empty-delta")]
[JsonDerivedType(typeof(EditDescriptorStep), "edit-descriptor")]
[JsonDerivedType(typeof(EditDictionaryStep), "edit-dictionary")]
[JsonDerivedType(typeof(FreezeStep), "freeze")]
[JsonDerivedType(typeof(DeleteFilesStep), "delete")]
public abstract record ChangeStep
{
    /// <summary>What it does, in words that name the files.</summary>
    [JsonIgnore]
    public abstract string Text { get; }
}

/// <summary>
/// Writes everything that the links from <see cref="Head"/> down to, but without, <see cref="Target"/> hold
/// into the target.
/// </summary>
public sealed record MergeStep : ChangeStep
{
    /// <summary>The topmost link whose content goes down.</summary>
    public required string Head { get; init; }

    /// <summary>The link that takes the content.</summary>
    public required string Target { get; init; }

    /// <summary>The link directly above the target; the head itself when only one is merged.</summary>
    public required string Above { get; init; }

    /// <summary>CID of the target before.</summary>
    public required uint OldContentId { get; init; }

    /// <summary>CID of the target from before its first changed byte on.</summary>
    public required uint NewContentId { get; init; }

    /// <summary>CID of the head; while it has this one, what was copied before an interruption still counts.</summary>
    public required uint HeadContentId { get; init; }

    /// <summary>Reads the target again afterwards, and compares.</summary>
    public bool Verifies { get; init; }

    /// <summary>Everything before this offset of the guest's disk is in the target, durably.</summary>
    public long DoneBytes { get; init; }

    /// <inheritdoc/>
    public override string Text => $"copy what {Head} holds{(Above == Head ? "" : $" and the links down to {Above}")} "
        + $"into {Target}";
}

/// <summary>Makes an empty delta on top of a link.</summary>
public sealed record NewDeltaStep : ChangeStep
{
    /// <summary>The delta's descriptor, or its one file.</summary>
    public required string Path { get; init; }

    /// <summary>Its createType: monolithicSparse, twoGbMaxExtentSparse or vmfsSparse.</summary>
    public required string Kind { get; init; }

    /// <summary>The link below.</summary>
    public required string Parent { get; init; }

    /// <summary><c>parentFileNameHint</c> as it is written.</summary>
    public required string ParentHint { get; init; }

    /// <summary>CID of the parent.</summary>
    public required uint ParentContentId { get; init; }

    /// <summary>CID of the delta.</summary>
    public required uint ContentId { get; init; }

    /// <summary>Size of the guest's disk in bytes.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>File whose owner and mode the delta's files get; null leaves them as created.</summary>
    public string? PermissionsLike { get; init; }

    /// <inheritdoc/>
    public override string Text => $"make the empty delta {Path} on {Parent}";
}

/// <summary>Replaces the data of a delta, which its parent holds by now, by an empty delta.</summary>
public sealed record EmptyDeltaStep : ChangeStep
{
    /// <summary>The delta.</summary>
    public required string Path { get; init; }

    /// <summary>Hint of the link it stands on from now on.</summary>
    public required string ParentHint { get; init; }

    /// <summary>CID of the link it stands on from now on.</summary>
    public required uint ParentContentId { get; init; }

    /// <inheritdoc/>
    public override string Text => $"make {Path} an empty delta on {ParentHint}";
}

/// <summary>One value that is set, or removed.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its new value; null removes the key.</param>
public sealed record KeyEdit(string Key, string? Value = null);

/// <summary>Changes single values of a link's descriptor.</summary>
public sealed record EditDescriptorStep : ChangeStep
{
    /// <summary>The link.</summary>
    public required string Path { get; init; }

    /// <summary>The values.</summary>
    public required IReadOnlyList<KeyEdit> Edits { get; init; }

    /// <inheritdoc/>
    public override string Text => $"in {Path} {KeyEdits.TextOf(Edits)}";
}

/// <summary>Changes single values of a <c>.vmx</c> or <c>.vmsd</c> file.</summary>
public sealed record EditDictionaryStep : ChangeStep
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The values.</summary>
    public required IReadOnlyList<KeyEdit> Edits { get; init; }

    /// <summary>
    /// What the keys hold when the change is planned. A key that holds neither this nor its new value was
    /// changed by somebody else since, and is not touched. Null: not known.
    /// </summary>
    public IReadOnlyList<KeyEdit>? Before { get; init; }

    /// <summary>When the file is not there it is made, with the owner and mode of this one.</summary>
    public string? CreateLike { get; init; }

    /// <summary>What the edits are for, in place of the list of them.</summary>
    public string? Purpose { get; init; }

    /// <inheritdoc/>
    public override string Text => $"in {Path} {Purpose ?? KeyEdits.TextOf(Edits)}";
}

/// <summary>Takes the permission to write from files that a snapshot froze.</summary>
public sealed record FreezeStep : ChangeStep
{
    /// <summary>The files.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <inheritdoc/>
    public override string Text => $"freeze {string.Join(", ", Paths)}";
}

/// <summary>Deletes files that nothing needs any more.</summary>
public sealed record DeleteFilesStep : ChangeStep
{
    /// <summary>The files, in the order in which they go: descriptors before data.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>
    /// Bytes of them whose content is nowhere else and is thrown away; 0 where all of it is in another link
    /// by then.
    /// </summary>
    public long LostBytes { get; init; }

    /// <inheritdoc/>
    public override string Text => $"{(LostBytes > 0 ? "throw away" : "delete")} {string.Join(", ", Paths)}"
        + (LostBytes > 0 ? $" ({LostBytes} bytes)" : "");
}

internal static class KeyEdits
{
    public static string TextOf(IReadOnlyList<KeyEdit> edits) => string.Join(", ", edits.Select(edit =>
        edit.Value is null ? $"remove {edit.Key}" : $"set {edit.Key} to \"{edit.Value}\""));
}
