"""A pytest plugin, copied into a box, that records which assertions each test reached, and how the test ended.

It works with the task's own Python (3.7 and later) and pytest (5 and later), changes no result, and imports only the
standard library. It reads from the text of the test files which lines can fail a test.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
import threading
import warnings
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Callable, Generator  # noqa: UP035 - collections.abc has no such types in old versions of Python

import pytest

OUT = os.environ.get("FOOLSGOLD_LOOK", "")
MOST_LINES = 200
CHECKS = frozenset(
    "raises warns fail deprecated_call raise_for_status check_call check_output check_returncode".split()
)
"""Functions of libraries that can fail a test, in addition to those whose name begins with `assert`."""
CHECKING = ("pytest_check", "assertpy", "hamcrest", "/sure/", "expects", "testinfra", "robber", "/grappa/", "snapshot")
"""Libraries of such functions under other names."""
FAILS = frozenset("fail exit _exit fail_test".split())
LIBRARY = str(Path(os.__file__).parent)
PYTEST = str(Path(inspect.getfile(pytest.Item)).parent)


class Source:
    """The lines of a test file that matter, read from its text."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.asserts: dict[int, int] = {}
        """Each line of an assertion -> its first one."""
        self.guards: set[int] = set()
        """Lines with a `raise` or a `fail()`, and the first line of the condition or block around one."""
        self.functions: dict[int, tuple[int, list[int]]] = {}
        """First line, with or without decorators -> the line of its `def`, and those of its assertions."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._read(ast.parse(Path(file).read_bytes()), [])
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            pass

    def _read(self, node: ast.AST, around: list[ast.stmt]) -> None:
        """`around`: the statements that enclose the node, within its function."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno] + [each.lineno for each in node.decorator_list])
            lines = sorted(each.lineno for each in ast.walk(node) if isinstance(each, ast.Assert))
            self.functions[first] = self.functions[node.lineno] = (node.lineno, lines)
            around = []
        elif isinstance(node, ast.Assert):
            for line in range(node.lineno, (getattr(node, "end_lineno", None) or node.lineno) + 1):
                self.asserts.setdefault(line, node.lineno)
        elif isinstance(node, (ast.Raise, ast.Call)) and (isinstance(node, ast.Raise) or _fails(node)):
            if around:
                inner = around[-1]
                self.guards.add(inner.lineno)
                if isinstance(inner, ast.Try):
                    self.guards.add(inner.body[0].lineno)
            self.guards.add(node.lineno)
        compound = (ast.If, ast.For, ast.While, ast.With, ast.Try)
        inside = [*around, node] if isinstance(node, compound) else around
        for child in ast.iter_child_nodes(node):
            self._read(child, inside)


def _fails(node: ast.Call) -> bool:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else str(getattr(called, "id", ""))
    return name in FAILS or name.startswith("fail")


