using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>Does the steps of a change that are done in no time: all but merges.</summary>
internal sealed class StepRunner(DiskOpenOptions options, string folder, FindingList findings)
{
    private readonly IHost host = options.Host;

    /// <summary>Does a step, durably. Done already, it changes nothing.</summary>
    public void Run(ChangeStep step)
    {
        switch (step)
        {
            case NewDeltaStep delta: new DeltaSteps(options, folder).Create(delta); break;
            case EmptyDeltaStep delta: new DeltaSteps(options, folder).Empty(delta); break;
            case EditDescriptorStep edit: EditDescriptor(edit); break;
            case EditDictionaryStep edit: EditDictionary(edit); break;
            case FreezeStep freeze:
                foreach (string path in Existing(freeze.Paths)) { host.SetReadOnly(path); }
                break;
            case DeleteFilesStep delete: Delete(delete); break;
            default: throw new InvalidOperationException($"{step.GetType().Name} is not done here");
        }
    }

    // Crash order: a descriptor file is replaced by rename; one inside an extent through a second place in it.
    private void EditDescriptor(EditDescriptorStep step)
    {
        Link link = LinkProbe.Read(host, HostPath.Combine(folder, step.Path), new FindingList());
        var editor = new DescriptorEditor(link.Descriptor!);
        foreach (KeyEdit edit in step.Edits)
        {
            if (edit.Value is null) { editor.Remove(edit.Key); }
            else { editor.Set(edit.Key, edit.Value); }
        }
        DescriptorStore.Write(host, link.DescriptorPlace!, editor.ToBytes());
    }

    // Crash order: the file is replaced by rename, so that all of its values are old, or all are new.
    private void EditDictionary(EditDictionaryStep step)
    {
        string path = HostPath.Combine(folder, step.Path);
        bool isNew = step.CreateLike is not null && host.Stat(path) is null;
        DictionaryFile dictionary = isNew
            ? DictionaryFile.Parse([], path, findings) : DictionaryFile.Read(host, path, findings);
        ThrowIfEditedSince(step, dictionary, path);
        byte[] before = dictionary.ToBytes(), after = dictionary.With(step.Edits).ToBytes();
        if (after.AsSpan().SequenceEqual(before)) { return; }
        AtomicFile.Replace(host, path, after);
        if (isNew) { host.MatchPermissions(HostPath.Combine(folder, step.CreateLike!), path); }
    }

    private void ThrowIfEditedSince(EditDictionaryStep step, DictionaryFile dictionary, string path)
    {
        foreach (KeyEdit before in step.Before ?? [])
        {
            string? found = dictionary[before.Key];
            bool isKnown = found == before.Value
                || step.Edits.Any(edit => edit.Key == before.Key && edit.Value == found);
            if (isKnown)
            {
                continue;
            }
            throw findings.Refuse(ChangeFindings.ChangeOutdated, path,
                $"{before.Key} was {Shown(before.Value)} when the change was begun, and is {Shown(found)}");
        }
    }

    private static string Shown(string? value) => value is null ? "not there" : $"\"{value}\"";

    // Crash order: nothing refers to the files any more, and a descriptor goes before the data it names.
    private void Delete(DeleteFilesStep step)
    {
        foreach (string path in Existing(step.Paths))
        {
            host.Delete(path);
            host.FlushFolder(HostPath.FolderOf(path));
        }
    }

    private IEnumerable<string> Existing(IReadOnlyList<string> names) =>
        names.Select(name => HostPath.Combine(folder, name)).Where(path => host.Stat(path) is not null);
}
