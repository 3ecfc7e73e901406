using System.CommandLine;
using Palimpsest.Cli.Options;
using Palimpsest.Cli.Rendering;
using Palimpsest.Core.Chains.Creation;
using Palimpsest.Core.Findings;
using Palimpsest.Core.Platform;
using Palimpsest.Core.Reports;

namespace Palimpsest.Cli.Verbs;

/// <summary><c>vmdk create</c>: a new, empty disk.</summary>
internal static class CreateVerb
{
    /// <summary>The verb.</summary>
    public static VerbCommand Create()
    {
        var disk = new Argument<string>("DISK")
        {
            Description = "The descriptor to make, or the one file of other kinds.",
        };
        Option<long> size = new("--size")
        {
            HelpName = "S",
            Description = "Size, such as 40G.",
            Required = true,
            CustomParser = ByteSize.Parse,
        };
        Option<string> kind = DiskKind.Create("--kind");
        Option<string> adapter = new("--adapter")
        {
            HelpName = "ADAPTER",
            Description = "lsilogic (without it), buslogic, ide or pvscsi.",
        };
        adapter.AcceptOnlyFromAmong("lsilogic", "buslogic", "ide", "pvscsi");
        Option<string> allocate = new("--allocate")
        {
            HelpName = "HOW",
            Description = "thin (without it), lazy or eager: when storage is taken.",
        };
        allocate.AcceptOnlyFromAmong("thin", "lazy", "eager");
        Option<string> boot = new("--boot-sector")
        {
            HelpName = "FILE",
            Description = "Up to 512 bytes for the first sector.",
        };
        return new VerbCommand("create", "Make a new disk; a flat one for LSI Logic without more words.",
            session => Run(session, new DiskCreation
            {
                Path = session.Get(disk),
                CapacityBytes = session.Get(size),
                Kind = session.Get(kind)!,
                AdapterType = session.Get(adapter) ?? "lsilogic",
                Allocation = AllocationOf(session.Get(allocate)),
                BootSector = BootSectorOf(session.Get(boot)),
            }),
            "vmdk create web01.vmdk --size 40G", "vmdk create web01.vmdk --size 64M --boot-sector hello.bin")
        {
            Arguments = { disk },
            Options = { size, kind, adapter, allocate, boot },
        };
    }

    private static int Run(Session session, DiskCreation creation)
    {
        if (creation.CapacityBytes < Sector.Bytes || creation.CapacityBytes % Sector.Bytes != 0)
        {
            throw new UsageException(
                $"a disk is made of whole sectors of {Sector.Bytes} bytes, at least one; "
                + $"{creation.CapacityBytes} bytes are not");
        }
        IReadOnlyList<string> files = DiskCreator.Create(creation, session.Cancellation);
        var report = new CreateReport(creation.Path, creation.Kind, creation.CapacityBytes,
            [.. files.Select(path => FileReport.Of(creation.Host, path))]);
        session.Print(report, () => ReportJson.Default.CreateReport, (output, made) =>
        {
            output.WriteLine($"made {made.Path}: {made.Kind}, {SizeText.Exact(made.CapacityBytes)}");
            FileText.Write(output, made.Files);
        });
        return ExitCodes.Fine;
    }

    private static DiskAllocation AllocationOf(string? word) => word switch
    {
        "lazy" => DiskAllocation.Lazy,
        "eager" => DiskAllocation.Eager,
        _ => DiskAllocation.Thin,
    };

    private static byte[] BootSectorOf(string? path)
    {
        if (path is null) { return []; }
        using HostFile file = LocalHost.Instance.Open(path, HostAccess.Read);
        long length = file.Length;
        if (length is 0 or > Sector.Bytes)
        {
            throw new UsageException($"a boot sector has up to {Sector.Bytes} bytes; {path} has {length}");
        }
        var content = new byte[length];
        file.Read(0, content);
        return content;
    }
}