class Test:
    """One test while it runs."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.name = item.nodeid
        self.fixtures = list(getattr(item, "fixturenames", ()))
        self.file = _file(item)
        self.code = _code(item)
        first = self.code.co_firstlineno if self.code is not None else 0
        self.line, self.own = source_of(self.file).functions.get(first, (first, []))
        self.passed: set[tuple[str, int]] = set()
        self.failed: set[tuple[str, int]] = set()
        self.checks = False
        self.ended = 0
        self.outcome, self.why, self.at = "", "", ""

    def seen(self) -> dict[str, Any]:
        def lines(found: set[tuple[str, int]]) -> list[list[Any]]:
            return sorted([file, line] for file, line in found)[:MOST_LINES]

        return {
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "own": self.own[:MOST_LINES],
            "outcome": self.outcome,
            "why": self.why[:500],
            "at": self.at,
            "passed": lines(self.passed),
            "failed": lines(self.failed - self.passed),
            "checks": self.checks or any(name in fixture_checks for name in self.fixtures),
            "ended": self.ended,
        }


def _file(item: pytest.Item) -> str:
    """Old versions have no `path`, and newer ones warn about the old attribute."""
    return str(item.path if hasattr(item, "path") else item.fspath)


def _code(item: pytest.Item) -> CodeType | None:
    function: Any = getattr(item, "obj", None) or getattr(item, "function", None)
    try:
        function = inspect.unwrap(getattr(function, "__func__", function))
    except ValueError:
        return None
    # A decorator without `__wrapped__`: hypothesis keeps the test itself here.
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", None)
    code = getattr(inner or function, "__code__", None)
    return code if isinstance(code, CodeType) else None


sources: dict[str, Source] = {}
kinds: dict[int, int] = {}
kept: list[CodeType] = []
fixture_checks: set[str] = set()
"""Fixtures in which a check was reached. Remembered, because a fixture of a module only runs before its first test."""
roots: set[str] = set()
current: Test | None = None
Tracer = Callable[[FrameType, str, Any], Any]


def source_of(file: str) -> Source:
    if file not in sources:
        sources[file] = Source(file)
    return sources[file]


IGNORED, CHECK, RUN, OWN = range(4)


def _kind(code: CodeType) -> int:
    file, name = code.co_filename, code.co_name
    # pytest's own code that explains a failed assertion is no check.
    if (file.startswith(("<", PYTEST)) and name not in CHECKS) or name.startswith("<"):
        return IGNORED
    if name.startswith("assert") or name in CHECKS or any(each in file for each in CHECKING):
        return OWN if _is_own(file) else CHECK
    if name == "run" and file.endswith("subprocess.py"):
        return RUN
    return OWN if _is_own(file) else IGNORED


def _is_own(file: str) -> bool:
    inside = any(file.startswith(root) for root in roots)
    return (
        inside
        and not file.startswith((LIBRARY, PYTEST))
        and "site-packages" not in file
        and "dist-packages" not in file
    )


def _trace(frame: FrameType, event: str, _argument: Any) -> Tracer | None:
    test = current
    if test is None or event != "call":
        return None
    code = frame.f_code
    kind = kinds.get(id(code))
    if kind is None:
        kept.append(code)  # kept, so that no other code object gets its id
        kind = kinds[id(code)] = _kind(code)
    if kind == IGNORED:
        return None
    if kind == OWN:
        return _lines(test, source_of(code.co_filename), frame)
    if kind == CHECK or frame.f_locals.get("check"):
        test.checks = True
    return None


def _lines(test: Test, source: Source, frame: FrameType) -> Tracer:
    """The tracer for one call of a function of the task."""
    code = frame.f_code
    of_test = code is test.code or (
        test.code is not None and code.co_name == test.code.co_name and code.co_filename == test.code.co_filename
    )
    fixture = code.co_name if code.co_name in test.fixtures else ""
    waiting = [0]

    def reached() -> None:
        test.passed.add((source.file, waiting[0]))
        waiting[0] = 0
        if fixture:
            fixture_checks.add(fixture)

    def local(frame: FrameType, event: str, argument: Any) -> Tracer:
        line = frame.f_lineno
        if event == "line":
            start = source.asserts.get(line, 0)
            if waiting[0] and start != waiting[0]:
                reached()
            waiting[0] = start
            if line in source.guards:
                test.checks = True
                if fixture:
                    fixture_checks.add(fixture)
        elif event == "exception":
            start = source.asserts.get(line, 0)
            if start and issubclass(argument[0], AssertionError):
                test.failed.add((source.file, start))
            waiting[0] = 0
        elif event == "return":
            if waiting[0]:
                reached()
            if of_test:
                test.ended = line
        return local

    return local


def record(**fields: Any) -> None:
    if not OUT:
        return
    try:
        file = os.open(OUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, (json.dumps(fields) + "\n").encode("utf-8", "replace"))
        finally:
            os.close(file)
    except OSError:
        pass


def pytest_configure() -> None:
    record(begun=True, pytest=pytest.__version__, python=".".join(map(str, sys.version_info[:3])))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = Path(_file(item)).parent
        roots.add(str(folder) + os.sep)
        # Helpers may be in folders above: in folders of tests, and next to a conftest.py.
        for above in folder.parents:
            if above.name in ("test", "tests") or (above.name and (above / "conftest.py").is_file()):
                roots.add(str(above) + os.sep)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, None, None]:
    global current
    before, in_threads = sys.gettrace(), getattr(threading, "_trace_hook", None)
    test = None
    try:
        test = current = Test(item)
        threading.settrace(_trace)
        sys.settrace(_trace)
    except Exception as error:
        record(trouble=repr(error))
    yield
    sys.settrace(before)
    threading.settrace(in_threads)
    current = None
    if test is not None:
        record(**test.seen())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    test = current
    if test is None or test.item is not item:
        return
    report = outcome.get_result()
    bad = test.outcome in ("failed", "error")
    if report.failed:
        test.outcome = "failed" if report.when == "call" else "error"
    elif bad:
        return
    elif report.skipped:
        test.outcome = "xfailed" if hasattr(report, "wasxfail") else "skipped"
        if isinstance(report.longrepr, tuple) and len(report.longrepr) == 3:
            file, line, test.why = str(report.longrepr[0]), report.longrepr[1], str(report.longrepr[2])
            test.at = f"{file}:{line}"
    elif report.when == "call":
        test.outcome = "xpassed" if hasattr(report, "wasxfail") else "passed"
