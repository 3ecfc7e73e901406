using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;

namespace Palimpsest.Core.Chains.Changes;

/// <summary>Makes the steps that edit a machine's files.</summary>
internal static class DictionaryEdits
{
    /// <summary>The step that makes <paramref name="edits"/>; it knows what the keys hold now.</summary>
    /// <param name="name">The file, as the change speaks of it.</param>
    /// <param name="file">Its content; empty for one that is not there yet.</param>
    /// <param name="edits">The values.</param>
    /// <exception cref="BlockException">
    /// <c>Refused</c>: its encoding cannot hold a value, or it would be too large to be read again. Said
    /// while nothing has been changed yet.
    /// </exception>
    public static EditDictionaryStep Step(string name, DictionaryFile file, IReadOnlyList<KeyEdit> edits)
    {
        int lengthBytes = file.With(edits).ToBytes().Length;
        if (lengthBytes > DictionaryFile.MaximumBytes)
        {
            throw new BlockException(BlockErrorKind.Refused, name, null,
                $"it would have {lengthBytes} bytes, more than any such file");
        }
        return new EditDictionaryStep
        {
            Path = name,
            Edits = edits,
            Before = [.. edits.Select(edit => edit with { Value = file[edit.Key] })],
        };
    }
}
