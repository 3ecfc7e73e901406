using System.Runtime.InteropServices;
using Palimpsest.Core.Chains;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.HostedSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Bench;

/// <summary>
/// A full flat base of 4 GiB under two hosted sparse deltas, each with 1 GiB in writes of 64 KiB all over it.
/// Every word of every block of 4 KiB holds the block's number, and in its top byte the layer that wrote it.
/// </summary>
internal static class ChainInput
{
    /// <summary>Unit of reading and of the numbers, in bytes.</summary>
    public const int BlockBytes = 4096;

    /// <summary>The bits of a word that hold the block's number.</summary>
    public const ulong NumberMask = (1UL << 56) - 1;

    private const long CapacityBytes = 4L << 30, WrittenBytes = 1L << 30;
    private const int WriteBytes = 64 << 10, PieceBytes = 4 << 20;

    /// <summary>The head of the chain in a folder; made, which takes a while, unless it is there.</summary>
    public static string Make(string folder, TextWriter log)
    {
        Directory.CreateDirectory(folder);
        string bottom = Path.Combine(folder, "reads.vmdk"), head = Path.Combine(folder, "reads-000002.vmdk"),
            mark = Path.Combine(folder, "reads.made");
        if (File.Exists(mark)) { return head; }
        foreach (string left in Directory.GetFiles(folder, "reads*")) { File.Delete(left); }
        log.WriteLine("making the input: 6 GiB");
        MakeBase(bottom);
        MakeDelta(bottom, Path.Combine(folder, "reads-000001.vmdk"), layer: 1);
        MakeDelta(Path.Combine(folder, "reads-000001.vmdk"), head, layer: 2);
        File.WriteAllText(mark, "");
        return head;
    }

    private static void MakeBase(string path)
    {
        DiskCreator.Create(new DiskCreation { Path = path, CapacityBytes = CapacityBytes }, default);
        using Disk disk = Disk.Open(path, new DiskOpenOptions { IsWritable = true });
        byte[] piece = new byte[PieceBytes];
        for (long offset = 0; offset < CapacityBytes; offset += PieceBytes)
        {
            Number(piece, offset, layer: 0);
            disk.Device!.Write(offset, piece);
        }
    }

    private static void MakeDelta(string parentPath, string path, int layer)
    {
        byte[] text = new DescriptorTemplate
        {
            CreateType = CreateTypes.MonolithicSparse,
            Extents =
            [
                new ExtentLine(ExtentAccess.ReadWrite, CapacityBytes / Sector.Bytes, ExtentType.Sparse,
                    Path.GetFileName(path)),
            ],
            ParentContentId = ContentIdOf(parentPath),
            ParentFileNameHint = Path.GetFileName(parentPath),
        }.ToBytes();
        using (HostFile file = LocalHost.Instance.Open(path, HostAccess.CreateNew))
        {
            HostedSparseFile.Create(file,
                new HostedSparseCreation { CapacityBytes = CapacityBytes, EmbeddedDescriptor = text });
        }
        using Disk disk = Disk.Open(path, new DiskOpenOptions { IsWritable = true });
        int[] places = [.. Enumerable.Range(0, (int)(CapacityBytes / WriteBytes))];
        new Random(layer).Shuffle(places);
        byte[] piece = new byte[WriteBytes];
        foreach (int place in places.AsSpan(0, (int)(WrittenBytes / WriteBytes)))
        {
            long offset = (long)place * WriteBytes;
            Number(piece, offset, layer);
            disk.Device!.Write(offset, piece);
        }
    }

    private static uint ContentIdOf(string path)
    {
        using Disk disk = Disk.Open(path);
        return disk.Links[0].Descriptor!.ContentId!.Value;
    }

    private static void Number(Span<byte> piece, long offset, int layer)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(piece);
        const int WordsPerBlock = BlockBytes / sizeof(ulong);
        for (int block = 0; block * WordsPerBlock < words.Length; block++)
        {
            ulong word = (ulong)((offset / BlockBytes) + block) | ((ulong)layer << 56);
            words.Slice(block * WordsPerBlock, WordsPerBlock).Fill(word);
        }
    }
}
