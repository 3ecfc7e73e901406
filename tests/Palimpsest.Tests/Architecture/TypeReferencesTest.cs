using System.Text;
using Xunit;

namespace Palimpsest.Tests.Architecture;

/// <summary>The rules about dependencies are worth what their reader of compiled code sees.</summary>
public sealed class TypeReferencesTest
{
    [Theory]
    [InlineData(typeof(ICloneable))]
    [InlineData(typeof(Uri))]
    [InlineData(typeof(Version))]
    [InlineData(typeof(StringBuilder))]
    [InlineData(typeof(Convert))]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(Guid))]
    public void UsesAreFoundWhereverTheyStand(Type used) =>
        Assert.Contains(used, TypeReferences.Of(typeof(User)));

    [Fact]
    public void WhatIsNotUsedIsNotFound() =>
        Assert.DoesNotContain(typeof(Random), TypeReferences.Of(typeof(User)));

    private sealed class User : ICloneable
    {
        private readonly List<Uri> places = [];

        public object Clone() => new User();

        internal int Count(Version version)
        {
            try
            {
                var text = new StringBuilder(version.ToString());
                return Convert.ToInt32(text.ToString()) + places.Count + Array.Empty<Guid>().Length;
            }
            catch (FormatException)
            {
                return 0;
            }
        }
    }
}
