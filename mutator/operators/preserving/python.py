"""Python that does the same: without comments and docstrings, laid out anew, in another order, said otherwise."""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections.abc import Callable, Iterator

from mutator.model import Candidate, Edit, Example, FaultClass, Operator, SourceKind, Tier
from mutator.operators.preserving.program import Function, Program, read
from mutator.operators.preserving.promise import Preserving, Promise, preserving_in
from mutator.operators.preserving.python_names import helpers_renamed, locals_renamed

PYTHON = frozenset({"python"})
UNSEEN = frozenset({SourceKind.SCRIPT, SourceKind.INLINE, SourceKind.PATCH, SourceKind.REPLACEMENT, SourceKind.PRINTED})
"""What leaves no program behind that a verifier could look at, or is only a piece of one."""

_SAYS_WHY = r"\bcomment(?:s|ed)?\b|\bdocument(?:ed|ation)\b|\bdocstrings?\b|\bannotat"
_LAYOUT = (
    r"\bpep ?-?8\b|\b(?:black|ruff|flake8|pylint|yapf|autopep8|isort)\b|\bformatted\b|\bformatter\b|\bline length\b"
)

_DIRECTIVE = re.compile(
    r"#\s*(?:!|-\*-|type:|noqa|pylint|pragma|fmt:|isort:|mypy:|ruff:|pyright|nosec|vim:|flake8|coding[:=]|foolsgold|SBATCH|%%)",
    re.IGNORECASE,
)
_READS_DOCSTRINGS = frozenset(
    "argparse click typer fire docopt fastapi flask_restx flask_restful pydantic strawberry graphene plac cmd cmd2"
    " unittest xmlrpc mcp fastmcp langchain langchain_core smolagents openai discord ariadne celery invoke fabric cleo"
    " rich_click cyclopts sphinx pytest dspy marvin guidance instructor drf_spectacular rest_framework connexion"
    " apispec flasgger".split()
)
"""Modules that show docstrings to users, or may be given one."""


def _operator(
    identity: str,
    sentence: str,
    propose: Callable[[Program], Iterator[Candidate]],
    promise: Promise,
    *examples: tuple[str, tuple[str, ...]],
) -> Preserving:
    def safe(program: Program) -> Iterator[Candidate]:
        return iter(()) if program.looks_at_itself else propose(program)

    made = tuple(Example(before, after, "python") for before, after in examples)
    operator = Operator(identity, FaultClass.NONE, Tier.MEDIUM, PYTHON, sentence, safe, made, UNSEEN)
    return Preserving(operator, promise)


def _comments(program: Program) -> Iterator[Candidate]:
    text = program.text
    edits = []
    for start, end in program.comments:
        first = text.count("\n", 0, start) < 2
        if _DIRECTIVE.match(text, start, end) or (first and re.search(r"coding[:=]", text[start:end])):
            continue
        lines = program.whole_lines(start, end)
        if lines is None:
            code = text[:start].rstrip(" \t")
            edits.append(Edit(len(code), end, ""))
        else:
            edits.append(Edit(*lines, ""))
    yield from program.changed(edits, ast.dump(program.module), count=_counted(len(edits), "comment"))


def _docstrings(program: Program) -> Iterator[Candidate]:
    if program.imports & _READS_DOCSTRINGS:
        return
    wanted = copy.deepcopy(program.module)
    edits = []
    for node, twin in zip(ast.walk(program.module), ast.walk(wanted), strict=True):
        if not isinstance(node, ast.Module | Function | ast.ClassDef) or ast.get_docstring(node, clean=False) is None:
            continue
        # A decorator may read the docstring of what it decorates, a base class that of its children.
        if not isinstance(node, ast.Module) and node.decorator_list:
            continue
        if isinstance(node, ast.ClassDef) and (node.bases or node.keywords):
            continue
        assert isinstance(twin, ast.Module | Function | ast.ClassDef)
        start, end = program.span(node.body[0])
        lines = program.whole_lines(start, end)
        if len(node.body) == 1 and not isinstance(node, ast.Module):
            edits.append(Edit(start, end, "pass"))
            twin.body[0] = ast.Pass()
        elif lines is not None and len(node.body) > 1:
            edits.append(Edit(*lines, ""))
            del twin.body[0]
    yield from program.changed(edits, ast.dump(wanted), count=_counted(len(edits), "docstring"))


