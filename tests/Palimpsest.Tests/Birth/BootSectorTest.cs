using System.Buffers.Binary;
using System.Text;
using Palimpsest.Cli.Boot;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Birth;

/// <summary>The boot sector that ships with the command: its source, its listing, its bytes.</summary>
public sealed class BootSectorTest
{
    private const string Folder = "src/Palimpsest.Cli/Boot/";

    [Fact]
    public void ListingIsWhatNasmMakesOfTheSource()
    {
        using var folder = new TempFolder();
        string assembled = folder.File("hello.bin");
        Tool.Run("nasm", "-f", "bin", "-o", assembled, Repository.File(Folder + "hello.asm")).MustSucceed();

        Assert.Equal(Convert.ToHexString(File.ReadAllBytes(assembled)), Convert.ToHexString(Listing()));
    }

    [Fact]
    public void CommandCarriesTheListing() => Assert.Equal(Listing(), BuiltInBootSector.Bytes);

    [Fact]
    public void AMachineWithoutNasmMakesTheSameBytes()
    {
        using var folder = new TempFolder();
        string made = folder.File("hello.bin");
        string tools = Directory.CreateDirectory(folder.File("tools")).FullName;
        foreach (string tool in (string[])["tr", "dirname"])
        {
            File.CreateSymbolicLink(Path.Combine(tools, tool), RequiredTool.Find(tool));
        }
        Tool.Run("env", $"PATH={tools}", RequiredTool.Find("sh"), Repository.File(Folder + "assemble.sh"),
            made)
            .MustSucceed();

        Assert.Equal(Listing(), File.ReadAllBytes(made));
    }

    [Fact]
    public void HasTheClassicBeginningAndTheFirmwaresMark()
    {
        byte[] sector = BuiltInBootSector.Bytes;

        Assert.Equal(BuiltInBootSector.LengthBytes, sector.Length);
        Assert.Equal("FA31C08ED8", Convert.ToHexString(sector.AsSpan(0, 5)));
        Assert.Equal(0xAA55, BinaryPrimitives.ReadUInt16LittleEndian(sector.AsSpan(510)));
    }

    [Fact]
    public void LeavesSignatureAndPartitionTableToTheDisk() =>
        Assert.All(BuiltInBootSector.Bytes[440..510], value => Assert.Equal(0, value));

    [Fact]
    public void SaysWhatTheCommandSaysItSays() =>
        Assert.Contains(BuiltInBootSector.Message
            + "\r\n", Encoding.Latin1.GetString(BuiltInBootSector.Bytes),
            StringComparison.Ordinal);

    private static byte[] Listing() => Convert.FromHexString(
        string.Concat(File.ReadAllText(Repository.File(Folder + "hello.hex")).Where(char.IsAsciiHexDigit)));
}
