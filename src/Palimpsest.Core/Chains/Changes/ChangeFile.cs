using System.Text.Json;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>
/// The file in which a change of a chain is written down while it is being made. One to a folder; while it is
/// there, no other change is begun.
/// </summary>
internal static class ChangeFile
{
    /// <summary>Its name, in the folder of the link whose content changes.</summary>
    public const string Name = "palimpsest-change.json";

    // A change of a chain of 255 links with its machine's files has some hundred kilobytes.
    private const int MaximumBytes = 4 << 20, MarginBytes = 64 << 10, MaximumSteps = 4096;

    /// <summary>The change that is under way in a folder; null when there is none.</summary>
    /// <exception cref="ImageException">There is one, and it cannot be used.</exception>
    public static ChainChange? TryRead(IHost host, string folder, bool allowOutside, FindingList findings)
    {
        string path = HostPath.Combine(folder, Name);
        if (host.Stat(path) is not { Kind: HostEntryKind.File } entry) { return null; }
        if (entry.LengthBytes > MaximumBytes)
        {
            throw findings.Refuse(ChangeFindings.BadChangeFile, path, $"it has {entry.LengthBytes} bytes");
        }
        byte[] bytes;
        using (HostFile file = host.Open(path, HostAccess.Read))
        {
            bytes = new byte[Math.Min(file.Length, MaximumBytes)];
            file.Read(0, bytes);
        }
        return Parse(bytes, path, allowOutside, findings);
    }

    /// <summary>Writes a change down before its first step.</summary>
    /// <exception cref="BlockException"><c>Refused</c>: it is too large to be read again.</exception>
    /// <exception cref="ImageException">It could not be read again; nothing was changed.</exception>
    public static void Begin(IHost host, string folder, ChainChange change)
    {
        // Later states have a few digits more.
        byte[] bytes = ToBytes(change);
        if (change.Steps.Count > MaximumSteps || bytes.Length > MaximumBytes - MarginBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, folder, null,
                $"the change has {change.Steps.Count} steps in {bytes.Length} bytes, more than could be resumed; "
                + "nothing was changed");
        }
        Parse(bytes, folder, allowOutside: true, new FindingList());
        Write(host, folder, change);
    }

    /// <summary>Writes it, durably, in place of an earlier state of the same change.</summary>
    public static void Write(IHost host, string folder, ChainChange change) =>
        AtomicFile.Replace(host, HostPath.Combine(folder, Name), ToBytes(change));

    /// <summary>Says that the change is done.</summary>
    public static void Delete(IHost host, string folder)
    {
        host.Delete(HostPath.Combine(folder, Name));
        host.FlushFolder(folder);
    }

    /// <summary>The path that a name in a change stands for.</summary>
    public static string PathOf(string folder, string name) => HostPath.Combine(folder, name);

    /// <summary>The name under which a change in <paramref name="folder"/> speaks of a path.</summary>
    public static string NameOf(string folder, string realPath) =>
        HostPath.FolderOf(realPath) == folder ? HostPath.NameOf(realPath) : realPath;

    internal static ChainChange Parse(
        ReadOnlySpan<byte> bytes, string path, bool allowOutside, FindingList findings)
    {
        ChainChange? change;
        try
        {
            change = JsonSerializer.Deserialize(bytes, ChangeJson.Default.ChainChange);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw findings.Refuse(ChangeFindings.BadChangeFile, path, "it is not the JSON of a change");
        }
        if (change is null || change.Schema != ChainChange.CurrentSchema || change.Steps.Count > MaximumSteps
            || change.DoneSteps < 0 || change.DoneSteps > change.Steps.Count || change.Steps.Contains(null!))
        {
            throw findings.Refuse(ChangeFindings.BadChangeFile, path,
                $"its schema is not {ChainChange.CurrentSchema}, or its steps do not count");
        }
        foreach (string name in NamesIn(change))
        {
            if (IsUsable(name, allowOutside)) { continue; }
            throw findings.Refuse(ChangeFindings.ChangeOutsideFolder, path,
                $"it names \"{Formats.Vmdk.Descriptor.DescriptorParser.Printable(name)}\"");
        }
        return change;
    }

    /// <summary>Every file that a change speaks of.</summary>
    internal static IEnumerable<string> NamesIn(ChainChange change) =>
        change.Steps.SelectMany(NamesIn).Concat(change.LockedFiles)
        .Concat((change.Unchanged ?? []).Select(link => link.Path))
            .Append(change.Disk).Append(change.HeadAfter);

    /// <summary>Every file that a step speaks of.</summary>
    internal static IEnumerable<string> NamesIn(ChangeStep step) => step switch
    {
        MergeStep merge => [merge.Head, merge.Above, merge.Target],
        NewDeltaStep delta => delta.PermissionsLike is { } like
            ? [delta.Path, delta.Parent, like] : [delta.Path, delta.Parent],
        EmptyDeltaStep delta => [delta.Path],
        EditDescriptorStep edit => [edit.Path],
        EditDictionaryStep edit => edit.CreateLike is { } like ? [edit.Path, like] : [edit.Path],
        FreezeStep freeze => freeze.Paths,
        DeleteFilesStep delete => delete.Paths,
        _ => throw new InvalidOperationException($"{step.GetType().Name} names no files"),
    };

    private static byte[] ToBytes(ChainChange change) =>
        JsonSerializer.SerializeToUtf8Bytes(change, ChangeJson.Default.ChainChange);

    // The file may have come with the disk, from anybody: it must not make this program touch other files.
    private static bool IsUsable(string name, bool allowOutside)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal)) { return false; }
        string[] parts = name.Split('/');
        return !parts.Contains("..") && !parts.Contains(".")
            && (parts.Length == 1 || (allowOutside && name[0] == '/'));
    }
}
