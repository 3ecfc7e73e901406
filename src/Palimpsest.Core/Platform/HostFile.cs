using Microsoft.Win32.SafeHandles;

namespace Palimpsest.Core.Platform;

/// <summary>
/// An open file of a host: a real file, a file on a datastore, a simulated file of a crash test. Positional
/// and thread-safe. Every failure is a <see cref="Findings.BlockException"/> with this file's path and the
/// byte offset.
/// </summary>
public abstract class HostFile : IDisposable
{
    /// <summary>The path it was opened by.</summary>
    public abstract string Path { get; }

    /// <summary>True when it was opened for writing.</summary>
    public abstract bool IsWritable { get; }

    /// <summary>Length in bytes, now. Block devices and datastore files included.</summary>
    public abstract long Length { get; }

    /// <summary>
    /// The descriptor for calls such as copy_file_range, or null when there is none. Borrowed: never close
    /// it.
    /// </summary>
    public virtual SafeFileHandle? Handle => null;

    /// <summary>
    /// Fills <paramref name="target"/>, or throws: <c>Io</c> where the host cannot read, <c>OutOfRange</c>
    /// past the end.
    /// </summary>
    public abstract void Read(long offset, Span<byte> target);

    /// <summary>Writes all of <paramref name="source"/>, growing the file as needed.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Sets the length; new bytes are a hole and read as zero.</summary>
    public abstract void SetLength(long lengthBytes);

    /// <summary>Returns when content and length are durable.</summary>
    public abstract void Flush();

    /// <summary>
    /// Lets the host begin to write a range out, so that a later <see cref="Flush"/> has less to wait for. A
    /// hint: nothing is durable after it, and hosts that cannot do it do nothing.
    /// </summary>
    public virtual void StartWriteback(long offset, long length)
    {
    }

    /// <summary>
    /// Makes the range read as zeros and gives its storage back. False, with nothing done, when the host
    /// cannot. The length of the file does not change.
    /// </summary>
    public abstract bool TryPunchHole(long offset, long length);

    /// <summary>
    /// Makes the range read as zeros with its storage allocated, without writing data. False, with nothing
    /// done, when the host cannot. The length of the file does not change.
    /// </summary>
    public abstract bool TryZeroRange(long offset, long length);

    /// <summary>
    /// Reserves storage for the range; what it holds does not change. False when the host cannot.
    /// </summary>
    public abstract bool TryAllocate(long offset, long length);

    /// <summary>
    /// First byte at or after <paramref name="offset"/> that the host stores; <see cref="Length"/> when there
    /// is none.
    /// </summary>
    public abstract long NextData(long offset);

    /// <summary>
    /// First byte at or after <paramref name="offset"/> that lies in a hole; <see cref="Length"/> when there
    /// is none.
    /// </summary>
    public abstract long NextHole(long offset);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>How a file is opened.</summary>
public enum HostAccess
{
    /// <summary>Read-only, at the operating system's level.</summary>
    Read,

    /// <summary>Read and write; the file must exist.</summary>
    ReadWrite,

    /// <summary>Read and write; the file must not exist and is created.</summary>
    CreateNew,
}

/// <summary>What a name is on a host.</summary>
/// <param name="Kind">File, folder, link, device or something else. Links are not followed.</param>
/// <param name="LengthBytes">Length of a file; 0 for others.</param>
/// <param name="ModifiedUtc">Time of the last change of content.</param>
/// <param name="Mode">The twelve permission bits; null on hosts that have none.</param>
/// <param name="AllocatedBytes">Storage the host charges for it; null when not known.</param>
/// <param name="Inode">What stays the same when its content changes, and not when a new file takes its name;
/// null on hosts without.</param>
public readonly record struct HostEntry(
    HostEntryKind Kind, long LengthBytes, DateTime ModifiedUtc, int? Mode = null,
    long? AllocatedBytes = null, ulong? Inode = null)
{
    private const int WriteBits = 0x92;

    /// <summary>True when nobody has the permission to write.</summary>
    public bool IsReadOnly => Mode is { } mode && (mode & WriteBits) == 0;
}

/// <summary>Kinds of names on a host.</summary>
public enum HostEntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>A socket, a pipe, a character device.</summary>
    Other,
}

/// <summary>
/// Where a disk's files live: the machine's own file system, a datastore volume, or a simulated host in
/// tests. Paths use <c>/</c>. Thread-safe.
/// </summary>
public interface IHost
{
    /// <summary>
    /// Opens or creates a file. <c>NotFound</c>, <c>Denied</c>, <c>Refused</c> (exists already) as the case
    /// may be.
    /// </summary>
    HostFile Open(string path, HostAccess access);

    /// <summary>
    /// What <paramref name="path"/> is, without following a final link; null when there is nothing.
    /// </summary>
    HostEntry? Stat(string path);

    /// <summary>The path with every link resolved. <c>NotFound</c> when it does not lead anywhere.</summary>
    string ResolveLinks(string path);

    /// <summary>Names (not paths) in a folder, in ordinal order.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>Renames, replacing an existing file in one step.</summary>
    void Rename(string fromPath, string toPath);

    /// <summary>
    /// Gives <paramref name="toPath"/> the owner and mode of <paramref name="fromPath"/>, as far as allowed.
    /// </summary>
    void MatchPermissions(string fromPath, string toPath);

    /// <summary>
    /// Takes every write permission off a file, links followed; whoever has it open for writing keeps that. True when
    /// anybody had it.
    /// </summary>
    bool SetReadOnly(string path);

    /// <summary>
    /// Gives the permission to write to a file that has it for nobody: to its owner, and to those who may read it and
    /// may write to <paramref name="likePath"/>. A file that somebody may write to is left as it is.
    /// </summary>
    void SetWritable(string path, string likePath);

    /// <summary>Bytes that can still be stored in a folder; null when its host cannot say.</summary>
    long? FreeBytes(string folder);

    /// <summary>Deletes a file.</summary>
    void Delete(string path);

    /// <summary>Makes creations, renames and deletions in a folder durable.</summary>
    void FlushFolder(string folder);

    /// <summary>
    /// Takes the advisory lock that a writer of <paramref name="path"/> holds, or throws <c>Locked</c> naming
    /// the holder. Disposing gives it back.
    /// </summary>
    IDisposable LockForWriting(string path);

    /// <summary>
    /// Takes the advisory lock of one who makes others depend on what <paramref name="path"/> holds: readers
    /// may go on, a writer and a second one who does this are kept out. Throws <c>Locked</c> naming the
    /// holder. Disposing gives it back.
    /// </summary>
    IDisposable LockForFreezing(string path);
}
