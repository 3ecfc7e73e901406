using System.IO.Hashing;
using System.Text;
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

    /// <summary>The creation of a file.</summary>
    Create,

    /// <summary>A deletion.</summary>
    Delete,
}

/// <summary>The process was killed: whatever it still calls while it unwinds has no effect.</summary>
internal sealed class ProcessKilledException() : Exception("the process was killed");

/// <summary>
/// A host in memory that can lose power, run full, fail at any call and have its process killed. Thread-safe.
/// Folders are whatever stands before a slash; there are no links. A file may be writable for everybody or for
/// nobody.
/// </summary>
internal sealed class SimulatedHost : IHost
{
    private readonly Dictionary<string, SimulatedContent> files = new(StringComparer.Ordinal);
    private readonly HashSet<string> locks = new(StringComparer.Ordinal);
    private readonly long[] counts = new long[Enum.GetValues<HostOperation>().Length];
    private (HostOperation Operation, long Number, bool IsForever)? fault;
    private int killedAtChange = int.MaxValue;

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
    internal IReadOnlyCollection<string> Frozen =>
        [.. files.Where(file => file.Value.IsReadOnly).Select(file => file.Key)];

    /// <summary>How many calls of a kind were made.</summary>
    internal long CountOf(HostOperation operation) => counts[(int)operation];

    /// <summary>How many calls failed as ordered by <see cref="FailAt"/>.</summary>
    internal long FailedCount { get; private set; }

    /// <summary>Room that all files together take, in bytes.</summary>
    internal long UsedBytes => files.Values.Sum(content => content.AllocatedBytes);

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

    /// <summary>
    /// Kills the process when that many changes are in the journal: every later call throws
    /// <see cref="ProcessKilledException"/>.
    /// </summary>
    internal void KillAt(int changeCount) => killedAtChange = changeCount;

    /// <summary>A new process begins: calls succeed, nothing is locked, what was not flushed still is not.</summary>
    internal void Restart()
    {
        killedAtChange = int.MaxValue;
        locks.Clear();
    }

    /// <summary>Whether nobody may write to a file.</summary>
    internal bool IsReadOnly(string path) => files[path].IsReadOnly;

    /// <summary>The same for the same names, bytes and permissions, and hardly ever otherwise.</summary>
    internal UInt128 Fingerprint()
    {
        var hash = new XxHash128();
        foreach (string path in Files)
        {
            hash.Append(Encoding.UTF8.GetBytes(path));
            files[path].AddTo(hash);
        }
        return hash.GetCurrentHashAsUInt128();
    }

    public HostFile Open(string path, HostAccess access)
    {
        lock (Gate)
        {
            ThrowIfKilled();
            bool exists = files.TryGetValue(path, out SimulatedContent? content);
            if (access == HostAccess.CreateNew)
            {
                if (exists)
                {
                    throw new BlockException(BlockErrorKind.Refused, path, null, "the file exists already");
                }
                Count(HostOperation.Create, path, 0);
                content = new SimulatedContent();
                files.Add(path, content);
                Journal?.Create(path, content);
            }
            else if (!exists)
            {
                throw Missing(path);
            }
            else if (access == HostAccess.ReadWrite) { ThrowIfDenied(path, content!); }
            return new SimulatedFile(this, path, content!, access != HostAccess.Read);
        }
    }

    public HostEntry? Stat(string path)
    {
        lock (Gate)
        {
            ThrowIfKilled();
            if (files.TryGetValue(path, out SimulatedContent? content))
            {
                return new HostEntry(HostEntryKind.File, content.Length, DateTime.UnixEpoch,
                    content.IsReadOnly ? 0x124 : 0x1A4, content.AllocatedBytes);
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
            ThrowIfKilled();
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
        lock (Gate)
        {
            ThrowIfKilled();
            if (files.TryGetValue(fromPath, out SimulatedContent? like)) { SetPermission(toPath, like.IsReadOnly); }
        }
    }

    public bool SetReadOnly(string path)
    {
        lock (Gate)
        {
            if (!files.TryGetValue(path, out SimulatedContent? content)) { throw Missing(path); }
            ThrowIfKilled();
            bool wasWritable = !content.IsReadOnly;
            SetPermission(path, isReadOnly: true);
            return wasWritable;
        }
    }

    public void SetWritable(string path, string likePath)
    {
        lock (Gate)
        {
            ThrowIfKilled();
            if (files.ContainsKey(path)) { SetPermission(path, isReadOnly: false); }
        }
    }

    public long? FreeBytes(string folder) => null;

    public void Delete(string path)
    {
        lock (Gate)
        {
            Count(HostOperation.Delete, path, 0);
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
            ThrowIfKilled();
            if (!files.ContainsKey(path)) { throw Missing(path); }
            if (!locks.Add(path))
            {
                throw new BlockException(BlockErrorKind.Locked, path, null, "somebody writes to it");
            }
            return new HeldLock(this, path);
        }
    }

    public IDisposable LockForFreezing(string path) => LockForWriting(path);

    /// <summary>Counts a call, which fails when it was ordered to, or when the process was killed.</summary>
    internal void Count(HostOperation operation, string path, long offset)
    {
        ThrowIfKilled();
        long number = ++counts[(int)operation];
        if (fault is not { } plan || plan.Operation != operation) { return; }
        if (number == plan.Number || (plan.IsForever && number > plan.Number))
        {
            FailedCount++;
            throw new BlockException(BlockErrorKind.Io, path, offset,
                $"{operation} {number} fails as ordered");
        }
    }

    internal void ThrowIfFull(string path, long offset, long length)
    {
        if (RoomBytes == long.MaxValue) { return; }
        if (UsedBytes + length > RoomBytes)
        {
            throw new BlockException(BlockErrorKind.NoSpace, path, offset, "the host is full");
        }
    }

    private void ThrowIfKilled()
    {
        if (Journal is not null && Journal.Count >= killedAtChange) { throw new ProcessKilledException(); }
    }

    private static void ThrowIfDenied(string path, SimulatedContent content)
    {
        if (content.IsReadOnly)
        {
            throw new BlockException(BlockErrorKind.Denied, path, null, "nobody may write to it");
        }
    }

    private void SetPermission(string path, bool isReadOnly)
    {
        SimulatedContent content = files.TryGetValue(path, out SimulatedContent? found) ? found : throw Missing(path);
        if (content.IsReadOnly == isReadOnly) { return; }
        content.IsReadOnly = isReadOnly;
        Journal?.Permit(content, isReadOnly);
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