def _reformat(program: Program) -> Iterator[Candidate]:
    header = ""
    for line in program.text.splitlines(keepends=True)[:2]:
        if line.startswith("#!") or re.match(r"#.*coding[:=]", line):
            header += line
        else:
            break
    if any(_DIRECTIVE.match(program.text, start, end) and start >= len(header) for start, end in program.comments):
        return
    try:
        new = header + ast.unparse(program.module) + "\n"
    except (RecursionError, ValueError):
        return
    if "\r\n" in program.text:
        new = new.replace("\r", "").replace("\n", "\r\n")
    if new != program.text:
        yield from program.changed([Edit(0, len(program.text), new)], ast.dump(program.module))


def _reorder(program: Program) -> Iterator[Candidate]:
    wanted = copy.deepcopy(program.module)
    twins = {id(node): twin for node, twin in zip(ast.walk(program.module), ast.walk(wanted), strict=True)}
    edits = []
    pairs = 0
    for owner, body in program.bodies():
        if isinstance(owner, ast.ClassDef):
            continue
        index = 0 if not _is_docstring(body[0]) else 1
        while index + 1 < len(body):
            one, two = body[index], body[index + 1]
            if not _independent(one, two):
                index += 1
                continue
            (s1, e1), (s2, e2) = program.span(one), program.span(two)
            edits += [Edit(s1, e1, program.text[s2:e2]), Edit(s2, e2, program.text[s1:e1])]
            name = next(n for n in ("body", "orelse", "finalbody") if getattr(owner, n, None) is body)
            other = getattr(twins[id(owner)], name)
            other[index], other[index + 1] = other[index + 1], other[index]
            pairs += 1
            index += 2
    yield from program.changed(edits, ast.dump(wanted), count=_counted(pairs, "pair"))


def _independent(one: ast.stmt, two: ast.stmt) -> bool:
    """Neither can see, or be stopped by, the other."""
    first, second = _binds(one), _binds(two)
    return bool(first) and bool(second) and not first & second


def _binds(statement: ast.stmt) -> frozenset[str]:
    """The names that a statement without any other effect binds; empty where it may have one."""
    if isinstance(statement, ast.Import):
        tops = {alias.name.split(".")[0] for alias in statement.names}
        if tops <= sys.stdlib_module_names and not tops & {"this", "antigravity", "readline", "site"}:
            return frozenset(alias.asname or alias.name.split(".")[0] for alias in statement.names) | tops
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name) and not target.id.startswith("__") and _is_literal(statement.value):
            return frozenset({target.id})
    if isinstance(statement, ast.FunctionDef):
        arguments = statement.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        annotated = statement.returns or any(each is not None and each.annotation for each in every)
        if not (statement.decorator_list or arguments.defaults or any(arguments.kw_defaults) or annotated):
            return frozenset({statement.name})
    return frozenset()


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


_OPPOSITE: dict[type[ast.cmpop], tuple[type[ast.cmpop], str, str]] = {
    ast.NotIn: (ast.In, "not in", "in"),
    ast.IsNot: (ast.Is, "is not", "is"),
    ast.NotEq: (ast.Eq, "!=", "=="),
}


