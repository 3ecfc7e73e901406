using Microsoft.Win32.SafeHandles;

namespace Palimpsest.Core.Platform;

/// <summary>
/// A host of which nothing is asked to be durable: flushes return at once. For copies that can be made again;
/// after a power cut their files may have their names and not their content.
/// </summary>
internal sealed class UnflushedHost(IHost inner) : IHost
{
    public HostFile Open(string path, HostAccess access) => new UnflushedFile(inner.Open(path, access));

    public HostEntry? Stat(string path) => inner.Stat(path);

    public string ResolveLinks(string path) => inner.ResolveLinks(path);

    public IReadOnlyList<string> List(string folder) => inner.List(folder);

    public void Rename(string fromPath, string toPath) => inner.Rename(fromPath, toPath);

    public void MatchPermissions(string fromPath, string toPath) => inner.MatchPermissions(fromPath, toPath);

    public bool SetReadOnly(string path) => inner.SetReadOnly(path);

    public void SetWritable(string path, string likePath) => inner.SetWritable(path, likePath);

    public long? FreeBytes(string folder) => inner.FreeBytes(folder);

    public void Delete(string path) => inner.Delete(path);

    public void FlushFolder(string folder)
    {
    }

    public IDisposable LockForWriting(string path) => inner.LockForWriting(path);

    public IDisposable LockForFreezing(string path) => inner.LockForFreezing(path);

    private sealed class UnflushedFile(HostFile file) : HostFile
    {
        public override string Path => file.Path;

        public override bool IsWritable => file.IsWritable;

        public override long Length => file.Length;

        public override SafeFileHandle? Handle => file.Handle;

        public override void Read(long offset, Span<byte> target) => file.Read(offset, target);

        public override void Write(long offset, ReadOnlySpan<byte> source) => file.Write(offset, source);

        public override void SetLength(long lengthBytes) => file.SetLength(lengthBytes);

        public override void Flush()
        {
        }

        public override bool TryPunchHole(long offset, long length) => file.TryPunchHole(offset, length);

        public override bool TryZeroRange(long offset, long length) => file.TryZeroRange(offset, length);

        public override bool TryAllocate(long offset, long length) => file.TryAllocate(offset, length);

        public override long NextData(long offset) => file.NextData(offset);

        public override long NextHole(long offset) => file.NextHole(offset);

        protected override void Dispose(bool disposing)
        {
            if (disposing) { file.Dispose(); }
        }
    }
}
