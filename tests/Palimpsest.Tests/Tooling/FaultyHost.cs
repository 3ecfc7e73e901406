using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;

namespace Palimpsest.Tests.Tooling;

/// <summary>
/// The machine's own files, until the N-th change: that one fails half done, as a full disk or a cut does,
/// and every change after it fails too. Reading always works.
/// </summary>
internal sealed class FaultyHost(int failAt) : IHost
{
    /// <summary>How many changes were asked for.</summary>
    internal int Count { get; private set; }

    public HostFile Open(string path, HostAccess access)
    {
        if (access == HostAccess.CreateNew) { Change(); }
        return new FaultyFile(LocalHost.Instance.Open(path, access), this);
    }

    public HostEntry? Stat(string path) => LocalHost.Instance.Stat(path);

    public string ResolveLinks(string path) => LocalHost.Instance.ResolveLinks(path);

    public IReadOnlyList<string> List(string folder) => LocalHost.Instance.List(folder);

    public void Rename(string fromPath, string toPath)
    {
        Change();
        LocalHost.Instance.Rename(fromPath, toPath);
    }

    public void MatchPermissions(string fromPath, string toPath)
    {
        Change();
        LocalHost.Instance.MatchPermissions(fromPath, toPath);
    }

    public bool SetReadOnly(string path)
    {
        Change();
        return LocalHost.Instance.SetReadOnly(path);
    }

    public void SetWritable(string path, string likePath)
    {
        Change();
        LocalHost.Instance.SetWritable(path, likePath);
    }

    public long? FreeBytes(string folder) => LocalHost.Instance.FreeBytes(folder);

    public void Delete(string path)
    {
        Change();
        LocalHost.Instance.Delete(path);
    }

    public void FlushFolder(string folder)
    {
        Change();
        LocalHost.Instance.FlushFolder(folder);
    }

    public IDisposable LockForWriting(string path) => LocalHost.Instance.LockForWriting(path);

    public IDisposable LockForFreezing(string path) => LocalHost.Instance.LockForFreezing(path);

    private bool IsBroken() => ++Count >= failAt;

    private void Change()
    {
        if (IsBroken()) { throw Failure(); }
    }

    private static BlockException Failure() =>
        new(BlockErrorKind.NoSpace, null, null, "the test ends the world here");

    private sealed class FaultyFile(HostFile file, FaultyHost host) : HostFile
    {
        public override string Path => file.Path;

        public override bool IsWritable => file.IsWritable;

        public override long Length => file.Length;

        public override void Read(long offset, Span<byte> target) => file.Read(offset, target);

        public override void Write(long offset, ReadOnlySpan<byte> source)
        {
            if (!host.IsBroken())
            {
                file.Write(offset, source);
                return;
            }

            // Whole sectors of it arrive, the rest does not.
            if (host.Count == host.FailAt) { file.Write(offset, source[..(source.Length / 2 / 512 * 512)]); }
            throw Failure();
        }

        public override void SetLength(long lengthBytes)
        {
            host.Change();
            file.SetLength(lengthBytes);
        }

        public override void Flush()
        {
            host.Change();
            file.Flush();
        }

        public override bool TryPunchHole(long offset, long length) => false;

        public override bool TryZeroRange(long offset, long length) => false;

        public override bool TryAllocate(long offset, long length) => false;

        public override long NextData(long offset) => file.NextData(offset);

        public override long NextHole(long offset) => file.NextHole(offset);

        protected override void Dispose(bool disposing)
        {
            if (disposing) { file.Dispose(); }
        }
    }

    private int FailAt => failAt;
}
