using Palimpsest.Core.Blocks;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Formats.Vmdk;

/// <summary>A folder of its own for one test, removed afterwards.</summary>
internal sealed class SparseScratch : IDisposable
{
    public SparseScratch() => Folder = Directory.CreateTempSubdirectory("palimpsest-sparse-").FullName;

    public string Folder { get; }

    public string this[string name] => Path.Combine(Folder, name);

    public HostFile Create(string name) => LocalFile.Open(this[name], HostAccess.CreateNew);

    public HostFile OpenRead(string name) => LocalFile.Open(this[name], HostAccess.Read);

    public HostFile OpenWrite(string name) => LocalFile.Open(this[name], HostAccess.ReadWrite);

    /// <summary>Writes bytes over a part of a file.</summary>
    public void Patch(string name, long offset, params ReadOnlySpan<byte> bytes)
    {
        using HostFile file = OpenWrite(name);
        file.Write(offset, bytes);
    }

    /// <summary>Everything a reader gives.</summary>
    public static byte[] ReadAll(IBlockReader reader)
    {
        byte[] content = new byte[reader.Length];
        reader.Read(0, content);
        return content;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
