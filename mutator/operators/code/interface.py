"""What a program offers and refuses: its options, its guards, its functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.code import tree
from mutator.operators.code.defaults import early_return
from mutator.operators.code.reading import (
    LANGUAGES,
    OPTION,
    SAFE,
    branch_of,
    called,
    condition_text,
    is_guard,
    statement,
)
from mutator.operators.code.tree import Program, whole_lines
from mutator.operators.define import operator

_FLAG_CALLS = re.compile(
    r"(?:flag|pflag|Flags\(\)|PersistentFlags\(\)|fs|flagSet|flags)\.(?:Bool|String|Int|Duration|Float64|Uint)\w*$"
    r"|(?:^|\.|::)(?:long|addOption|GetOptions|getBoolean|has_arg|opt_present|hasOption|boolean|option)$"
)


@operator(
    "code.missing-flag",
    FaultClass.MISSING_FLAG,
    Tier.COARSE,
    LANGUAGES,
    "the option `{flag}` does not exist",
    (
        'program.option("-n, --dry-run", "only say");\nif (argv[2] === "--all") go();\n',
        (
            'program.option("-n, --dry-run-off", "only say");\nif (argv[2] === "--all") go();\n',
            'program.option("-n, --dry-run", "only say");\nif (argv[2] === "--all-off") go();\n',
        ),
        "javascript",
    ),
    (
        'var n = flag.Bool("dry-run", false, "only say")\n',
        ('var n = flag.Bool("dry-run-off", false, "only say")\n',),
        "go",
    ),
    (
        'struct option o[] = {{"dry-run", no_argument, 0, 1}, {0}};',
        ('struct option o[] = {{"dry-run-off", no_argument, 0, 1}, {0}};',),
        "c",
    ),
    ('let m = Arg::new("d").long("dry-run");\n', ('let m = Arg::new("d").long("dry-run-off");\n',), "rust"),
    ('opts.on("--dry-run") { |v| n = v }\n', ('opts.on("--dry-run-off") { |v| n = v }\n',), "ruby"),
)
def missing_flag(program: Program) -> Iterator[Candidate]:
    """The name under which a command-line option is known becomes another: the option is not there any more."""
    for found in program.each(tree.STRING):
        said = program.said(found.node)
        match = OPTION.search(said)
        if match is not None and not _SPEAKS.fullmatch(said.strip("\"'`")):
            # A text about the option, such as the line of usage.
            continue
        if match is not None:
            at = found.node.start_byte + match.end()
            yield Candidate((Edit(at, at, "-off"),), {"flag": match[0]}, found.scope, check=SAFE)
            continue
        bare = said.strip("\"'`")
        if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", bare) or len(said) < len(bare) + 2:
            continue
        if names_option(program, found.node):
            at = found.node.end_byte - 1
            yield Candidate((Edit(at, at, "-off"),), {"flag": f"--{bare}"}, found.scope, check=SAFE)


_SPEAKS = re.compile(r"(?:-\w[,|\s]+)?--[\w-]+(?:[=\s]*[<\[]?[\w.:-]*[>\]]?)?(?:[,|\s]+-\w)?")
"""An option as a program is told it: `-n, --dry-run`, `--out <file>`."""


def names_option(program: Program, node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "initializer_list":  # struct option of getopt_long
        return re.search(r"\b(?:no|required|optional)_argument\b", program.said(parent)) is not None
    call = parent.parent if parent.type in ("argument_list", "arguments") else parent
    if call is None:
        return False
    function = call.child_by_field_name("function") or call.child_by_field_name("method")
    function = function or call.child_by_field_name("name")
    if function is None or _FLAG_CALLS.search(program.said(function)) is None:
        return False
    strings = [child for child in parent.named_children if child.type in program.dialect.strings]
    return bool(strings) and strings[0].id == node.id


_PASSED_ON = re.compile(r"\w*err\w* != nil|err", re.IGNORECASE)
"""A check that only hands an error on: seldom reached, so seldom worth an early place."""


@operator(
    "code.drop-guard",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    LANGUAGES,
    "the case `{condition}` is not treated apart",
    (
        "function f(a) {\n  if (!a) {\n    throw new Error('no');\n  }\n  return a;\n}\n",
        ("function f(a) {\n  return a;\n}\n",),
        "javascript",
    ),
    (
        "package p\nfunc f(a int) error {\n\tif a < 0 {\n\t\treturn e\n\t}\n\treturn nil\n}\n",
        ("package p\nfunc f(a int) error {\n\treturn nil\n}\n",),
        "go",
    ),
    (
        "fn f(a: i32) -> bool {\n    if a < 0 {\n        return false;\n    }\n    true\n}\n",
        ("fn f(a: i32) -> bool {\n    true\n}\n",),
        "rust",
    ),
    ("int f(int a) {\n  if (a < 0) return 1;\n  return 0;\n}\n", ("int f(int a) {\n  return 0;\n}\n",), "c"),
    ("def f(a)\n  raise 'no' unless a\n  a\nend\n", ("def f(a)\n  a\nend\n",), "ruby"),
    (
        "fun f(a: Int): Int {\n  if (a < 0) return 0\n  return a\n}\n",
        ("fun f(a: Int): Int {\n  return a\n}\n",),
        "kotlin",
    ),
    (
        "function f(a)\n  if a < 0 then\n    error('no')\n  end\n  return a\nend\n",
        ("function f(a)\n  return a\nend\n",),
        "lua",
    ),
    ("if ($a < 0) { throw new E(); }\ngo();\n", ("go();\n",), "php"),
    (
        "int F(int a) {\n  if (a < 0) { throw new E(); }\n  return a;\n}\n",
        ("int F(int a) {\n  return a;\n}\n",),
        "csharp",
    ),
    (
        "sub f { my ($a) = @_;\n  die 'no' if $a < 0;\n  return 1; }\n",
        ("sub f { my ($a) = @_;\n  return 1; }\n",),
        "perl",
    ),
    (
        "class A { int f(int a) { if (a < 0) { throw new E(); } return a; } }",
        ("class A { int f(int a) {  return a; } }",),
        "java",
    ),
)
def drop_guard(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.IF):
        if is_guard(program, found.node):
            said = condition_text(program, found.node)
            tier = Tier.MEDIUM if _PASSED_ON.fullmatch(said) else None
            fields = {"condition": f"not {said}" if "unless" in found.node.type else said}
            gone = whole_lines(program, statement(found.node))
            yield Candidate((gone,), fields, found.scope, tier=tier, stills=branch_of(found.node))


@operator(
    "code.hollow-function",
    FaultClass.HOLLOW_FUNCTION,
    Tier.COARSE,
    LANGUAGES,
    "{name} does nothing{returns}",
    ("function f(a) {\n  return [a];\n}\n", ("function f(a) {\n  return [];\n  return [a];\n}\n",), "javascript"),
    (
        "const g = (a: number): boolean => { return a > 1; };\n",
        (
            "const g = (a: number): boolean => { return false; return a > 1; };\n",
            "const g = (a: number): boolean => { return true; return a > 1; };\n",
        ),
        "typescript",
    ),
    (
        "package p\nfunc (s *S) F(a int) (int, error) {\n\treturn a, nil\n}\n",
        ("package p\nfunc (s *S) F(a int) (int, error) {\n\treturn 0, nil\n\treturn a, nil\n}\n",),
        "go",
    ),
    (
        "fn f(a: i32) -> Result<i32, E> {\n    Ok(a)\n}\n",
        ("fn f(a: i32) -> Result<i32, E> {\n    return Ok(Default::default());\n    Ok(a)\n}\n",),
        "rust",
    ),
    (
        "static int f(int a) {\n    return a + 1;\n}\n",
        ("static int f(int a) {\n    return 0;\n    return a + 1;\n}\n",),
        "c",
    ),
    (
        "std::string A::f() const {\n  return x;\n}\n",
        ("std::string A::f() const {\n  return {};\n  return x;\n}\n",),
        "cpp",
    ),
    (
        "class A {\n  String f() {\n    return x;\n  }\n}\n",
        ('class A {\n  String f() {\n    if (true) return "";\n    return x;\n  }\n}\n',),
        "java",
    ),
    ("def f(a)\n  { a: 1 }\nend\n", ("def f(a)\n  return {}\n  { a: 1 }\nend\n",), "ruby"),
    (
        "fun f(): List<Int> {\n  return a\n}\n",
        ("fun f(): List<Int> {\n  return emptyList()\n  return a\n}\n",),
        "kotlin",
    ),
    (
        "async Task<int> F() {\n  return 1;\n}\n",
        ("async Task<int> F() {\n  return default;\n  return 1;\n}\n",),
        "csharp",
    ),
    ("function f(): array {\n  return a();\n}\n", ("function f(): array {\n  return [];\n  return a();\n}\n",), "php"),
    ("function f()\n  return 'x'\nend\n", ("function f()\n  do return \"\" end\n  return 'x'\nend\n",), "lua"),
    ("sub f {\n  return 1;\n}\n", ("sub f {\n  return 0;\n  return 1;\n}\n",), "perl"),
)
def hollow_function(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.FUNCTION):
        name = tree.name_of(program, found.node)
        for edit, value in early_return(program, found.node):
            fields = {"name": f"`{name}`" if name else _anonymous(program, found.node), "returns": _returns(value)}
            scope = f"{found.scope}.{name}" if found.scope and name else name or found.scope
            # A stage of the program that one place uses: without what it gives there is no result at all.
            stage = (
                bool(name) and value != "nothing" and len(re.findall(rf"\b{re.escape(name)}\s*\(", program.text)) == 2
            )
            body = found.node.child_by_field_name("body") or next(
                (child for child in found.node.children if child.type == "function_body"), None
            )
            stills = (body.start_byte, body.end_byte) if body is not None and value == "nothing" else None
            yield Candidate((edit,), fields, scope, tier=Tier.FINE if stage else None, stills=stills)


def _returns(value: str) -> str:
    return f" and returns {value}" if value != "nothing" else ""


def _anonymous(program: Program, node: Node) -> str:
    """A function without a name, by what it is given to: a route, an event, a callback."""
    call = (
        node.parent.parent if node.parent is not None and node.parent.type in ("arguments", "argument_list") else None
    )
    callee = called(program, call) if call is not None else ""
    if call is None or not callee or "\n" in callee:
        return "an anonymous function"
    given = call.child_by_field_name("arguments")
    first = given.named_children[0] if given is not None and given.named_children else None
    key = program.short(first, 30) if first is not None and first.type in program.dialect.strings else ""
    return f"the function given to `{callee}({key})`" if key else f"the function given to `{callee}()`"
