using System.Reflection;
using System.Xml.Linq;
using Palimpsest.Core.Findings;
using Palimpsest.Tests.Tooling;
using Xunit;

namespace Palimpsest.Tests.Architecture;

/// <summary>Dependencies point one way, between projects and inside the engine.</summary>
public sealed class DependencyTest
{
    private const string Core = "Palimpsest.Core", Formats = "Palimpsest.Core.Formats.";

    /// <summary>A project may use those before it.</summary>
    private static readonly string[] Projects =
        [Core, "Palimpsest.Guest", "Palimpsest.Serve", "Palimpsest.Cli"];

    /// <summary>
    /// The parts of the engine, lowest first: a part may use those of lower rank, and itself. Findings are
    /// used by all and use nothing. A part that is new here needs a rank, and a thought about which.
    /// </summary>
    private static readonly Dictionary<string, int> RankByPart = new()
    {
        ["Findings"] = 0,
        ["Platform"] = 1,
        ["Blocks"] = 2,
        ["Formats"] = 3,
        ["Partitions"] = 3,
        ["Chains"] = 4,
        ["Reports"] = 5,
    };

    [Fact]
    public void ProjectsReferenceOnlyThoseBelow()
    {
        foreach (string path in Repository.Files("src", "*.csproj"))
        {
            string project = Path.GetFileNameWithoutExtension(path);
            int rank = Array.IndexOf(Projects, project);
            Assert.True(rank >= 0, $"{project} has no place in the order of projects");
            foreach (XElement reference in XDocument.Load(Repository.File(path))
                .Descendants("ProjectReference"))
            {
                string used = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value);
                Assert.True(Array.IndexOf(Projects, used) < rank, $"{project} must not reference {used}");
            }
        }
    }

    [Fact]
    public void PartsOfTheEngineUseOnlyThoseBelow()
    {
        var wrong = new SortedSet<string>();
        foreach ((Type user, Type used) in UsesInsideTheEngine())
        {
            string userPart = PartOf(user), usedPart = PartOf(used);
            if (userPart != usedPart && RankByPart[userPart] <= RankByPart[usedPart])
            {
                wrong.Add($"{user.FullName} uses {used.FullName}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void AFormatNeverSeesAnother()
    {
        var wrong = new SortedSet<string>();
        foreach ((Type user, Type used) in UsesInsideTheEngine())
        {
            if (!used.Namespace!.StartsWith(Formats, StringComparison.Ordinal)) { continue; }
            if (!user.Namespace!.StartsWith(Formats, StringComparison.Ordinal)) { continue; }

            // What formats share lies in the folder above them; it knows none of them.
            bool isOwnOrShared = user.Namespace == used.Namespace
                || user.Namespace.StartsWith(used.Namespace + ".", StringComparison.Ordinal);
            if (!isOwnOrShared) { wrong.Add($"{user.FullName} uses {used.FullName}"); }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void OnlyTheCommandKnowsTheConsole()
    {
        IEnumerable<string> references = Engine().GetReferencedAssemblies().Select(name => name.Name!);
        Assert.DoesNotContain("System.Console", references);
    }

    private static Assembly Engine() => typeof(Finding).Assembly;

    private static string PartOf(Type type)
    {
        string rest = type.Namespace!.Length > Core.Length ? type.Namespace[(Core.Length + 1)..] : "";
        string part = rest.Split('.')[0];
        Assert.True(RankByPart.ContainsKey(part),
            $"{type.FullName}: the part '{part}' of the engine has no rank");
        return part;
    }

    private static IEnumerable<(Type User, Type Used)> UsesInsideTheEngine() =>
        from user in Engine().GetTypes()
        where IsOurs(user)
        from used in TypeReferences.Of(user)
        where used.Assembly == Engine() && IsOurs(used)
        select (user, used);

    /// <summary>False for what the compiler adds outside our namespaces.</summary>
    private static bool IsOurs(Type type) =>
        type.Namespace?.StartsWith(Core, StringComparison.Ordinal) == true;
}