class _Rewriter(ast.NodeTransformer):
    """Makes the tree that is wanted, and notes the edits that should give it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.edits: list[Edit] = []
        self.counters: list[frozenset[str]] = []
        module = program.module
        self.range_is_builtin = not any(
            (isinstance(node, ast.Name) and node.id == "range" and not isinstance(node.ctx, ast.Load))
            or (isinstance(node, ast.arg) and node.arg == "range")
            or (
                isinstance(node, ast.alias) and "range" in (node.asname, node.name, "range" if node.name == "*" else "")
            )
            or (isinstance(node, Function | ast.ClassDef) and node.name == "range")
            for node in ast.walk(module)
        )
        own = any(isinstance(node, Function) and node.name in ("__eq__", "__ne__") for node in ast.walk(module))
        self.equality_is_plain = not own and program.imports <= sys.stdlib_module_names - {"unittest"}

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node  # places within f-strings are not known to every Python

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def _function(self, node: Function) -> ast.AST:
        self.counters.append(_counters(node))
        self.generic_visit(node)
        self.counters.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.counters.append(frozenset())
        self.generic_visit(node)
        self.counters.pop()
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Only for what can be nothing but a number: anything else may be changed in place."""
        target, value = node.target, node.value
        if not (isinstance(target, ast.Name) and self.counters and target.id in self.counters[-1]):
            return node
        start, end = self.program.span(target)[1], self.program.span(value)[0]
        sign = self.program.text[start:end].strip().removesuffix("=")
        self.edits.append(Edit(start, end, f" = {target.id} {sign} "))
        name = ast.Name(target.id, ast.Load())
        return ast.Assign([target], ast.BinOp(name, node.op, value))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        opposite = _OPPOSITE.get(type(node.ops[0]))
        if len(node.ops) != 1 or opposite is None:
            return node
        if opposite[1] == "!=" and not self._is_plain(node):
            return node
        between = self.program.span(node.left)[1], self.program.span(node.comparators[0])[0]
        gap = self.program.text[slice(*between)]
        said = re.sub(opposite[1].replace(" ", r"\s+"), opposite[2], gap, count=1)
        if said == gap:
            return node
        start, end = self.program.span(node)
        self.edits += [Edit(start, start, "(not "), Edit(*between, said), Edit(end, end, ")")]
        return ast.UnaryOp(ast.Not(), ast.Compare(node.left, [opposite[0]()], node.comparators))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        inner = node.operand
        if not (isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare) and len(inner.ops) == 1):
            self.generic_visit(node)
            return node
        for new, (old, long, short) in _OPPOSITE.items():
            if isinstance(inner.ops[0], old) and (long != "!=" or self._is_plain(inner)):
                start, end = self.program.span(node)
                left, right = self.program.span(inner.left), self.program.span(inner.comparators[0])
                gap = self.program.text[left[1] : right[0]]
                said = gap.replace(short, long, 1)
                if "(" in gap or ")" in gap:
                    return node
                self.edits += [Edit(start, left[0], "("), Edit(left[1], right[0], said), Edit(right[1], end, ")")]
                return ast.Compare(inner.left, [new()], inner.comparators)
        return node

    def _is_plain(self, node: ast.Compare) -> bool:
        """Whether `!=` is surely the opposite of `==`."""
        return self.equality_is_plain and any(
            isinstance(side, ast.Constant) and isinstance(side.value, str | int)
            for side in (node.left, node.comparators[0])
        )

    def visit_Call(self, node: ast.Call) -> ast.AST:
        single = len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred)
        if isinstance(node.func, ast.Name) and node.func.id == "range" and single and self.range_is_builtin:
            if isinstance(node.args[0], ast.GeneratorExp):
                return node
            at = self.program.text.index("(", self.program.span(node.func)[1]) + 1
            self.edits.append(Edit(at, at, "0, "))
            return ast.Call(node.func, [ast.Constant(0), *node.args], [])
        self.generic_visit(node)
        return node


