using Palimpsest.Fuzz;
using Palimpsest.Tests.Fuzz;
using SharpFuzz;

// Three uses, told in README.md: the fuzzer's own process, files run again, and first inputs written to a
// folder.
if (args.Length == 3 && args[0] == "seeds" && Find(args[1]) is { MakeSeed: { } make, SeedFile: { } seedFile })
{
    Directory.CreateDirectory(args[2]);
    for (int seed = 0; seed < 8; seed++)
    {
        FuzzImage image = make(seed);

        // A chain's base is no input of the kind that is asked for.
        if (image.OpenPath != Target.DiskPath) { continue; }
        File.WriteAllBytes(Path.Combine(args[2], $"{args[1]}-{seed}"), image.Files[seedFile]);
    }
    return 0;
}
if (args.Length >= 1 && Find(args[0]) is { } target)
{
    if (args.Length == 1)
    {
        Fuzzer.LibFuzzer.Run(input => target.Run(input.ToArray()));
        return 0;
    }
    foreach (string path in args[1..])
    {
        Console.WriteLine(path);
        target.Run(File.ReadAllBytes(path));
    }
    return 0;
}
Console.Error.WriteLine(
    $"""
    usage: Palimpsest.Fuzz TARGET               under libfuzzer-dotnet
           Palimpsest.Fuzz TARGET FILE...       runs inputs again; a bug is an exception
           Palimpsest.Fuzz seeds TARGET FOLDER  writes first inputs (partitions has none)
    TARGET: {string.Join(", ", Target.All.Select(each => each.Name))}
    """);
return 2;

static Target? Find(string name) => Target.All.FirstOrDefault(each => each.Name == name);
