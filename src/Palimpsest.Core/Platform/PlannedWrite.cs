namespace Palimpsest.Core.Platform;

/// <summary>
/// One write of a repair that is shown before it is done. A plan's writes are done in its order, with a flush
/// before the last one.
/// </summary>
/// <param name="OffsetBytes">Byte offset in the file; at or past its end for bytes that are appended.</param>
/// <param name="Bytes">What is written there.</param>
/// <param name="Reason">What it is for, in plain words.</param>
public sealed record PlannedWrite(long OffsetBytes, byte[] Bytes, string Reason);
