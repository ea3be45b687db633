"""What a hollow function returns: a value of the type its signature or its own returns promise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Edit
from mutator.operators.code.tree import Program, body_of

_BODIES = ("block", "statement_block", "compound_statement", "constructor_body", "body_statement")


def early_return(program: Program, function: Node) -> Iterator[tuple[Edit, str]]:
    """An edit that makes the function return at once, and what it returns then in words.

    The body stays below the return: unused imports and variables, an error in several languages, do not come up.
    """
    body = body_of(function)
    if body is None or body.type not in _BODIES or not body.named_child_count:
        return
    values = list(_values(program, function, body))
    first = next((child for child in body.named_children if child.type not in program.dialect.comments), None)
    if first is None:
        return
    for value in values:
        statement = _return(program, value)
        yield _insert(program, body, first, statement), value or "nothing"


def _return(program: Program, value: str) -> str:
    language = program.language
    if language == "java":
        return f"if (true) return {value};" if value else "if (true) return;"
    if not value:
        return program.dialect.nothing
    if language == "lua":
        return f"do return {value} end"  # a bare return must be the last of its block
    return f"return {value}{program.dialect.terminator}"


def _insert(program: Program, body: Node, first: Node, statement: str) -> Edit:
    text, at = program.text, first.start_byte
    line = text.rfind("\n", 0, at) + 1
    indent = text[line:at]
    if not indent.strip():
        return Edit(at, at, f"{statement}\n{indent}")
    return Edit(at, at, f"{statement} " if statement.endswith(";") else f"{statement}; ")


def _values(program: Program, function: Node, body: Node) -> Iterator[str]:
    match program.language:
        case "go":
            yield from _go(program, function)
        case "rust":
            yield from _rust(program, function)
        case "java":
            yield from _java(program, function)
        case "c" | "cpp":
            yield from _c(program, function)
        case "kotlin":
            yield from _kotlin(program, function)
        case "csharp":
            yield from _csharp(program, function)
        case "php":
            declared = function.child_by_field_name("return_type")
            yield from _php(program, body, program.said(declared) if declared is not None else "")
        case "typescript" | "tsx":
            declared = function.child_by_field_name("return_type")
            said = program.said(declared).lstrip(": ") if declared is not None else ""
            yield from _script(program, body, re.sub(r"^Promise<(.*)>$", r"\1", said))
        case _:
            yield from _script(program, body, "")


def _go(program: Program, function: Node) -> Iterator[str]:
    result = function.child_by_field_name("result")
    if result is None:
        yield ""
        return
    types = [result]
    if result.type == "parameter_list":
        types = []
        for child in result.named_children:
            declared = child.child_by_field_name("type")
            names = max(len([name for name in child.children_by_field_name("name") if name.is_named]), 1)
            types += [declared or child] * names
    zeros = [_go_zero(program.said(each), each.type) for each in types]
    if all(zero is not None for zero in zeros):
        yield ", ".join(str(zero) for zero in zeros)
        if zeros == ["false"]:
            yield "true"


def _go_zero(said: str, kind: str) -> str | None:
    if said == "string":
        return '""'
    if said == "bool":
        return "false"
    if said in ("error", "any") or kind in (
        "pointer_type", "slice_type", "map_type", "channel_type", "function_type", "interface_type",
    ):  # fmt: skip
        return "nil"
    if re.fullmatch(r"u?int(?:8|16|32|64)?|float(?:32|64)|byte|rune|uintptr|time\.Duration", said):
        return "0"
    if said in ("io.Reader", "io.Writer", "context.Context", "http.Handler", "net.Conn"):
        return "nil"
    if kind in ("array_type", "struct_type") or re.fullmatch(r"[A-Z]\w*|\w+\.[A-Z]\w*|[a-z]\w*", said):
        return f"{said}{{}}"
    return None


def _rust(program: Program, function: Node) -> Iterator[str]:
    declared = function.child_by_field_name("return_type")
    if declared is None:
        yield ""
        return
    said = program.said(declared)
    if said == "!":
        return
    result = re.match(r"(?:[\w:]+::)?Result\s*<\s*(\(\s*\))?", said)
    if result is not None:
        yield "Ok(())" if result[1] else "Ok(Default::default())"
    elif said.startswith("Option"):
        yield "None"
    elif said == "bool":
        yield "false"
        yield "true"
    elif re.fullmatch(r"[iu](?:8|16|32|64|128|size)", said):
        yield "0"
    elif said in ("&str", "&'static str"):
        yield '""'
    elif not said.startswith(("&", "impl ", "Box<dyn")):
        yield "Default::default()"


def _java(program: Program, function: Node) -> Iterator[str]:
    declared = function.child_by_field_name("type")
    said = program.said(declared) if declared is not None else "void"
    if said == "void":
        yield ""
    elif said == "boolean":
        yield "false"
        yield "true"
    elif said in ("int", "long", "short", "byte", "double", "float", "char"):
        yield "0"
    elif said == "String":
        yield '""'
    elif re.match(r"List<|Collection<|Iterable<", said):
        yield "java.util.List.of()"
    elif said.startswith("Map<"):
        yield "java.util.Map.of()"
    elif said.startswith("Set<"):
        yield "java.util.Set.of()"
    elif said.startswith("Optional<"):
        yield "java.util.Optional.empty()"
    else:
        yield "null"


def _c(program: Program, function: Node) -> Iterator[str]:
    declared = function.child_by_field_name("type")
    declarator = function.child_by_field_name("declarator")
    said = program.said(declared) if declared is not None else ""
    pointer = declarator is not None and declarator.type in ("pointer_declarator", "reference_declarator")
    cpp = program.language == "cpp"
    if pointer:
        if declarator is not None and declarator.type == "pointer_declarator":
            yield "nullptr" if cpp else "0"
    elif said == "void" or (not said and function.type == "function_definition"):
        yield ""
    elif said == "bool":
        yield "false"
        yield "true"
    elif cpp:
        yield "{}" if function.type == "function_definition" and said != "auto" else ""
    elif (
        declared is not None and declared.type in ("primitive_type", "sized_type_specifier", "enum_specifier")
    ) or re.fullmatch(r"(?:s?size|[a-z0-9]+|off)_t", said):
        yield "0"


def _kotlin(program: Program, function: Node) -> Iterator[str]:
    types = ("user_type", "nullable_type", "function_type", "parenthesized_type")
    parameters = next((i for i, one in enumerate(function.named_children) if one.type.endswith("parameters")), 0)
    declared = next((one for one in function.named_children[parameters + 1 :] if one.type in types), None)
    said = program.said(declared) if declared is not None else "Unit"
    zeros = {"Unit": "", "String": '""', "Double": "0.0", "Float": "0f", "Long": "0L", "Char": "' '"}
    if said.endswith("?"):
        yield "null"
    elif said == "Boolean":
        yield "false"
        yield "true"
    elif said in zeros or said in ("Int", "Short", "Byte"):
        yield zeros.get(said, "0")
    elif empty := re.match(r"(Mutable)?(List|Set|Map)<|(Collection|Iterable)<", said):
        kind = empty[2] or "List"
        yield f"mutable{kind}Of()" if empty[1] else f"empty{kind}()"


def _csharp(program: Program, function: Node) -> Iterator[str]:
    declared = function.child_by_field_name("returns") or function.child_by_field_name("type")
    said = program.said(declared) if declared is not None else "void"
    if re.match(r"(System\.Collections\.Generic\.)?I(Async)?Enumer(able|ator)\b", said):
        return  # perhaps an iterator, which returns nothing at all
    waits = any(child.type == "modifier" and program.said(child) == "async" for child in function.children)
    if task := re.fullmatch(r"(?:[\w.]+\.)?(?:Value)?Task(?:<(.*)>)?", said, re.DOTALL):
        if not waits:
            if task[1] is None:
                yield "Task.CompletedTask"
            return
        said = task[1] or "void"
    if said == "void":
        yield ""
    elif said == "bool":
        yield "false"
        yield "true"
    elif said == "string":
        yield '""'
    else:
        yield "default"


def _php(program: Program, body: Node, declared: str) -> Iterator[str]:
    zeros = {"bool": "false true", "int": "0", "float": "0", "string": "''", "array": "[]"}
    if declared in zeros:
        yield from zeros[declared].split()
    elif declared == "void":
        yield ""
    elif declared.startswith("?") or declared == "mixed":
        yield "null"
    elif not declared:
        yield from _script(program, body, "")


_BY_TYPE = {
    "boolean": ("false", "true"), "number": ("0",), "string": ('""',), "void": ("",), "undefined": ("",),
    "null": ("null",),
}  # fmt: skip


def _script(program: Program, body: Node, declared: str) -> Iterator[str]:
    """JavaScript, Ruby and Perl: by the declared type, else by what the function's own returns look like."""
    if declared in _BY_TYPE:
        yield from _BY_TYPE[declared]
        return
    if declared.endswith("[]") or declared.startswith(("Array<", "readonly ")):
        yield "[]"
        return
    said = _returned(program, body)
    if said is None:
        yield ""
    elif said in ("true", "false"):
        yield "false"
        yield "true"
    elif re.fullmatch(r"-?\d[\d._]*", said):
        yield "0"
    elif said[:1] in ("'", '"', "`"):
        yield '""'
    elif said.startswith("[") and program.language != "lua":
        yield "[]"
    elif said.startswith("{"):
        yield "{}"
    else:
        yield {"ruby": "nil", "perl": "undef", "lua": "nil"}.get(program.language, "null")


def _returned(program: Program, body: Node) -> str | None:
    """The text of the last value the function itself returns; None where it returns none."""
    last: str | None = None
    stack = [body]
    while stack:
        node = stack.pop()
        if node.type in program.dialect.returns:
            values = [child for child in node.named_children if child.type not in program.dialect.comments]
            if values and last is None:
                last = program.said(values[0])
            continue
        stack += [child for child in node.named_children if child.type not in program.dialect.functions]
    if last is None and program.language == "ruby" and body.named_child_count:
        return program.said(body.named_children[-1])
    return last
