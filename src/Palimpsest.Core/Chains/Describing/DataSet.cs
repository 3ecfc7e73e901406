using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk;
using Palimpsest.Core.Formats.Vmdk.Cowd;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Formats.Vmdk.SeSparse;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Describing;

/// <summary>What data without a descriptor is.</summary>
internal enum DataKind
{
    Flat,
    SplitFlat,

    /// <summary>Hosted sparse with an area for its descriptor.</summary>
    Embedded,

    /// <summary>Hosted sparse pieces, without such an area.</summary>
    Sparse,
    Cowd,
    SeSparse,
}

/// <summary>One file of the data.</summary>
/// <param name="FileName">Bare name.</param>
/// <param name="SectorCount">Sectors it stands for: whole ones of a flat file, the header's capacity of the others.</param>
internal sealed record DataPiece(string FileName, long SectorCount);

/// <summary>The data files of one link, found from any one of them.</summary>
internal sealed partial class DataSet
{
    public required string Folder { get; init; }

    public required DataKind Kind { get; init; }

    /// <summary>Bare name of the descriptor that belongs to it.</summary>
    public required string DiskName { get; init; }

    public required IReadOnlyList<DataPiece> Pieces { get; init; }

    /// <summary>Sectors of a grain; 1 where there are none. Headers may round the capacity up to whole grains.</summary>
    public long GrainSectors { get; init; } = 1;

    public bool IsCompressed { get; init; }

    public DescriptorPlace? Place { get; init; }

    /// <summary>True when a flat file's length is no whole number of sectors.</summary>
    public bool HasPartialSector { get; init; }

    /// <summary>True when the host keeps holes in a flat file.</summary>
    public bool HasHoles { get; init; }

    public long SectorCount => Pieces.Sum(piece => piece.SectorCount);

    public bool IsFlat => Kind is DataKind.Flat or DataKind.SplitFlat;

    /// <summary>Finds the data that <paramref name="path"/> belongs to, or refuses.</summary>
    public static DataSet Find(IHost host, string path, FindingList findings)
    {
        string dataPath = DataPathFor(host, path, findings);
        string real = host.ResolveLinks(dataPath);
        new HostNames(host, allowOutside: true).ThrowUnlessFile(real, findings);
        using HostFile file = host.Open(real, HostAccess.Read);
        if (file.Length == 0) { throw findings.Refuse(FlatFindings.Empty, real, "it has no bytes"); }
        byte[] start = new byte[Math.Min(file.Length, FileSignatures.ProbeBytes)];
        file.Read(0, start);
        return FileSignatures.Of(start) switch
        {
            FileSignature.Unknown => FindFlat(host, file, real, findings),
            FileSignature.HostedSparse => FindSparse(host, file, start, real, findings),
            FileSignature.Cowd => FromCowd(start, real, findings),
            FileSignature.SeSparse => FromSeSparse(start, real, findings),
            FileSignature.Descriptor => throw findings.Refuse(DescribeFindings.NothingToDescribe, real,
                "it is a descriptor itself"),
            FileSignature.UnfinishedSparse => throw findings.Refuse(SparseFindings.UnfinishedConversion, real,
                "the magic number is written in lower case"),
            _ => throw findings.Refuse(ChainFindings.ChangeTrackingFile, real,
                "it begins with the change tracking magic"),
        };
    }

    /// <summary>The disk's name without the number of a snapshot: what the links of one chain have in common.</summary>
    public static string StemOf(string diskName) => SnapshotNumber().Replace(diskName, ".vmdk");

    /// <summary>True for the name of a snapshot's link: <c>NAME-000001.vmdk</c>.</summary>
    public static bool IsSnapshotName(string diskName) => SnapshotNumber().IsMatch(diskName);

