using System.Buffers.Binary;
using Palimpsest.Core.Chains.VirtualMachine;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Formats.Vmdk.Descriptor;
using Palimpsest.Core.Platform;

namespace Palimpsest.Core.Chains.Describing;

/// <summary>Puts a new descriptor together from the data and from what the folder knows. Used once.</summary>
internal sealed class DescriptionDraft(
    IHost host, DataSet data, FolderSurvey survey, DescribeOptions options, FindingList findings)
{
    private const string Capacity = "capacity (sectors)", ContentId = "CID", Adapter = "ddb.adapterType";
    private const string HardwareVersion = "ddb.virtualHWVersion", CreateType = "createType",
        DiskUuid = "ddb.uuid";
    private const string User = "the command line", Nothing = "nothing tells; a common value";

    private readonly EvidenceBook book = new();
    private readonly string diskPath = HostPath.Combine(data.Folder, data.DiskName);
    private FoundParent? parent;

    public IReadOnlyList<Evidence> Evidence { get; private set; } = [];

    public byte[] Build()
    {
        if (IsDelta()) { parent = new ParentSearch(host, data, survey, findings).Find(options.ParentPath); }
        List<ExtentLine> extents = DecideExtents(out bool isThin);
        uint contentId = DecideContentId();
        var template = new DescriptorTemplate
        {
            CreateType = book.Best(CreateType)!, Extents = extents, ContentId = contentId, IsThin = isThin,
        };
        template = parent is null ? AddBase(template, extents) : AddParent(template, parent);
        if (survey.Names.Contains(data.DiskName[..^5] + "-ctk.vmdk"))
        {
            findings.Add(DescribeFindings.ChangeTrackingDropped, diskPath, $"{data.DiskName[..^5]}-ctk.vmdk");
        }
        Evidence = book.Decide(diskPath, findings);
        return template.ToBytes();
    }

    private bool IsDelta()
    {
        if (options.ParentPath is not null) { return true; }
        return data.Kind switch
        {
            DataKind.Cowd or DataKind.SeSparse => true,
            DataKind.Embedded or DataKind.Sparse =>
                DataSet.IsSnapshotName(data.DiskName) && !data.IsCompressed,
            _ => false,
        };
    }

    private List<ExtentLine> DecideExtents(out bool isThin)
    {
        string dataSource = data.IsFlat ? "the length of the data" : "the header of the data";
        book.Add(Capacity, $"{data.SectorCount}", dataSource, Confidence.Likely);
        long sectors = data.SectorCount;
        if (RequiredSectors() is { } required)
        {
            book.Add(Capacity, $"{required.Sectors}", required.Source, required.Confidence);
            sectors = required.Sectors;
        }
        ReportSize(sectors);
        bool isEsxi = DecideCreateType();
        ExtentType type = data.Kind switch
        {
            DataKind.Flat when isEsxi => ExtentType.Vmfs,
            DataKind.Flat or DataKind.SplitFlat => ExtentType.Flat,
            DataKind.Cowd => ExtentType.VmfsSparse,
            DataKind.SeSparse => ExtentType.SeSparse,
            _ => ExtentType.Sparse,
        };

        // ESXi alone has the key: a hosted flat file may have holes, and its descriptor says nothing of them.
        isThin = isEsxi && data.HasHoles;
        if (isThin)
        {
            book.Add("ddb.thinProvisioned", "1", "the host keeps holes in the data", Confidence.Weak);
        }
        var lines = new List<ExtentLine>();
        for (int i = 0; i < data.Pieces.Count; i++)
        {
            DataPiece piece = data.Pieces[i];
            ThrowUnlessWritable(piece.FileName);
            bool isLast = i == data.Pieces.Count - 1;
            long count = isLast ? sectors - lines.Sum(line => line.SectorCount) : piece.SectorCount;
            if (count <= 0)
            {
                throw findings.Refuse(ChainFindings.CapacityMismatch, diskPath,
                    $"the pieces before {piece.FileName} already hold more than the {sectors} sectors of "
                    + "the disk");
            }
            lines.Add(new ExtentLine(ExtentAccess.ReadWrite, count, type, piece.FileName));
        }
        return lines;
    }

    // The size that others rely on: a parent's, or the children's. A log counts where the data itself is in
    // doubt.
    private (long Sectors, string Source, Confidence Confidence)? RequiredSectors()
    {
        if (parent is not null)
        {
            return (parent.Descriptor.CapacityBytes / Sector.Bytes, parent.Hint, Confidence.Certain);
        }
        var children = survey.ChildrenOf(data.DiskName).Where(child => child.CapacityBytes > 0).ToList();
        if (children.Count > 0 && children.All(child => child.CapacityBytes == children[0].CapacityBytes))
        {
            return (children[0].CapacityBytes!.Value / Sector.Bytes, children[0].Name, Confidence.Certain);
        }
        if (data.HasPartialSector
            && survey.LogOf(data.DiskName) is { Facts.SectorCount: > 0 and var logged } log
            && logged <= data.SectorCount)
        {
            return (logged, log.Source, Confidence.Likely);
        }
        return null;
    }

    private void ReportSize(long sectors)
    {
        if (sectors == data.SectorCount) { return; }
        long surplus = data.SectorCount - sectors;
        bool isRounding = !data.IsFlat && surplus > 0 && surplus < data.GrainSectors;
        if (isRounding) { return; }
        if (!data.IsFlat)
        {
            throw findings.Refuse(ChainFindings.CapacityMismatch, diskPath,
                $"the data stands for {data.SectorCount} sectors, and the disks that belong to it have "
                + $"{sectors}");
        }
        if (data.Kind == DataKind.SplitFlat && -surplus >= data.Pieces[0].SectorCount)
        {
            throw findings.Refuse(DescribeFindings.PieceMissing, diskPath,
                $"the disk has {sectors} sectors, and its {data.Pieces.Count} pieces only "
                + $"{data.SectorCount}");
        }
        findings.Add(DescribeFindings.SizeDiffers, HostPath.Combine(data.Folder, data.Pieces[^1].FileName),
            $"the data has {data.SectorCount} whole sectors, and the disk had {sectors}",
            Math.Min(sectors, data.SectorCount) * Sector.Bytes);
    }

    private bool DecideCreateType()
    {
        bool isEsxi = false;
        switch (data.Kind)
        {
            case DataKind.Flat:
                isEsxi = EsxiWitness() is not null;
                book.Add(CreateType, isEsxi ? CreateTypes.Vmfs : CreateTypes.MonolithicFlat,
                    EsxiWitness() ?? "one flat file, and no sign of ESXi",
                    isEsxi ? Confidence.Likely : Confidence.Weak);
                break;
            case DataKind.SplitFlat:
                book.Add(CreateType, CreateTypes.TwoGbMaxExtentFlat, "numbered flat pieces",
                    Confidence.Certain);
                break;
            case DataKind.Cowd:
                book.Add(CreateType, CreateTypes.VmfsSparse, "the COWD header", Confidence.Certain);
                break;
            case DataKind.SeSparse:
                book.Add(CreateType, CreateTypes.SeSparse, "the seSparse header", Confidence.Certain);
                break;
            case DataKind.Embedded:
                book.Add(CreateType, data.IsCompressed
                    ? CreateTypes.StreamOptimized : CreateTypes.MonolithicSparse,
                    "a sparse header with room for a descriptor", Confidence.Certain);
                break;
            default:
                book.Add(CreateType, CreateTypes.TwoGbMaxExtentSparse,
                    "sparse headers without room for a descriptor",
                    Confidence.Certain);
                break;
        }
        return isEsxi;
    }

    private string? EsxiWitness()
    {
        if (!data.Pieces[0].FileName.EndsWith("-flat.vmdk", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        Sibling? sibling = survey.Siblings.FirstOrDefault(sibling => sibling.Descriptor.Extents.Any(extent =>
            extent.Type is ExtentType.Vmfs or ExtentType.VmfsSparse or ExtentType.SeSparse));
        if (sibling is not null) { return $"{sibling.Name} lies on ESXi's own extents"; }
        (string Name, VmxFile File) settings =
            survey.Settings.FirstOrDefault(settings => settings.File.IsFromEsxi);
        if (settings.Name is not null) { return $"{settings.Name} has settings of ESXi"; }
        (string Name, VmwareLog Log) log = survey.Logs.Find(log => log.Log.IsFromEsxi);
        return log.Name is not null ? $"{log.Name} has paths of a datastore" : null;
    }

    private uint DecideContentId()
    {
        var children = survey.ChildrenOf(data.DiskName).ToList();
        uint[] expected = [.. children.Select(child => child.Descriptor.ParentContentId!.Value).Distinct()];
        if (options.ContentId is { } given) { book.Add(ContentId, $"{given:x8}", User, Confidence.Certain); }
        if (expected.Length == 1)
        {
            book.Add(ContentId, $"{expected[0]:x8}", $"parentCID of {children[0].Name}", Confidence.Certain);
        }
        else if (expected.Length > 1 && options.ContentId is null)
        {
            throw findings.Refuse(DescribeFindings.ChildrenDisagree, diskPath,
                string.Join(", ", children.Select(child =>
                    $"{child.Name} expects {child.Descriptor.ParentContentId:x8}")), field: ContentId);
        }
        if (survey.LogOf(data.DiskName) is { Facts.ContentId: { } logged } log)
        {
            book.Add(ContentId, $"{logged:x8}", log.Source, Confidence.Likely);
        }
        if (book.Best(ContentId) is null)
        {
            book.Add(ContentId, $"{DescriptorTemplate.NewContentId():x8}",
                "new; no child expects a certain one",
                Confidence.Assumed);
        }
        return Convert.ToUInt32(book.Best(ContentId), 16);
    }

    private DescriptorTemplate AddParent(DescriptorTemplate template, FoundParent found)
    {
        if (found.Descriptor.ContentId is not { } parentId)
        {
            throw findings.Refuse(DescriptorFindings.BadContentId, found.Hint,
                "the parent has no readable CID; repair it first", field: ContentId);
        }
        ThrowUnlessWritable(found.Hint);
        book.Add("parentFileNameHint", found.Hint, found.Source, found.Confidence);
        book.Add("parentCID", $"{parentId:x8}", $"CID of {found.Hint}", found.Confidence);
        if (survey.LogOf(data.DiskName) is { Facts.ParentContentId: { } logged } log)
        {
            book.Add("parentCID", $"{logged:x8}", log.Source, Confidence.Assumed);
            if (logged != parentId)
            {
                findings.Add(DescribeFindings.WitnessesDiffer, diskPath,
                    $"{log.Source} says that the parent had CID {logged:x8}, and it has {parentId:x8} now: "
                    + "it may have been written since the snapshot", field: "parentCID");
            }
        }
        return template with { ParentContentId = parentId, ParentFileNameHint = found.Hint };
    }

    private DescriptorTemplate AddBase(DescriptorTemplate template, List<ExtentLine> extents)
    {
        (string Source, VmxFile File, VmxDisk Disk, bool IsSure)? attachment =
            survey.AttachmentOf(data.DiskName);
        CollectAdapter(attachment);
        if (attachment is { File.HardwareVersion: { } version } known)
        {
            book.Add(HardwareVersion, $"{version}", known.Source, Confidence.Likely);
        }
        foreach (Sibling sibling in survey.Siblings)
        {
            if (sibling.Descriptor.Database("virtualHWVersion") is { Length: > 0 and < 4 } text
                && text.All(char.IsAsciiDigit))
            {
                book.Add(HardwareVersion, text, sibling.Name, Confidence.Weak);
            }
        }
        if (survey.LogOf(data.DiskName) is { Facts.Uuid: { } uuid } log)
        {
            book.Add(DiskUuid, uuid.ToLowerInvariant(), log.Source, Confidence.Likely);
        }
        AddMissing(HardwareVersion, template.HardwareVersion);
        AddMissing(Adapter, "lsilogic");
        AddMissing(DiskUuid, DescriptorTemplate.NewUuid());
        string adapter = book.Best(Adapter)!;
        long capacityBytes = extents.Sum(extent => extent.LengthBytes);
        return template with
        {
            AdapterType = adapter,
            Geometry = DiskGeometry.For(capacityBytes, adapter),
            HardwareVersion = book.Best(HardwareVersion)!,
            Uuid = book.Best(DiskUuid),
        };
    }

    private void CollectAdapter((string Source, VmxFile File, VmxDisk Disk, bool IsSure)? attachment)
    {
        if (options.AdapterType is { } given) { book.Add(Adapter, given, User, Confidence.Certain); }
        foreach (Sibling sibling in survey.Siblings.Where(sibling =>
            survey.DescendsFrom(sibling.Name, data.DiskName)))
        {
            if (sibling.Descriptor.Database("adapterType") is { } word && KnownAdapter(word) is { } adapter)
            {
                book.Add(Adapter, adapter, sibling.Name, Confidence.Likely);
            }
        }
        if (attachment is { } found)
        {
            string? adapter = (found.Disk.Bus, found.Disk.ControllerType) switch
            {
                ("ide", _) => "ide",
                ("scsi", "buslogic") => "buslogic",
                ("scsi", _) => "lsilogic",
                _ => null,
            };
            bool isSure = found.IsSure && (found.Disk.Bus == "ide" || found.Disk.ControllerType is not null);
            if (adapter is not null)
            {
                book.Add(Adapter, adapter, $"{found.Disk.Node} in {found.Source}",
                    isSure ? Confidence.Likely : Confidence.Weak);
            }
        }
        if (data.IsFlat) { CollectFromBootSector(); }
    }

    private static string? KnownAdapter(string word) => word.ToLowerInvariant() switch
    {
        "ide" => "ide",
        "buslogic" => "buslogic",
        "lsilogic" => "lsilogic",
        "legacyesx" => "legacyESX",
        _ => null,
    };

    // The partition table keeps the shape the disk had for the system that made it: its last head is one less
    // than the heads of the disk. 16 heads are IDE's; 255 are what every BIOS gives to a large disk.
    private void CollectFromBootSector()
    {
        const int TableOffset = 446, EntryBytes = 16, EntryCount = 4;
        Span<byte> sector = stackalloc byte[Sector.Bytes];
        try
        {
            using HostFile file =
                host.Open(HostPath.Combine(data.Folder, data.Pieces[0].FileName), HostAccess.Read);
            file.Read(0, sector);
        }
        catch (BlockException error)
        {
            findings.Add(DescribeFindings.WitnessUnusable,
                error.Path ?? diskPath, error.Message, error.OffsetBytes);
            return;
        }
        if (BinaryPrimitives.ReadUInt16LittleEndian(sector[510..]) != 0xAA55)
        {
            book.Add("boot signature", "none", "the first sector", Confidence.Certain);
            return;
        }
        book.Add("boot signature", "55 AA", "the first sector", Confidence.Certain);
        int lastHead = -1;
        for (int i = 0; i < EntryCount; i++)
        {
            ReadOnlySpan<byte> entry = sector.Slice(TableOffset + (i * EntryBytes), EntryBytes);
            if (entry[4] != 0) { lastHead = Math.Max(lastHead, entry[5]); }
        }
        if (lastHead == 15)
        {
            book.Add(Adapter, "ide", "a partition table made for 16 heads", Confidence.Weak);
        }
        else if (lastHead == 254)
        {
            book.Add(Adapter, "lsilogic", "a partition table made for 255 heads", Confidence.Weak);
        }
    }

    private void AddMissing(string field, string value)
    {
        if (book.Best(field) is not null) { return; }
        book.Add(field, value, Nothing, Confidence.Assumed);
        findings.Add(DescribeFindings.Guessed, diskPath, $"{field} is written as {value}", field: field);
    }

    private void ThrowUnlessWritable(string name)
    {
        if (name.Any(letter => letter == '"' || char.IsControl(letter)))
        {
            throw findings.Refuse(DescribeFindings.UnwritableName, diskPath,
                $"the name is \"{DescriptorParser.Printable(name)}\"");
        }
    }
}