def _counters(function: Function) -> frozenset[str]:
    """Locals that hold nothing but numbers: every binding is a number or adds one."""
    numbers: set[str] = set()
    other: set[str] = set()
    plain: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
            plain |= {id(target) for target in node.targets}
            (numbers if _is_number(node.value) else other).update(
                target.id for target in node.targets if isinstance(target, ast.Name)
            )
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            plain.add(id(node.target))
            arithmetic = isinstance(node.op, ast.Add | ast.Sub | ast.Mult)
            if not (arithmetic and _is_number(node.value)):
                other.add(node.target.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            other.update(node.names)
        elif isinstance(node, ast.arg):
            other.add(node.arg)
        elif isinstance(node, Function | ast.ClassDef | ast.Lambda) and node is not function:
            other |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            other |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            other.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            other.add(node.rest)
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in plain:
            other.add(node.id)
    return frozenset(numbers - other)


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _rewrite(program: Program) -> Iterator[Candidate]:
    rewriter = _Rewriter(program)
    try:
        wanted = rewriter.visit(copy.deepcopy(program.module))
    except (ValueError, IndexError):
        return
    places = sum(1 for edit in rewriter.edits if edit.new not in (")", "(not ", "("))
    yield from program.changed(rewriter.edits, ast.dump(wanted), count=_counted(places, "place"))


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


COMMENTS = _operator(
    "preserving.python-comments",
    "the same program without its {count}",
    _comments,
    Promise(
        "the program's syntax tree, so everything it does",
        "Python does not read comments; shebang, coding line and comments that steer tools stay",
        unless=_SAYS_WHY,
    ),
    (
        "#!/usr/bin/env python3\n# What it does.\nx = 1  # one\ny = '# two'  # noqa: E501\n",
        ("#!/usr/bin/env python3\nx = 1\ny = '# two'  # noqa: E501\n",),
    ),
    ("# see eval\neval('1')\n", ()),
)
DOCSTRINGS = _operator(
    "preserving.python-docstrings",
    "the same program without its {count}",
    _docstrings,
    Promise(
        "the program's syntax tree but for its docstrings",
        "no module that shows docstrings is imported and nothing in the program reads one",
        unless=_SAYS_WHY,
    ),
    (
        '"""A tool."""\n\ndef f(x):\n    """Twice."""\n    return 2 * x\n\nclass Odd:\n    """Nothing."""\n',
        ("\ndef f(x):\n    return 2 * x\n\nclass Odd:\n    pass\n",),
    ),
    ('"""Usage."""\nprint(__doc__)\n', ()),
    ('import argparse\ndef f():\n    """Shown."""\n    return 1\n', ()),
)
REFORMAT = _operator(
    "preserving.python-reformat",
    "the same program laid out anew: other quotes, blanks and line breaks, no comments",
    _reformat,
    Promise(
        "the program's syntax tree, so everything it does",
        "Python does not read layout",
        unless=f"{_SAYS_WHY}|{_LAYOUT}",
    ),
    ('x = {"a":1,\n     "b":2}  # two\nprint( x )\n', ("x = {'a': 1, 'b': 2}\nprint(x)\n",)),
)
REORDER = _operator(
    "preserving.python-reorder",
    "{count} of statements that do not touch each other change places",
    _reorder,
    Promise(
        "every value the program binds",
        "imports of the standard library, literals and plain functions bind their own name and do nothing else",
    ),
    (
        "import sys\nimport os\n\nA = 1\nB = [A]\n\ndef f():\n    return g()\n\ndef g():\n    return B\n",
        ("import os\nimport sys\n\nA = 1\nB = [A]\n\ndef g():\n    return B\n\ndef f():\n    return g()\n",),
    ),
    ("a = b()\nc = d()\n", ()),
)
REWRITE = _operator(
    "preserving.python-rewrite",
    "the same said otherwise in {count}",
    _rewrite,
    Promise(
        "every value the program computes",
        "`x = x + 1` for a local that holds only numbers, `not a in b` for `a not in b`, `range(0, n)` for `range(n)` "
        "are the same by the language's own definition",
    ),
    (
        "def f(xs):\n    n = 0\n    for i in range(9):\n        if i not in xs:\n            n += 1\n",
        ("def f(xs):\n    n = 0\n    for i in range(0, 9):\n        if (not i in xs):\n            n = n + 1\n",),
    ),
    ('def f(word):\n    return not word == "a"\n', ('def f(word):\n    return (word != "a")\n',)),
    ("def f(xs):\n    xs += [1]\n", ()),
)
LOCALS = _operator(
    "preserving.python-rename-locals",
    "{count} renamed: {names}",
    locals_renamed,
    Promise(
        "everything the program does",
        "a function's own names cannot be seen from outside it, and nothing in the program looks names up by text",
    ),
    (
        "def f(rows):\n    best = 0\n    for row in rows:\n        print(f'{row}', best)\n",
        ("def f(rows):\n    best_value = 0\n    for row_value in rows:\n        print(f'{row_value}', best_value)\n",),
    ),
    ("def f(x):\n    y = x\n    return locals()\n", ()),
    ("def f(x):\n    return x\ny = f(1)\n", ()),
)
HELPERS = _operator(
    "preserving.python-rename-helpers",
    "{count} renamed: {names}",
    helpers_renamed,
    Promise(
        "everything the program does",
        "a leading underscore says that a function is nobody else's, and a function within a function cannot be seen",
    ),
    (
        "def _half(x):\n    return x / 2\n\ndef quarter(x):\n    return _half(_half(x))\n",
        ("def _half_part(x):\n    return x / 2\n\ndef quarter(x):\n    return _half_part(_half_part(x))\n",),
    ),
    ("def _f():\n    return 1\nCALLS = {'_f': 2}\n", ()),
)

OPERATORS = preserving_in(globals())


class PythonFamily:
    name = "preserving-python"
    languages = PYTHON
    operators: tuple[Operator, ...] = tuple(one.operator for one in OPERATORS)

    def parse(self, text: str, language: str) -> Program | None:
        return read(text) if language in self.languages else None

    def valid(self, tree: Program, candidate: Candidate) -> bool:
        return True  # proven where it was proposed


FAMILY = PythonFamily()
