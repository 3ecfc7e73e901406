using System.Globalization;
using Palimpsest.Bench;

// Times what happens inside of a process, where starting a command would hide it. ../README.md says how.
if (args.Length is 0 or > 3 || args[0].StartsWith('-'))
{
    Console.Error.WriteLine(
        """
        usage: Palimpsest.Bench FOLDER [THREADS [SECONDS]]
        Random reads of 4 KiB through a chain of three links, which is made in FOLDER (6 GiB) if need be.
        THREADS (2) read for SECONDS (5), five times over. A page of results goes to standard output.
        """);
    return 2;
}
int threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2;
double seconds = args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 5;
string head = ChainInput.Make(args[0], Console.Error);
return RandomReads.Run(head, threads, TimeSpan.FromSeconds(seconds), Console.Out);
