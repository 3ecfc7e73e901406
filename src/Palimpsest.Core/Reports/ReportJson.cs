using System.Text.Json;
using System.Text.Json.Serialization;

namespace Palimpsest.Core.Reports;

/// <summary>Writes reports as JSON: camelCase, absent values left out, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(DiskReport))]
[JsonSerializable(typeof(QemuInfo))]
[JsonSerializable(typeof(ErrorReport))]
[JsonSerializable(typeof(StoryReport))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(RepairReport))]
[JsonSerializable(typeof(UndoReport))]
[JsonSerializable(typeof(DescribeReport))]
[JsonSerializable(typeof(CreateReport))]
[JsonSerializable(typeof(ConvertReport))]
[JsonSerializable(typeof(ResizeReport))]
[JsonSerializable(typeof(FolderReport))]
[JsonSerializable(typeof(CompareReport))]
[JsonSerializable(typeof(ChainReport))]
[JsonSerializable(typeof(ChainRepairReport))]
[JsonSerializable(typeof(DriftReport))]
[JsonSerializable(typeof(WriteReport))]
[JsonSerializable(typeof(ChangeReport))]
[JsonSerializable(typeof(SnapshotListReport))]
[JsonSerializable(typeof(RebaseReport))]
[JsonSerializable(typeof(SealReport))]
[JsonSerializable(typeof(VerifyReport))]
[JsonSerializable(typeof(LinkedCloneReport))]
[JsonSerializable(typeof(CloneListReport))]
[JsonSerializable(typeof(CloneForgottenReport))]
[JsonSerializable(typeof(IReadOnlyList<FindingReport>))]
public sealed partial class ReportJson : JsonSerializerContext;
