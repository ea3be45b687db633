"""Assertions of Python tests that are too lenient, read from syntax trees. Pure. They are only leads: a lead becomes a
finding if a survivor that the test should have noticed was paid.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from harness.testcode.assertions.lead import Lead, LeadKind, TestFunction
from mutator.quiet import quietly

Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_tests(files: Mapping[str, str]) -> tuple[list[TestFunction], list[str]]:
    """(the test functions of Python test files, the files that are not Python)."""
    found: list[TestFunction] = []
    unreadable: list[str] = []
    for name, text in files.items():
        try:
            with quietly():
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            unreadable.append(name)
            continue
        helpers = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
        lines = text.splitlines()
        tests = [node for node in helpers.values() if node.name.startswith("test")]
        found += [_function(name, lines, node, helpers) for node in tests]
    return sorted(found, key=lambda one: (one.file, one.line)), unreadable


def _function(file: str, lines: Sequence[str], node: Function, helpers: Mapping[str, Function]) -> TestFunction:
    helping = [
        helpers[call.func.id]
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in helpers
    ]
    parts = [
        "\n".join(lines[each.lineno - 1 : each.end_lineno])
        for each in (node, *helping)
        if each is node or each.name != node.name
    ]
    leads = tuple(
        Lead(kind, file, line, node.name, code)
        for kind, line, code in _leads(node, any(_asserts(one) for one in helping))
    )
    return TestFunction(file, node.name, node.lineno, "\n".join(parts), leads)


Raw = tuple[LeadKind, int, str]


def _leads(function: Function, helper_asserts: bool) -> Iterator[Raw]:
    asserts = [node for node in ast.walk(function) if isinstance(node, ast.Assert)]
    if not asserts and not helper_asserts and not _asserts(function):
        yield LeadKind.NO_ASSERTION, function.lineno, ""
    for node in asserts:
        yield from _of_assert(node)
    if asserts and not helper_asserts and all(_existence(node.test) for node in asserts):
        yield LeadKind.EXISTENCE_ONLY, asserts[0].lineno, _short(asserts[0])
    for inner in ast.walk(function):
        if isinstance(inner, ast.Try) and _swallows(inner):
            yield LeadKind.SWALLOWED, inner.lineno, "try: ... except: pass"
        elif isinstance(inner, ast.Expr) and _runs_unchecked(inner.value):
            yield LeadKind.UNUSED_RESULT, inner.lineno, _short(inner)
        elif isinstance(inner, ast.Call) and called(inner.func) in ("pytest.skip", "skip", "self.skipTest"):
            yield LeadKind.SKIPS, inner.lineno, _short(inner)
        elif isinstance(inner, ast.If) and any(isinstance(each, ast.Return) for each in inner.body):
            yield LeadKind.SKIPS, inner.lineno, f"if {_short(inner.test)}: return"


def _asserts(function: Function) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        if isinstance(node, ast.Call):
            name = called(node.func)
            last = name.rpartition(".")[2]
            if last.startswith(("assert", "check_", "expect", "verify")) or name in (
                "pytest.fail",
                "pytest.raises",
                "self.fail",
                "sys.exit",
            ):
                return True
            if any(word.arg == "check" and _constant(word.value) is True for word in node.keywords):
                return True
            if last in ("check_call", "check_output", "raise_for_status"):
                return True
    return False


def _of_assert(node: ast.Assert) -> Iterator[Raw]:
    test = node.test
    if _always_true(test):
        yield LeadKind.ALWAYS_TRUE, node.lineno, _short(node)
        return
    for inner in ast.walk(test):
        if isinstance(inner, ast.Compare) and len(inner.ops) == 1:
            if isinstance(inner.ops[0], ast.In) and lenient(inner):
                yield LeadKind.LENIENT_STATUS, node.lineno, _short(node)
            if isinstance(inner.ops[0], ast.Lt | ast.LtE) and wide(inner):
                yield LeadKind.WIDE_TOLERANCE, node.lineno, _short(node)
        if isinstance(inner, ast.BoolOp) and isinstance(inner.op, ast.Or):
            if sum(is_substring(value) for value in inner.values) > 1:
                yield LeadKind.EITHER_SUBSTRING, node.lineno, _short(node)
            elif _either_status(inner):
                yield LeadKind.LENIENT_STATUS, node.lineno, _short(node)
        if isinstance(inner, ast.Call) and called(inner.func) == "any" and inner.args and any_substring(inner.args[0]):
            yield LeadKind.EITHER_SUBSTRING, node.lineno, _short(node)
        if isinstance(inner, ast.Call) and called(inner.func).endswith("approx") and wide_approx(inner):
            yield LeadKind.WIDE_TOLERANCE, node.lineno, _short(node)
    if is_substring(test):
        yield LeadKind.LOOSE_SUBSTRING, node.lineno, _short(node)


def _always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Tuple) and test.elts:
        return True
    value = _constant(test)
    if value is not None and value is not False and value != 0 and value != "":
        return True
    return (
        isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) and any(_always_true(each) for each in test.values)
    )


def lenient(node: ast.Compare) -> bool:
    choices = node.comparators[0]
    if not isinstance(choices, ast.Tuple | ast.List | ast.Set):
        return False
    return _mixed([_constant(each) for each in choices.elts])


def _mixed(values: Sequence[object]) -> bool:
    """Whether both statuses of success and statuses of failure are among the values."""
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) < 2 or len(numbers) != len(values):
        return False
    if all(100 <= number < 600 for number in numbers):
        return any(number < 400 for number in numbers) and any(number >= 400 for number in numbers)
    return 0 in numbers and all(-256 < number < 256 for number in numbers)


def _either_status(node: ast.BoolOp) -> bool:
    values = [
        _constant(each.comparators[0])
        for each in node.values
        if isinstance(each, ast.Compare) and len(each.ops) == 1 and isinstance(each.ops[0], ast.Eq)
    ]
    return len(values) == len(node.values) and _mixed(values)


def is_substring(node: ast.expr) -> bool:
    """`"text" in something`, where the something is not a literal."""
    return (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.In)
        and isinstance(_constant(node.left), str)
        and not isinstance(node.comparators[0], ast.Tuple | ast.List | ast.Set | ast.Dict)
    )


def any_substring(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.GeneratorExp | ast.ListComp)
        and isinstance(node.elt, ast.Compare)
        and len(node.elt.ops) == 1
        and isinstance(node.elt.ops[0], ast.In)
        and isinstance(node.elt.left, ast.Name)
    )


_LOOKS = ("exists", "is_file", "is_dir", "isfile", "isdir")


def existence_call(call: ast.Call) -> ast.expr | None:
    """The path that `path.exists()` or `os.path.isfile(path)` checks; None for any other call."""
    if called(call.func).rpartition(".")[2] not in _LOOKS:
        return None
    if call.args:
        return call.args[0] if len(call.args) == 1 else None
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _existence(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return all(_existence(each) for each in test.values)
    if isinstance(test, ast.Call):
        return called(test.func).rpartition(".")[2] in (*_LOOKS, "which", "hasattr")
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        if isinstance(test.ops[0], ast.IsNot) and _constant(test.comparators[0], missing="") is None:
            return True
        left = test.left
        measured = (isinstance(left, ast.Call) and called(left.func) == "len") or (
            isinstance(left, ast.Attribute) and left.attr == "st_size"
        )
        return measured and isinstance(test.ops[0], ast.Gt) and _constant(test.comparators[0]) == 0
    return False


def wide(node: ast.Compare) -> bool:
    """abs(found - expected) < tolerance, with a tolerance as large as the expected value."""
    left, limit = node.left, _constant(node.comparators[0])
    if not (isinstance(left, ast.Call) and called(left.func) == "abs" and left.args and isinstance(limit, int | float)):
        return False
    inner = left.args[0]
    if not (isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub)):
        return False
    expected = [value for value in (_constant(inner.left), _constant(inner.right)) if isinstance(value, int | float)]
    return any(0 < abs(value) <= limit for value in expected)


def wide_approx(call: ast.Call) -> bool:
    value = _constant(call.args[0]) if call.args else None
    for word in call.keywords:
        limit = _constant(word.value)
        if not isinstance(limit, int | float):
            continue
        if word.arg == "rel" and limit >= 0.5:
            return True
        if word.arg == "abs" and isinstance(value, int | float) and 0 < abs(value) <= limit:
            return True
    return False


def swallowing(tree: ast.AST) -> Iterator[ast.Try | ast.With]:
    """Statements that hide a failed assertion: the handler neither keeps nor reports the exception."""
    for node in ast.walk(tree):
        silent = (
            isinstance(node, ast.Try)
            and _swallows(node)
            and all(_forgets(each) for handler in node.handlers for each in handler.body)
        )
        if isinstance(node, ast.Try | ast.With) and (
            silent or (isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items))
        ):
            yield node


def _forgets(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass | ast.Continue | ast.Break):
        return True
    if isinstance(node, ast.Return):
        return node.value is None or _constant(node.value, missing="") is None
    if isinstance(node, ast.Expr):
        value = node.value
        words = ("print", "sleep", "debug", "info", "warning", "warn")
        return isinstance(value, ast.Constant) or (
            isinstance(value, ast.Call) and called(value.func).rpartition(".")[2] in words
        )
    return False


def _suppresses(call: ast.expr) -> bool:
    """`with contextlib.suppress(AssertionError)`."""
    return (
        isinstance(call, ast.Call)
        and called(call.func) in ("suppress", "contextlib.suppress")
        and any(called(each) in ("Exception", "BaseException", "AssertionError") for each in call.args)
    )


def _swallows(node: ast.Try) -> bool:
    if not any(isinstance(inner, ast.Assert) for each in node.body for inner in ast.walk(each)):
        return False
    for handler in node.handlers:
        catches = handler.type is None or called(handler.type) in ("Exception", "BaseException", "AssertionError")
        ends = any(
            isinstance(inner, ast.Raise | ast.Assert)
            or (isinstance(inner, ast.Call) and called(inner.func).endswith("fail"))
            for each in handler.body
            for inner in ast.walk(each)
        )
        if catches and not ends:
            return True
    return False


def _runs_unchecked(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or called(node.func) not in ("subprocess.run", "subprocess.call", "os.system"):
        return False
    return not any(word.arg == "check" and _constant(word.value) is True for word in node.keywords)


def _constant(node: ast.expr, missing: object = None) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) else missing
    return node.value if isinstance(node, ast.Constant) else missing


def called(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = called(node.value)
        return f"{owner}.{node.attr}" if owner else node.attr
    return ""


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 120 else text[:117] + "..."