    // The user may name the descriptor that is lost: missing, empty or overwritten. Then the data beside it is meant.
    private static string DataPathFor(IHost host, string path, FindingList findings)
    {
        HostEntry? entry = host.Stat(path);
        bool mayBeLost = entry is null || (entry.Value.Kind == HostEntryKind.File
            && entry.Value.LengthBytes <= VmdkDescriptor.MaximumBytes && SignatureOf(host, path) is FileSignature.Unknown);
        if (!mayBeLost || !path.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)) { return path; }
        string stem = path[..^5];
        string[] found = [.. new[] { "-flat.vmdk", "-delta.vmdk", "-sesparse.vmdk", "-s001.vmdk", "-f001.vmdk" }
            .Select(suffix => stem + suffix).Where(candidate => host.Stat(candidate) is not null)];
        if (found.Length > 1)
        {
            throw findings.Refuse(DescribeFindings.NothingToDescribe, path,
                $"its data could be {string.Join(" or ", found.Select(HostPath.NameOf))}; name the right one");
        }
        return found.Length == 1 ? found[0] : path;
    }

    private static FileSignature SignatureOf(IHost host, string path)
    {
        using HostFile file = host.Open(path, HostAccess.Read);
        byte[] start = new byte[Math.Min(file.Length, FileSignatures.ProbeBytes)];
        file.Read(0, start);
        return FileSignatures.Of(start);
    }

    private static DataSet FindFlat(IHost host, HostFile file, string real, FindingList findings)
    {
        long length = file.Length;
        if (length < Sector.Bytes) { throw findings.Refuse(FlatFindings.TooSmall, real, $"it has {length} bytes"); }
        string folder = HostPath.FolderOf(real), name = HostPath.NameOf(real);
        bool hasPartialSector = length % Sector.Bytes != 0;
        if (hasPartialSector)
        {
            findings.Add(FlatFindings.PartialSector, real,
                $"the file has {length} bytes: {length / Sector.Bytes} sectors and {length % Sector.Bytes} bytes more",
                length - (length % Sector.Bytes));
        }
        if (PieceName().Match(name) is { Success: true } piece && piece.Groups[2].ValueSpan is "f" or "F")
        {
            return new DataSet
            {
                Folder = folder, Kind = DataKind.SplitFlat, DiskName = piece.Groups[1].Value + ".vmdk",
                Pieces = FindPieces(host, folder, piece, FlatPiece, findings), HasPartialSector = hasPartialSector,
            };
        }
        return new DataSet
        {
            Folder = folder, Kind = DataKind.Flat, DiskName = DiskNameOf(name), HasPartialSector = hasPartialSector,
            Pieces = [new DataPiece(name, length / Sector.Bytes)],
            HasHoles = file.NextHole(0) < length - (length % Sector.Bytes),
        };
    }

    private static DataSet FindSparse(IHost host, HostFile file, byte[] start, string real, FindingList findings)
    {
        string folder = HostPath.FolderOf(real), name = HostPath.NameOf(real);
        SparseHeader header = HeaderOf(start, real, findings);
        bool isCompressed = ((SparseFlags)(uint)header.Flags & SparseFlags.Compressed) != 0;
        long sectors = Checked(header.Capacity, real, findings), grain = Checked(header.GrainSize, real, findings);
        Match piece = PieceName().Match(name);
        bool isPiece = piece.Success && piece.Groups[2].ValueSpan is "s" or "S";
        if (PlaceOf(file, header) is { } place)
        {
            byte[] text = new byte[Math.Min(place.AreaBytes!.Value, FileSignatures.ProbeBytes)];
            file.Read(place.OffsetBytes, text);
            if (VmdkDescriptor.LooksLikeDescriptor(text))
            {
                throw findings.Refuse(DescribeFindings.NothingToDescribe, real, "its descriptor is inside and in place");
            }

            // Some writers leave room for a descriptor in every piece of a split disk, and never use it.
            if (!isPiece)
            {
                return new DataSet
                {
                    Folder = folder, Kind = DataKind.Embedded, DiskName = name, Pieces = [new DataPiece(name, sectors)],
                    GrainSectors = grain, IsCompressed = isCompressed, Place = place,
                };
            }
        }
        IReadOnlyList<DataPiece> pieces = [new DataPiece(name, sectors)];
        if (isPiece) { pieces = FindPieces(host, folder, piece, SparsePiece, findings); }
        return new DataSet
        {
            Folder = folder, Kind = DataKind.Sparse, DiskName = DiskNameOf(name), Pieces = pieces,
            GrainSectors = grain, IsCompressed = isCompressed,
        };
    }

    private static DescriptorPlace? PlaceOf(HostFile file, in SparseHeader header)
    {
        ulong fileSectors = (ulong)(file.Length / Sector.Bytes);
        ulong offset = header.DescriptorOffset, size = header.DescriptorSize;
        return offset != 0 && size != 0 && offset < fileSectors && size <= fileSectors - offset
            && size <= VmdkDescriptor.MaximumBytes / Sector.Bytes
            ? new DescriptorPlace(file.Path, (long)offset * Sector.Bytes, (long)size * Sector.Bytes) : null;
    }

    private static DataSet FromCowd(byte[] start, string real, FindingList findings)
    {
        CowdHeader header = ReadHeader<CowdHeader>(start, real, findings);
        return FromHeader(DataKind.Cowd, header.SectorCount, header.GrainSize, real, findings);
    }

    private static DataSet FromSeSparse(byte[] start, string real, FindingList findings)
    {
        SeSparseHeader header = ReadHeader<SeSparseHeader>(start, real, findings);
        return FromHeader(DataKind.SeSparse, header.Capacity, header.GrainSize, real, findings);
    }

    private static T ReadHeader<T>(byte[] start, string real, FindingList findings)
        where T : unmanaged => MemoryMarshal.TryRead(start, out T header) ? header
            : throw findings.Refuse(DescribeFindings.NothingToDescribe, real,
                $"the file ends inside of its header, after {start.Length} bytes");

    private static DataSet FromHeader(
        DataKind kind, ulong capacitySectors, ulong grainSectors, string real, FindingList findings)
    {
        string name = HostPath.NameOf(real);
        return new DataSet
        {
            Folder = HostPath.FolderOf(real), Kind = kind, DiskName = DiskNameOf(name),
            Pieces = [new DataPiece(name, Checked(capacitySectors, real, findings))],
            GrainSectors = Checked(grainSectors, real, findings),
        };
    }

    private static List<DataPiece> FindPieces(
        IHost host, string folder, Match named, Func<HostFile, FindingList, long> measure, FindingList findings)
    {
        var found = new SortedDictionary<int, string>();
        foreach (string name in host.List(folder))
        {
            Match match = PieceName().Match(name);
            if (match.Success && match.Groups[1].ValueSpan.SequenceEqual(named.Groups[1].ValueSpan)
                && match.Groups[2].ValueSpan.SequenceEqual(named.Groups[2].ValueSpan))
            {
                found[int.Parse(match.Groups[3].ValueSpan)] = name;
            }
        }
        var pieces = new List<DataPiece>();
        for (int number = 1; number <= found.Keys.Last(); number++)
        {
            if (!found.TryGetValue(number, out string? name))
            {
                throw findings.Refuse(DescribeFindings.PieceMissing, folder,
                    $"{named.Groups[1].Value}-{named.Groups[2].Value}{number:d3}.vmdk is not there");
            }
            using HostFile file = host.Open(HostPath.Combine(folder, name), HostAccess.Read);
            pieces.Add(new DataPiece(name, measure(file, findings)));
        }
        for (int i = 1; i < pieces.Count; i++)
        {
            bool isOdd = i == pieces.Count - 1
                ? pieces[i].SectorCount > pieces[0].SectorCount : pieces[i].SectorCount != pieces[0].SectorCount;
            if (isOdd)
            {
                findings.Add(DescribeFindings.PiecesUneven, HostPath.Combine(folder, pieces[i].FileName),
                    $"it stands for {pieces[i].SectorCount} sectors, {pieces[0].FileName} for {pieces[0].SectorCount}");
            }
        }
        return pieces;
    }

    private static long FlatPiece(HostFile file, FindingList findings)
    {
        long sectors = file.Length / Sector.Bytes;
        return sectors > 0 ? sectors : throw findings.Refuse(FlatFindings.TooSmall, file.Path, $"it has {file.Length} bytes");
    }

    private static long SparsePiece(HostFile file, FindingList findings)
    {
        byte[] start = new byte[Math.Min(file.Length, SparseHeader.SizeBytes)];
        file.Read(0, start);
        return Checked(HeaderOf(start, file.Path, findings).Capacity, file.Path, findings);
    }

    private static SparseHeader HeaderOf(byte[] start, string path, FindingList findings)
    {
        if (start.Length < SparseHeader.SizeBytes)
        {
            throw findings.Refuse(SparseFindings.BadShape, path, $"the file has {start.Length} bytes");
        }
        var header = MemoryMarshal.Read<SparseHeader>(start);
        return header.Magic == SparseHeader.MagicNumber ? header
            : throw findings.Refuse(SparseFindings.NotSparse, path, "it does not begin with KDMV", 0, "magic");
    }

    private static long Checked(ulong sectors, string path, FindingList findings) =>
        sectors is > 0 and <= long.MaxValue / Sector.Bytes / 1024 ? (long)sectors
            : throw findings.Refuse(SparseFindings.BadShape, path, $"the header counts {sectors} sectors");

    /// <summary>The usual name of the descriptor that belongs to a data file.</summary>
    public static string DiskNameOf(string name)
    {
        if (DataName().Match(name) is { Success: true } data) { return data.Groups[1].Value + ".vmdk"; }

        // The data itself has the usual name of the descriptor.
        if (name.EndsWith(".vmdk", StringComparison.OrdinalIgnoreCase)) { return name[..^5] + "-descriptor.vmdk"; }
        int dot = name.LastIndexOf('.');
        return (dot > 0 ? name[..dot] : name) + ".vmdk";
    }

    [GeneratedRegex(@"^(.+)-([sfSF])([0-9]{3})\.vmdk$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PieceName();

    [GeneratedRegex(@"^(.+)-(?:flat|delta|sesparse|[sf][0-9]{3})\.vmdk$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DataName();

    [GeneratedRegex(@"-[0-9]{6}\.vmdk$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SnapshotNumber();
}
