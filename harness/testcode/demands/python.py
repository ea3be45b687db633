"""The demands of Python tests, read from their syntax trees: calls that read, run, request and import, and comparisons
with a solution's output. What the tests write or pass in themselves is no demand.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.testcode.demands import words
from harness.testcode.demands.bindings import bindings, parameters, words_of
from harness.testcode.demands.derived import Derivation, Function
from harness.testcode.demands.model import Demand, DemandKind, Reading, Unread
from harness.testcode.demands.values import Constants, dotted, last_name
from mutator.quiet import quietly

_RUNS = frozenset(
    "run call check_call check_output Popen system popen getoutput getstatusoutput spawn"
    " create_subprocess_exec create_subprocess_shell run_command run_cmd execute sh".split()
)
_WRITES = frozenset(
    "write_text write_bytes mkdir touch symlink_to hardlink_to unlink rmdir chmod makedirs remove rmtree utime"
    " removedirs symlink link mknod mkfifo chown".split()
)
_COPIES = frozenset("copy copy2 copyfile copytree move rename replace copymode".split())
_TEXT_ONLY = frozenset(
    "startswith endswith split rsplit index find count strip removeprefix removesuffix partition lstrip rstrip"
    " append add insert_text relative_to is_relative_to sub".split()
)
_ASKS = frozenset("request putrequest url_for".split())
_SAYS = frozenset(
    "print fail skip skipif xfail exit debug info warning error log add_note mark Exception AssertionError"
    " RuntimeError ValueError perror reason".split()
)
_KEY = re.compile(r"^[A-Za-z_][\w .-]{0,60}$")
_STATUS = re.compile(r"(?:^|[._])(?:returncode|return_code|exit_?code|exit_?status|status_code|status|rc|code)$")
_OUTPUT = re.compile(
    r"stdout|stderr|output|\bout\b|\berr\b|\blogs?\b|combined|printed|content|read_text|\b(?:text|txt|body|html|page)\b",
    re.IGNORECASE,
)
_METRIC = re.compile(
    r"accuracy|f1|precision|recall|score|auc|loss|rmse|mae|mse|similarity|psnr|ssim|coverage|bleu|wer|error_rate|r2"
    r"|ratio",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"^(?:localhost|127\.0\.0\.\d+|0\.0\.0\.0|::1?|)$")
_DEEPEST = 400


def read_python(file: str, text: str) -> Reading | Unread:
    with quietly():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Unread(file, f"not Python: {type(error).__name__}")
    try:
        reader = _Reader(file, text, tree)
        reader.read()
    except RecursionError:
        return Unread(file, "nested too deeply")
    demands = tuple(one for one in reader.found if not reader.is_written(one.text))
    return Reading(demands, frozenset(reader.given))


@dataclass
class _Scope:
    constants: Constants
    derived: dict[str, DemandKind]
    """Names that hold parsed output of a solution."""
    test: str = ""
    negated: bool = False


@dataclass
class _Reader:
    file: str
    text: str
    tree: ast.Module
    found: list[Demand] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)
    """Imported name -> module, except modules of Python and pytest."""

    def __post_init__(self) -> None:
        self.lines = self.text.splitlines()
        self.functions: dict[str, Function] = {}
        self.calls: dict[str, list[ast.Call]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault(node.name, node)
            elif isinstance(node, ast.Call):
                self.calls.setdefault(last_name(node.func), []).append(node)
        self.derivation = Derivation(self.functions)
        self.launchers: frozenset[str] = frozenset()
        """Functions of the file that run a program of the solution."""

    def read(self) -> None:
        top = bindings(self.derivation.bodies(self.tree.body))
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                top = {**bindings(self.derivation.bodies(node.body)), **top}
        self.module_constants = Constants(top)
        self.launchers = frozenset(name for name, node in self.functions.items() if self._launches(node))
        scope = _Scope(self.module_constants, {})
        scope.derived = self.derivation.names(self.tree.body, {})
        for statement in self.tree.body:
            self._statement(statement, scope)

    def is_written(self, text: str) -> bool:
        return any(text == path or text.startswith(path.rstrip("/") + "/") for path in self.written)

    def _launches(self, function: Function) -> bool:
        for node in [one for statement in function.body for one in self.derivation.own(statement)]:
            if isinstance(node, ast.Call) and last_name(node.func) in _RUNS and node.args:
                first = node.args[0]
                if isinstance(first, ast.BinOp):
                    first = first.left
                parts = first.elts if isinstance(first, ast.List | ast.Tuple) else [first]
                command = [next(iter(self.module_constants.texts(part)), "\0") for part in parts]
                if words.program(command) not in words.KNOWN_COMMANDS:
                    return True
        return False

    # --- walking

    def _function(self, node: Function, outer: _Scope) -> None:
        bound = bindings(self.derivation.bodies(node.body))
        arguments = [*node.args.posonlyargs, *node.args.args]
        for decorator in node.decorator_list:
            for name, expressions in parameters(decorator).items():
                bound.setdefault(name, []).extend(expressions)
                self._give_nested(expressions)
        for index, argument in enumerate(arguments):
            default = index - len(arguments) + len(node.args.defaults)
            if default >= 0:
                bound.setdefault(argument.arg, []).append(node.args.defaults[default])
            if not node.name.startswith("test"):
                for call in self.calls.get(node.name, [])[:100]:
                    given = call.args[index] if index < len(call.args) else None
                    given = next((word.value for word in call.keywords if word.arg == argument.arg), given)
                    if isinstance(given, ast.Constant):
                        bound.setdefault(argument.arg, []).append(given)
            bound.setdefault(argument.arg, [])
        test = node.name if node.name.startswith("test") or not outer.test else outer.test
        scope = _Scope(Constants(bound, outer.constants), dict(outer.derived), test)
        for argument in arguments:
            if argument.arg in self.derivation.functions:
                scope.derived[argument.arg] = self.derivation.functions[argument.arg]
            else:
                scope.derived.pop(argument.arg, None)
        scope.derived = self.derivation.names(node.body, scope.derived)
        for statement in node.body:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: _Scope) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node, scope)
        elif isinstance(node, ast.ClassDef):
            for statement in node.body:
                self._statement(statement, scope)
        elif isinstance(node, ast.Assert):
            self._expression(node.test, scope, asserted=True)
        elif isinstance(node, ast.Raise | ast.Global | ast.Nonlocal | ast.Pass):
            return
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        elif isinstance(node, ast.With | ast.AsyncWith) and any(
            isinstance(item.context_expr, ast.Call) and last_name(item.context_expr.func) in ("raises", "assertRaises")
            for item in node.items
        ):
            return  # code that must fail demands nothing
        else:
            if isinstance(node, ast.If | ast.While):
                self._condition(node, scope)
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    self._statement(child, scope)
                elif isinstance(child, ast.expr) and not isinstance(node, ast.If | ast.While):
                    self._expression(child, scope)
                elif isinstance(child, ast.ExceptHandler | ast.match_case):
                    for statement in child.body:
                        self._statement(statement, scope)
                elif isinstance(child, ast.withitem):
                    self._expression(child.context_expr, scope)

    def _condition(self, node: ast.If | ast.While, scope: _Scope) -> None:
        """`if not X: fail()` demands X; any other condition demands nothing."""
        test = node.test
        fails = any(
            isinstance(one, ast.Raise)
            or (isinstance(one, ast.Call) and last_name(one.func) in ("exit", "fail", "_exit"))
            for statement in node.body
            for one in ast.walk(statement)
        )
        choices = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
        for one in choices:
            demanded = fails and isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.Not)
            negated, scope.negated = scope.negated, scope.negated or not demanded
            self._expression(one.operand if demanded and isinstance(one, ast.UnaryOp) else one, scope, asserted=True)
            scope.negated = negated

    def _expression(self, node: ast.expr, scope: _Scope, *, asserted: bool = False, depth: int = 0) -> None:
        if depth > _DEEPEST:
            return
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and asserted:
            negated, scope.negated = scope.negated, True
            self._expression(node.operand, scope, asserted=asserted, depth=depth + 1)
            scope.negated = negated
            return
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and asserted:
            negated, scope.negated = scope.negated, True  # one of several alternatives is enough
            for value in node.values:
                self._expression(value, scope, asserted=asserted, depth=depth + 1)
            scope.negated = negated
            return
        if isinstance(node, ast.Compare):
            self._compare(node, scope, asserted=asserted)
            for side in (node.left, *node.comparators):
                if not isinstance(side, ast.Constant | ast.JoinedStr):
                    self._expression(side, scope, asserted=asserted, depth=depth + 1)
            return
        if isinstance(node, ast.Call):
            self._call(node, scope, asserted=asserted, depth=depth)
            return
        if isinstance(node, ast.Subscript):
            self._subscript(node, scope)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child, scope, asserted=asserted, depth=depth + 1)
            elif isinstance(child, ast.comprehension):
                for part in (child.iter, *child.ifs):
                    self._expression(part, scope, depth=depth + 1)

    # --- demands

    def _demand(self, found: words.Found | None, node: ast.AST, scope: _Scope) -> None:
        if found is None or scope.negated:
            return
        line = getattr(node, "lineno", 1)
        code = " ".join(self.lines[line - 1].split())[:160] if line <= len(self.lines) else ""
        self.found.append(Demand(found[0], found[1], self.file, line, scope.test, code))

    def _call(self, node: ast.Call, scope: _Scope, *, asserted: bool, depth: int) -> None:
        name = last_name(node.func)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        arguments = [*node.args, *(word.value for word in node.keywords)]
        if name in _SAYS and (owner is None or dotted(owner) in ("pytest", "self", "sys", "logging", "logger", "log")):
            return
        if not asserted:
            self._give(arguments)
        if scope.constants.texts(node):
            return  # a path that is being built; the call that uses it shows how
        if name in _WRITES or (name == "open" and _writes(node)) or (name == "write" and owner is not None):
            place = owner if owner is not None and name not in ("makedirs", "remove", "rmtree", "utime") else None
            for one in (place, *node.args[:1]):
                if not (name in ("write_text", "write_bytes", "write") and one is not place):
                    self.written.update(text for text in scope.constants.texts(one) if text.startswith("/"))
            arguments = arguments[1:]
        elif name in _COPIES and (owner is None or dotted(owner) in ("shutil", "os")):
            if len(node.args) > 1:
                self.written.update(text for text in scope.constants.texts(node.args[1]) if text.startswith("/"))
            arguments = arguments[:1]
        elif owner is None and name in self.launchers:
            for one in arguments:
                for each in one.elts if isinstance(one, ast.List | ast.Tuple) else [one]:
                    for text in scope.constants.texts(each):
                        if words.is_flag(text):
                            self._demand((DemandKind.FLAG, text.partition("=")[0]), node, scope)
        elif name in _RUNS and self._launch(node, scope):
            arguments = [word.value for word in node.keywords if word.arg not in ("cwd", "env", "input", "timeout")]
            arguments += [each for one in node.args[:1] if isinstance(one, ast.List | ast.Tuple) for each in one.elts]
            arguments = [one for one in arguments if isinstance(one, ast.Call | ast.Starred | ast.Subscript)]
        elif name not in _TEXT_ONLY:
            self._ports(node, name, scope)
            # The body of a function in this file shows what it does with its arguments; a request's path is a route.
            for one in (owner, *(() if (owner is None and name in self.functions) or name in _ASKS else node.args)):
                self._use(
                    one,
                    node,
                    scope,
                    reads=name in ("open", "Path", "read_csv", "exists", "isfile", "is_file", "read_text"),
                )
        if name == "startswith" and node.args:
            for text in scope.constants.texts(node.args[0]):
                self._demand(words.label(text), node, scope)
        if name in ("get", "pop") and owner is not None and node.args:
            kind = self.derivation.of(owner, scope.derived)
            if kind is not None:
                self._keys(kind, node.args[0], node, scope)
        if name == "import_module" and node.args:
            for text in scope.constants.texts(node.args[0]):
                self._module(text, node, scope)
        if name in ("hasattr", "getattr") and len(node.args) > 1 and isinstance(node.args[0], ast.Name):
            module = self.modules.get(node.args[0].id)
            for text in scope.constants.texts(node.args[1]) if module else ():
                self._demand((DemandKind.NAME, f"{module}.{text}"), node, scope)
        if isinstance(owner, ast.Name) and owner.id in self.modules:
            self._demand((DemandKind.NAME, f"{self.modules[owner.id]}.{name}"), node, scope)
        for child in (owner, *arguments):
            if child is not None and not isinstance(child, ast.Name | ast.Constant):
                self._expression(child, scope, asserted=asserted, depth=depth + 1)

    def _use(self, node: ast.expr | None, call: ast.Call, scope: _Scope, *, reads: bool) -> None:
        if node is None or isinstance(node, ast.List | ast.Tuple | ast.Dict):
            return
        for text in scope.constants.texts(node):
            self._demand(words.path(text), node, scope)
            if reads and not text.startswith("/"):
                self._demand(words.relative(text), node, scope)
            for found in words.url(text):
                self._demand(found, node, scope)

    def _launch(self, node: ast.Call, scope: _Scope) -> bool:
        """A call that runs a program: demands its path or name, and its options. False if it is some other `run`."""
        if not node.args:
            return False
        first = node.args[0]
        if isinstance(first, ast.Name):
            bound = [one for one in scope.constants.expressions(first.id) if isinstance(one, ast.List | ast.Tuple)]
            first = bound[0] if bound else first
        if isinstance(first, ast.List | ast.Tuple):
            parts = list(first.elts)
        elif isinstance(first, ast.BinOp) and isinstance(first.left, ast.List):
            parts = [*first.left.elts, *(first.right.elts if isinstance(first.right, ast.List) else ())]
        else:
            texts = scope.constants.texts(first)
            for text in texts:
                for found in words.command_line(text):
                    self._demand(found, first, scope)
            return bool(texts)
        said: list[str] = []
        for part in parts:
            texts = scope.constants.texts(part)
            said.append(texts[0] if texts else "\0")
            for other in texts[1:]:
                self._demand(words.path(other), part, scope)
        if "-c" in said and said.index("-c") + 1 < len(said):
            inner = said[said.index("-c") + 1]
            if "sh" in said[0]:
                for found in words.command_line(inner):
                    self._demand(found, first, scope)
        for found in words.arguments(said):
            self._demand(found, first, scope)
        return True

    def _ports(self, node: ast.Call, name: str, scope: _Scope) -> None:
        place: list[ast.expr] = []
        if name in ("HTTPConnection", "HTTPSConnection", "Redis", "SMTP", "IMAP4", "FTP", "Telnet"):
            place = list(node.args[:2])
        elif name in ("create_connection", "connect", "connect_ex", "open_connection") and node.args:
            first = node.args[0]
            place = list(first.elts[:2]) if isinstance(first, ast.Tuple) else list(node.args[:2])
        if len(place) == 2 and any(_LOCAL.match(host) for host in scope.constants.texts(place[0])):
            for value in scope.constants.of(place[1]):
                if isinstance(value, int) and value > 0:
                    self._demand((DemandKind.PORT, str(value)), node, scope)

    def _compare(self, node: ast.Compare, scope: _Scope, *, asserted: bool) -> None:
        if len(node.ops) != 1:
            return
        left, operator, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(operator, ast.Eq):
            self._equal(left, right, node, scope)
            self._equal(right, left, node, scope)
        elif isinstance(operator, ast.LtE | ast.GtE | ast.Lt | ast.Gt):
            if isinstance(operator, ast.LtE | ast.GtE) and isinstance(right, ast.Set) and self._is_keys(left, scope):
                self._equal(left, right, node, scope)
            for value in scope.constants.of(right):
                if (
                    asserted
                    and isinstance(value, float)
                    and _METRIC.search(ast.unparse(left))
                    and not _is_difference(left)
                ):
                    self._demand((DemandKind.NUMBER, f"{value:g}"), node, scope)
        elif isinstance(operator, ast.In):
            kind = self.derivation.of(right, scope.derived)
            if kind is None and isinstance(right, ast.Attribute) and right.attr in ("columns", "fieldnames"):
                kind = DemandKind.COLUMN
            if kind is not None and not isinstance(right, ast.Subscript):
                self._keys(kind, left, node, scope)
            elif _OUTPUT.search(_root(right)):
                for text in scope.constants.texts(left):
                    self._demand(words.label(text) or words.message(text), node, scope)
            elif _lists_files(right):
                for text in scope.constants.texts(left):
                    self._demand(words.file_name(text), node, scope)

    def _equal(self, left: ast.expr, right: ast.expr, node: ast.AST, scope: _Scope) -> None:
        if isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple) and len(left.elts) == len(right.elts):
            for one, two in zip(left.elts, right.elts, strict=True):
                self._equal(one, two, node, scope)
            return
        if _STATUS.search(dotted(left)):
            for value in scope.constants.of(right):
                if isinstance(value, int):
                    self._demand((DemandKind.STATUS, str(value)), node, scope)
        elif isinstance(right, ast.List | ast.Tuple | ast.Set | ast.Name):
            kind = self._is_keys(left, scope)
            files = _lists_files(left)
            for value in scope.constants.members(right) if kind is not None or files else ():
                if isinstance(value, str) and kind is not None:
                    self._key(kind, value, node, scope)
                elif isinstance(value, str):
                    self._demand(words.file_name(value), node, scope)

    def _is_keys(self, node: ast.expr, scope: _Scope) -> DemandKind | None:
        """`set(data)`, `sorted(data)`, `data.keys()`, `list(table.columns)`."""
        if isinstance(node, ast.Attribute) and node.attr in ("columns", "fieldnames"):
            return DemandKind.COLUMN
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name in ("set", "sorted", "list", "tuple", "frozenset") and len(node.args) == 1:
                inner = node.args[0]
                if isinstance(inner, ast.Name | ast.Call | ast.Attribute):
                    if isinstance(inner, ast.Attribute) and inner.attr not in ("columns", "fieldnames", "keys"):
                        return None
                    return self._is_keys(inner, scope) or (
                        self.derivation.of(inner, scope.derived) if not isinstance(inner, ast.Attribute) else None
                    )
            if name == "keys" and isinstance(node.func, ast.Attribute):
                return self.derivation.of(node.func.value, scope.derived)
            if name == "tolist" and isinstance(node.func, ast.Attribute):
                return self._is_keys(node.func.value, scope)
        return None

    def _subscript(self, node: ast.Subscript, scope: _Scope) -> None:
        kind = self.derivation.of(node.value, scope.derived) if isinstance(node.ctx, ast.Load) else None
        if kind is not None:
            self._keys(kind, node.slice, node, scope)

    def _keys(self, kind: DemandKind, node: ast.expr, place: ast.AST, scope: _Scope) -> None:
        for text in scope.constants.texts(node):
            self._key(kind, text, place, scope)

    def _key(self, kind: DemandKind, text: str, place: ast.AST, scope: _Scope) -> None:
        if text.count(" ") > 2:
            self._demand(words.message(text), place, scope)
        elif _KEY.match(text) and not words.is_absent(text):
            self._demand((kind, text), place, scope)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
        if isinstance(node, ast.ImportFrom):
            if node.level or not node.module or not self._module(node.module, node, scope):
                return
            for alias in node.names:
                if alias.name != "*":
                    self._demand((DemandKind.NAME, f"{node.module}.{alias.name}"), node, scope)
            return
        for alias in node.names:
            if self._module(alias.name, node, scope):
                self.modules[alias.asname or alias.name.split(".")[0]] = alias.name

    def _module(self, name: str, node: ast.AST, scope: _Scope) -> bool:
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or top in ("pytest", "conftest", "_pytest") or "\0" in name or not name:
            return False
        self._demand((DemandKind.NAME, name), node, scope)
        return True

    # --- words that the test itself passes in

    def _give(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            for text in words_of(node):
                self._give_text(text)

    def _give_nested(self, expressions: Iterable[ast.expr]) -> None:
        """Tuples of parametrised arguments have inputs next to expected values; a plain list of words may be the
        demand."""
        for expression in expressions:
            inner = expression.value if isinstance(expression, ast.Starred) else expression
            if isinstance(inner, ast.List | ast.Tuple | ast.Dict | ast.Set):
                self._give(inner.elts if not isinstance(inner, ast.Dict) else [inner])

    def _give_text(self, text: str) -> None:
        if len(text) < 10_000:
            lowered = text.lower()
            self.given.add(lowered)
            self.given.update(re.findall(r"[a-z]+|\d+", lowered))


def _writes(node: ast.Call) -> bool:
    modes = [*node.args[(0 if isinstance(node.func, ast.Attribute) else 1) :][:1]]
    modes += [word.value for word in node.keywords if word.arg == "mode"]
    return any(isinstance(mode, ast.Constant) and re.search("[wax+]", str(mode.value)) for mode in modes)


def _root(node: ast.expr) -> str:
    """The names in an expression such as `result.stdout.lower()`."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.BinOp):
            parts.append(_root(node.right))
            node = node.left
        else:
            return " ".join([*parts, last_name(node)])


def _lists_files(node: ast.expr) -> bool:
    return any(
        last_name(call.func) in ("iterdir", "listdir", "glob", "rglob", "namelist", "getnames", "walk", "scandir")
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    )


def _is_difference(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) or (
        isinstance(node, ast.Call) and last_name(node.func) in ("abs", "isclose", "len")
    )
