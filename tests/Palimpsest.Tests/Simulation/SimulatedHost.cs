using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Simulation;

/// <summary>Kinds of calls that can be made to fail.</summary>
internal enum HostOperation
{
    /// <summary>A read of a file.</summary>
    Read,

    /// <summary>A write, a change of length, a punched hole.</summary>
    Write,

    /// <summary>A flush of a file or folder.</summary>
    Flush,

    /// <summary>A rename.</summary>
    Rename,
}

/// <summary>
/// A host in memory that can lose power, run full and fail at any call. Thread-safe. Folders are whatever
/// stands before a slash; there are no links.
/// </summary>
internal sealed class SimulatedHost : IHost
{
    private readonly Dictionary<string, SimulatedContent> files = new(StringComparer.Ordinal);
    private readonly HashSet<string> locks = new(StringComparer.Ordinal),
        frozen = new(StringComparer.Ordinal);
    private readonly long[] counts = new long[4];
    private (HostOperation Operation, long Number, bool IsForever)? fault;

    internal Lock Gate { get; } = new();

    /// <summary>Records every change from <see cref="Record"/> on; null before.</summary>
    internal HostJournal? Journal { get; private set; }

    /// <summary>Bytes that reads asked for.</summary>
    internal long BytesRead { get; set; }

    /// <summary>Whether holes can be punched.</summary>
    internal bool CanPunch { get; set; } = true;

    /// <summary>Whether ranges can be zeroed without writing.</summary>
    internal bool CanZeroRange { get; set; } = true;

    /// <summary>Room for allocated pages of all files together, in bytes.</summary>
    internal long RoomBytes { get; set; } = long.MaxValue;

    /// <summary>Full paths of all files.</summary>
    internal IReadOnlyList<string> Files => [.. files.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Full paths of the files that nobody has the permission to write to. Opening them does not mind.
    /// </summary>
    internal IReadOnlyCollection<string> Frozen => frozen;

    /// <summary>How many calls of a kind were made.</summary>
    internal long CountOf(HostOperation operation) => counts[(int)operation];

    /// <summary>Puts a file there, sharing <paramref name="bytes"/> until the file is changed.</summary>
    internal void Put(string path, byte[] bytes) => files[path] = new SimulatedContent(bytes);

    /// <summary>Puts a file there.</summary>
    internal void Put(string path, SimulatedContent content) => files[path] = content;

    /// <summary>A copy of a file's bytes.</summary>
    internal byte[] Get(string path)
    {
        SimulatedContent content = files[path];
        byte[] bytes = new byte[content.Length];
        content.Read(0, bytes);
        return bytes;
    }

    /// <summary>Begins to record: what is there now counts as durable.</summary>
    internal HostJournal Record() => Journal = new HostJournal(files);

    /// <summary>
    /// Makes the N-th call of a kind from now on (the next is 1) fail with an input/output error.
    /// </summary>
    internal void FailAt(HostOperation operation, long number, bool isForever) =>
        fault = (operation, counts[(int)operation] + number, isForever);

    /// <summary>Lets all calls succeed again.</summary>
    internal void Heal() => fault = null;

    public HostFile Open(string path, HostAccess access)
    {
        lock (Gate)
        {
            bool exists = files.TryGetValue(path, out SimulatedContent? content);
            if (access == HostAccess.CreateNew)
            {
                if (exists)
                {
                    throw new BlockException(BlockErrorKind.Refused, path, null, "the file exists already");
                }
                content = new SimulatedContent();
                files.Add(path, content);
                Journal?.Create(path, content);
            }
            else if (!exists)
            {
                throw Missing(path);
            }
            return new SimulatedFile(this, path, content!, access != HostAccess.Read);
        }
    }

    public HostEntry? Stat(string path)
    {
        lock (Gate)
        {
            if (files.TryGetValue(path, out SimulatedContent? content))
            {
                return new HostEntry(HostEntryKind.File, content.Length, DateTime.UnixEpoch);
            }
            bool isFolder =
                files.Keys.Any(name => name.StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal));
            return isFolder ? new HostEntry(HostEntryKind.Folder, 0, DateTime.UnixEpoch) : null;
        }
    }

    public string ResolveLinks(string path) => Stat(path) is not null ? path : throw Missing(path);

    public IReadOnlyList<string> List(string folder)
    {
        lock (Gate)
        {
            string prefix = folder.TrimEnd('/') + "/";
            return [.. files.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(name => name[prefix.Length..].Split('/')[0]).Distinct()
                    .Order(StringComparer.Ordinal)];
        }
    }

    public void Rename(string fromPath, string toPath)
    {
        lock (Gate)
        {
            Count(HostOperation.Rename, toPath, 0);
            if (!files.Remove(fromPath, out SimulatedContent? content)) { throw Missing(fromPath); }
            files[toPath] = content;
            Journal?.Rename(fromPath, toPath);
        }
    }

    public void MatchPermissions(string fromPath, string toPath)
    {
    }

    public bool SetReadOnly(string path)
    {
        lock (Gate) { return frozen.Add(path); }
    }

    public void SetWritable(string path, string likePath)
    {
        lock (Gate) { frozen.Remove(path); }
    }

    public long? FreeBytes(string folder) => null;

    public void Delete(string path)
    {
        lock (Gate)
        {
            if (!files.Remove(path)) { throw Missing(path); }
            Journal?.Delete(path);
        }
    }

    public void FlushFolder(string folder)
    {
        lock (Gate)
        {
            Count(HostOperation.Flush, folder, 0);
            Journal?.FlushFolder(folder);
        }
    }

    public IDisposable LockForWriting(string path)
    {
        lock (Gate)
        {
            if (!locks.Add(path))
            {
                throw new BlockException(BlockErrorKind.Locked, path, null, "somebody writes to it");
            }
            return new HeldLock(this, path);
        }
    }

    public IDisposable LockForFreezing(string path) => LockForWriting(path);

    internal void Count(HostOperation operation, string path, long offset)
    {
        long number = ++counts[(int)operation];
        if (fault is not { } plan || plan.Operation != operation) { return; }
        if (number == plan.Number || (plan.IsForever && number > plan.Number))
        {
            throw new BlockException(BlockErrorKind.Io, path, offset,
                $"{operation} {number} fails as ordered");
        }
    }

    internal void ThrowIfFull(string path, long offset, long length)
    {
        if (RoomBytes == long.MaxValue) { return; }
        long used = files.Values.Sum(content => content.AllocatedBytes);
        if (used + length > RoomBytes)
        {
            throw new BlockException(BlockErrorKind.NoSpace, path, offset, "the host is full");
        }
    }

    private static BlockException Missing(string path) =>
        new(BlockErrorKind.NotFound, path, null, "there is no such file");

    private sealed class HeldLock(SimulatedHost host, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (host.Gate) { host.locks.Remove(path); }
        }
    }
}
