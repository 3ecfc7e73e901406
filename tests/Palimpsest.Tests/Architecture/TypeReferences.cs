using System.Reflection;
using System.Reflection.Emit;

namespace Palimpsest.Tests.Architecture;

/// <summary>
/// Which types of an assembly a type of it really uses: in its declaration, its members, and the instructions
/// of its methods. Read from the compiled code, so no way of writing a name can hide a use (constants
/// excepted: the compiler copies their value).
/// </summary>
internal static class TypeReferences
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static
        | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (int)(ushort)code.Value);

    /// <summary>
    /// Every type used by <paramref name="type"/>, its nested types left out, generic arguments taken apart.
    /// </summary>
    internal static IReadOnlySet<Type> Of(Type type)
    {
        var found = new HashSet<Type>();
        Add(found, type.BaseType);
        foreach (Type contract in type.GetInterfaces()) { Add(found, contract); }
        foreach (FieldInfo field in type.GetFields(Declared)) { Add(found, field.FieldType); }
        foreach (MethodBase method in type.GetMethods(Declared).Cast<MethodBase>()
            .Concat(type.GetConstructors(Declared)))
        {
            AddMethod(found, method);
        }
        return found;
    }

    private static void AddMethod(HashSet<Type> found, MethodBase method)
    {
        foreach (ParameterInfo parameter in method.GetParameters()) { Add(found, parameter.ParameterType); }
        if (method is MethodInfo { ReturnType: var returned }) { Add(found, returned); }
        if (method.GetMethodBody() is not { } body) { return; }
        foreach (LocalVariableInfo local in body.LocalVariables) { Add(found, local.LocalType); }
        foreach (ExceptionHandlingClause clause in body.ExceptionHandlingClauses)
        {
            if (clause.Flags == ExceptionHandlingClauseOptions.Clause) { Add(found, clause.CatchType); }
        }
        foreach (int token in Tokens(body.GetILAsByteArray()!)) { AddMember(found, Resolve(method, token)); }
    }

    private static void AddMember(HashSet<Type> found, MemberInfo? member)
    {
        switch (member)
        {
            case Type type:
                Add(found, type);
                break;
            case MethodBase method:
                Add(found, method.DeclaringType);
                if (!method.IsGenericMethod) { break; }
                foreach (Type argument in method.GetGenericArguments()) { Add(found, argument); }
                break;
            case not null:
                Add(found, member.DeclaringType);
                break;
        }
    }

    private static void Add(HashSet<Type> found, Type? type)
    {
        if (type is null || type.IsGenericParameter || !found.Add(type)) { return; }
        if (type.HasElementType) { Add(found, type.GetElementType()); }
        foreach (Type argument in type.GetGenericArguments()) { Add(found, argument); }
    }

    private static MemberInfo? Resolve(MethodBase method, int token)
    {
        Type[]? typeArguments = method.DeclaringType!.IsGenericType
            ? method.DeclaringType.GetGenericArguments() : null;
        Type[]? methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        return method.Module.ResolveMember(token, typeArguments, methodArguments);
    }

    /// <summary>
    /// The tokens of members in a method's instructions (ECMA-335, partition III); strings and signatures
    /// left out.
    /// </summary>
    private static IEnumerable<int> Tokens(byte[] instructions)
    {
        const int twoBytePrefix = 0xFE;
        for (int at = 0; at < instructions.Length;)
        {
            int value = instructions[at++];
            if (value == twoBytePrefix) { value = (value << 8) | instructions[at++]; }
            OpCode code = OpCodesByValue[value];
            if (code.OperandType is OperandType.InlineField or OperandType.InlineMethod
                or OperandType.InlineType
                or OperandType.InlineTok)
            {
                yield return BitConverter.ToInt32(instructions, at);
            }
            at += OperandLength(code, instructions, at);
        }
    }

    private static int OperandLength(OpCode code, byte[] instructions, int at) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(instructions, at)),
        _ => 4,
    };
}
