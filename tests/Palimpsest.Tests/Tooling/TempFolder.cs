namespace Palimpsest.Tests.Tooling;

/// <summary>A folder that lives as long as a test.</summary>
internal sealed class TempFolder : IDisposable
{
    /// <summary>Creates the folder.</summary>
    internal TempFolder() => Path = Directory.CreateTempSubdirectory("palimpsest-test-").FullName;

    /// <summary>Full path of the folder.</summary>
    internal string Path { get; }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Full path of a file in the folder, whether it exists or not.</summary>
    internal string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file and returns its full path.</summary>
    internal string Write(string name, ReadOnlySpan<byte> content)
    {
        string path = File(name);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Writes a text file (UTF-8, no mark) and returns its full path.</summary>
    internal string Write(string name, string content)
    {
        string path = File(name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Makes a file of a length that is one hole, and returns its full path.</summary>
    internal string WriteHole(string name, long lengthBytes)
    {
        string path = File(name);
        using FileStream file = System.IO.File.Create(path);
        file.SetLength(lengthBytes);
        return path;
    }
}
