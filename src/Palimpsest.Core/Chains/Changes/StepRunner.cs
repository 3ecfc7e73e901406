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

    private void EditDictionary(EditDictionaryStep step)
    {
        string path = HostPath.Combine(folder, step.Path);
        DictionaryFile dictionary = DictionaryFile.Read(host, path, findings);
        byte[] before = dictionary.ToBytes();
        foreach (KeyEdit edit in step.Edits)
        {
            dictionary = edit.Value is null ? dictionary.Without(edit.Key) : dictionary.With(edit.Key, edit.Value);
        }
        byte[] after = dictionary.ToBytes();
        if (!after.AsSpan().SequenceEqual(before)) { AtomicFile.Replace(host, path, after); }
    }

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
