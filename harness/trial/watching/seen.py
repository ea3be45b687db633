"""Reads the plugin's records as plain values. The text comes from a box, so anything malformed is left out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

MOST = 2_000
"""The most tests of a step that are read."""
FOLDER = "/dev/shm/.foolsgold-look"  # noqa: S108 - in the box, where nobody else is
TOLD = f"{FOLDER}/told"
PLUGIN = "foolsgold_watch"


@dataclass(frozen=True, slots=True)
class Line:
    file: str
    line: int

    def __str__(self) -> str:
        return f"{PurePosixPath(self.file).name}:{self.line}"


@dataclass(frozen=True, slots=True)
class SeenTest:
    """One test of a watched run."""

    step: str
    name: str
    """Its id in pytest: `test_a.py::TestB::test_c[1]`."""
    file: str
    """Its path in the box."""
    line: int
    """The line of its `def`."""
    own: tuple[int, ...]
    """Lines of the assertions in its own text."""
    outcome: str
    """passed, failed, error, skipped, xfailed, xpassed; '' if the test never ended."""
    why: str
    """Why it was skipped."""
    at: str
    """Where it was skipped: `/tests/test_a.py:12`."""
    passed: tuple[Line, ...]
    """Assertions that held."""
    failed: tuple[Line, ...]
    """Assertions that failed and never held in this test."""
    checks: bool
    """Something else that fails a test was reached: an assertion of a library, a guarded `raise`, a checked command."""
    ended: int
    """The line on which the test function ended; 0 if unknown."""

    @property
    def function(self) -> str:
        """The name without parameters: one function of the file may be many tests."""
        return self.name.partition("[")[0]

    @property
    def reached_none(self) -> bool:
        return not (self.passed or self.failed or self.checks)


@dataclass(frozen=True, slots=True)
class WatchedTests:
    """Everything that was recorded in a watched run."""

    begun: bool
    """Whether a pytest loaded the plugin."""
    tests: tuple[SeenTest, ...] = ()
    pytest: str = ""
    python: str = ""
    trouble: str = ""

    def and_then(self, later: WatchedTests) -> WatchedTests:
        """Together with the records of the next step."""
        return WatchedTests(
            self.begun and later.begun,
            (*self.tests, *later.tests),
            later.pytest,
            later.python,
            self.trouble or later.trouble,
        )


def read_watched(data: bytes | None, step: str) -> WatchedTests:
    begun, trouble = False, ""
    tests: dict[str, SeenTest] = {}
    versions = {"pytest": "", "python": ""}
    for raw in (data or b"").splitlines():
        try:
            fields = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if not isinstance(fields, dict):
            continue
        if fields.get("begun") is True:
            begun = True
            versions = {key: str(fields.get(key, ""))[:40] for key in versions}
        elif "trouble" in fields:
            trouble = str(fields["trouble"])[:500]
        else:
            test = _test(fields, step)
            # If a test ran again, its last run counts.
            if test is not None and (test.name in tests or len(tests) < MOST):
                tests[test.name] = test
    return WatchedTests(begun, tuple(tests.values()), versions["pytest"], versions["python"], trouble)


def _test(fields: dict[str, Any], step: str) -> SeenTest | None:
    try:
        return SeenTest(
            step,
            _text(fields["name"], 1000),
            _text(fields["file"], 1000),
            _number(fields["line"]),
            tuple(_number(line) for line in fields["own"]),
            _text(fields["outcome"], 20),
            _text(fields["why"], 500),
            _text(fields["at"], 1000),
            _lines(fields["passed"]),
            _lines(fields["failed"]),
            fields["checks"] is True,
            _number(fields["ended"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _lines(fields: Any) -> tuple[Line, ...]:
    return tuple(Line(_text(file, 1000), _number(line)) for file, line in fields)


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value[:longest].encode("utf-8", "backslashreplace").decode()


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ValueError
    return value
